"""Blind indexes: finding a sealed name or number by keyed numbers that tell nothing without the organization's key."""

from hmac import digest
from unicodedata import normalize
from uuid import UUID

from chiron.vault import rules
from chiron.vault.envelope import place
from chiron.vault.keyring import keyring_of

TOKENS = 1024
"""How many numbers there are, so few that each stands for many beginnings: docs/explanation/vault.md says why."""
EXACT_BYTES = 16


def name_tokens(organization_id: UUID, *texts: str) -> list[int]:
    """The tokens to store beside sealed names: one for each beginning of each word, sorted, each below 1,024.

    So few numbers for so many words that different words share one on purpose: what a search finds by tokens must
    still be opened and held against `matches`.
    """
    return _tokens(organization_id, rules.stored_labels(*texts))


def search_tokens(organization_id: UUID, query: str) -> list[int]:
    """The tokens that a row must all have to answer this query; none where the query has no word, so find nothing."""
    return _tokens(organization_id, rules.query_labels(query))


def matches(query: str, *texts: str) -> bool:
    """Whether opened names answer the query: each of its words begins one of theirs, in any case and with any accent.

    Words of one or two letters must be whole words. A query without a letter or digit is answered by nobody.
    """
    return rules.answers(query, *texts)


def exact_index(organization_id: UUID, label: str, *values: str) -> bytes:
    """16 bytes that are equal only for equal values under one label, for unique columns and lookups by equality.

    Only the Unicode form is made alike (NFKC); fold case first where case carries no meaning, as in e-mail addresses.
    """
    message = place(label, *(normalize("NFKC", value) for value in values))
    return digest(keyring_of(organization_id).exact_key, message, "sha256")[:EXACT_BYTES]


def _tokens(organization_id: UUID, labels: set[str]) -> list[int]:
    if not labels:
        return []
    key = keyring_of(organization_id).name_key
    return sorted({int.from_bytes(digest(key, label.encode(), "sha256")) % TOKENS for label in labels})
