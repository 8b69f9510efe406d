"""The keys that are derived from `AUDIT_SIGNING_KEY` by HKDF-SHA256 (RFC 5869), each for one purpose.

Each trail authenticates its events with a key of its own, so an event of one trail is no event in another. One Ed25519
key signs the heads of all trails; a head names its trail. Other apps that attest something get keys of their own.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

HEADS = b"chiron audit: heads"


def mac_of(trail: UUID, event: bytes) -> bytes:
    """HMAC-SHA256 over an event's canonical bytes."""
    return hmac.digest(_derived(settings.AUDIT_SIGNING_KEY, b"chiron audit: events of " + trail.bytes), event, "sha256")


def sign(head: bytes) -> bytes:
    """Ed25519 over a head's canonical bytes."""
    return signer(HEADS).sign(head)


def is_signed(head: bytes, signature: bytes) -> bool:
    try:
        head_key().verify(signature, head)
    except InvalidSignature:
        return False
    return True


def head_key() -> Ed25519PublicKey:
    """The public key with which anybody can check a head."""
    return signer(HEADS).public_key()


def published_key() -> str:
    """The same key as it is published: its 32 bytes in base64."""
    return b64encode(head_key().public_bytes_raw()).decode()


def signer(purpose: bytes) -> Ed25519PrivateKey:
    """The signing key for one purpose; what it signs says nothing under the key of another."""
    return _signer(settings.AUDIT_SIGNING_KEY, purpose)


@lru_cache(maxsize=4096)
def _signer(secret: str, purpose: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_derived(secret, purpose))


@lru_cache(maxsize=4096)
def _derived(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())
