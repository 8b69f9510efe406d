"""The two keys of a trail, both derived from `AUDIT_SIGNING_KEY` by HKDF-SHA256 (RFC 5869).

Each trail authenticates its events with a key of its own, so an event of one trail is no event in another. One Ed25519
key signs the heads of all trails; a head names its trail.
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def mac_of(trail: UUID, event: bytes) -> bytes:
    """HMAC-SHA256 over an event's canonical bytes."""
    return hmac.digest(_derived(settings.AUDIT_SIGNING_KEY, b"chiron audit: events of " + trail.bytes), event, "sha256")


def sign(head: bytes) -> bytes:
    """Ed25519 over a head's canonical bytes."""
    return _signer(settings.AUDIT_SIGNING_KEY).sign(head)


def is_signed(head: bytes, signature: bytes) -> bool:
    try:
        head_key().verify(signature, head)
    except InvalidSignature:
        return False
    return True


def head_key() -> Ed25519PublicKey:
    """The public key with which anybody can check a head."""
    return _signer(settings.AUDIT_SIGNING_KEY).public_key()


@lru_cache(maxsize=4)
def _signer(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_derived(secret, b"chiron audit: heads"))


@lru_cache(maxsize=4096)
def _derived(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())
