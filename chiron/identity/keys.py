"""The keys of access tokens (Ed25519, RFC 8032): the one that signs, those that are believed, their public halves.

A key turns in three steps, between which every process is restarted: the next key is believed beside the present one
(`JWT_ACCEPTED_KEYS`), then it signs and the one before is believed, then that one is dropped once its last token has
expired. So no process ever meets a token of a key that it does not know.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from functools import lru_cache

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and the name under which its public half is published: its thumbprint (RFC 7638)."""

    private: Ed25519PrivateKey
    public: Ed25519PublicKey
    id: str
    jwk: dict[str, str]


def signing_key() -> SigningKey:
    """The key that `JWT_SIGNING_KEY` names. Raises ImproperlyConfigured when it is none."""
    return key_of(settings.JWT_SIGNING_KEY)


def believed_keys() -> dict[str, SigningKey]:
    """The keys whose tokens are accepted, by id: the one that signs, then those of `JWT_ACCEPTED_KEYS`.

    Raises ImproperlyConfigured.
    """
    others = [key_of(text, "JWT_ACCEPTED_KEYS") for text in settings.JWT_ACCEPTED_KEYS]
    return {key.id: key for key in (signing_key(), *others)}


def public_key(id: str) -> Ed25519PublicKey | None:
    """The public half of the accepted key with that id; None where there is none."""
    key = believed_keys().get(id)
    return key.public if key else None


def published_keys() -> dict[str, list[dict[str, str]]]:
    """The public keys of all that are accepted, as a JSON Web Key Set (RFC 7517, RFC 8037)."""
    return {"keys": [key.jwk | {"kid": key.id, "use": "sig", "alg": "EdDSA"} for key in believed_keys().values()]}


def new_key() -> str:
    """A key that nobody has yet, as `JWT_SIGNING_KEY` takes it."""
    return base64.urlsafe_b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


@lru_cache(maxsize=16)
def key_of(text: str, setting: str = "JWT_SIGNING_KEY") -> SigningKey:
    """The key that a setting's text is. Raises ImproperlyConfigured, and names the setting."""
    private = _private(text, setting)
    public = private.public_key()
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(public.public_bytes_raw())}
    thumbprint = hashlib.sha256(orjson.dumps(jwk, option=orjson.OPT_SORT_KEYS)).digest()
    return SigningKey(private, public, _base64url(thumbprint), jwk)


def _private(text: str, setting: str) -> Ed25519PrivateKey:
    try:
        if text.lstrip().startswith("-----BEGIN"):
            key = load_pem_private_key(text.encode(), password=None)
            if not isinstance(key, Ed25519PrivateKey):
                raise ValueError
            return key
        return Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError, binascii.Error):
        raise ImproperlyConfigured(f"{setting} holds no Ed25519 key: 32 bytes in URL-safe base64, or PEM.") from None


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
