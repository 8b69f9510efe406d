"""The proof that an organization was removed: a document that anybody can check with the platform's public key.

Ed25519 over the document without its signature, as JSON with sorted keys and without spaces, in ASCII. What it proves
is that this platform says so; that nothing is left, only who looks can tell.
"""

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chiron.audit.public import signer
from chiron.identity.models import Removal

PURPOSE = b"chiron: proofs of removal"


def proof_of(removal: Removal) -> dict[str, Any]:
    """The signed document about a removal that is finished. Raises ValueError for one that is not."""
    if removal.finished_at is None:
        raise ValueError("a removal is proven when it is finished")
    said = {
        "document": "chiron proof of removal 1",
        "organization": {"id": str(removal.organization_id), "slug": removal.slug},
        "begun_at": _text(removal.begun_at),
        "finished_at": _text(removal.finished_at),
        "by": str(removal.begun_by) if removal.begun_by else "the operator's command line",
        "destroyed": removal.held,
        "public_key": public_key(),
    }
    return said | {"signature": b64encode(_signer().sign(canonical(said))).decode()}


def canonical(document: dict[str, Any]) -> bytes:
    """What is signed of a document."""
    said = {name: value for name, value in document.items() if name != "signature"}
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def public_key() -> str:
    """The key that proofs are checked with, in base64: publish it before anybody needs it."""
    return b64encode(_signer().public_key().public_bytes_raw()).decode()


def _signer() -> Ed25519PrivateKey:
    return signer(PURPOSE)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
