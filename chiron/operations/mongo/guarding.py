"""What must be so before a migration may write: the key of version 1 is here, and no other run is under way."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from chiron.kernel.db import ACCOUNTS, only_one
from chiron.operations.mongo.ids import key_in
from chiron.operations.mongo.leaves import decoded, leaves_of
from chiron.operations.mongo.reading import TOKEN
from chiron.operations.mongo.reasons import Unfit
from chiron.operations.mongo.sources import Source
from chiron.vault.public import OpeningFailed, open_legacy

DOCUMENTS, SAMPLE = 1000, 100


class RunRefused(Exception):
    """A run that must not begin; its words say what to do, never a value."""


def must_open(source: Source, collections: list[str]) -> None:
    """Raise RunRefused where none of the first sealed values of these collections opens: the key is another.

    A single one tells nothing about the key; it is for the quarantine.
    """
    tried = 0
    for collection in collections:
        for token in islice(_sealed_in(source, collection), SAMPLE):
            tried += 1
            if _opens(token):
                return
    if tried > 1:
        raise RunRefused(
            f"None of {tried} sealed values opens with MASTER_ENCRYPTION_KEY, so it is not that of version 1. "
            "Nothing was written. Set it, or add that key to MASTER_ENCRYPTION_PREVIOUS_KEYS, and start again."
        )


def must_hold(source: Source, collection: str, organization: str) -> None:
    """Raise RunRefused where no organization in this collection has that `_id`."""
    for raw in source.read(collection):
        try:
            if str(key_in(decoded(raw).get("_id"))) == str(key_in(organization)):
                return
        except Unfit:
            continue
    raise RunRefused("No organization of the source has that _id. Nothing was written.")


@contextmanager
def alone(database: str) -> Iterator[None]:
    """No other run takes this source over while the block runs. Raises RunRefused where one does."""
    with only_one(ACCOUNTS, f"migration from version 1: {database}") as taken:
        if not taken:
            raise RunRefused(f"Another run is taking {database} over: wait until it has ended. Nothing was written.")
        yield


def _sealed_in(source: Source, collection: str) -> Iterator[str]:
    for raw in islice(source.read(collection), DOCUMENTS):
        try:
            values = [value for _, value in leaves_of(decoded(raw))]
        except Unfit:
            continue
        texts = (value.decode("ascii", "replace") if isinstance(value, bytes) else value for value in values)
        yield from (text for text in texts if isinstance(text, str) and text.startswith(TOKEN))


def _opens(token: str) -> bool:
    try:
        open_legacy(token)
    except OpeningFailed:
        return False
    return True
