"""The key that signs access tokens (Ed25519, RFC 8032), and its public half for those who verify them."""

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
    return _read(settings.JWT_SIGNING_KEY)


def published_keys() -> dict[str, list[dict[str, str]]]:
    """Our public keys as a JSON Web Key Set (RFC 7517, RFC 8037)."""
    key = signing_key()
    return {"keys": [key.jwk | {"kid": key.id, "use": "sig", "alg": "EdDSA"}]}


@lru_cache(maxsize=4)
def _read(text: str) -> SigningKey:
    private = _private(text)
    public = private.public_key()
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(public.public_bytes_raw())}
    thumbprint = hashlib.sha256(orjson.dumps(jwk, option=orjson.OPT_SORT_KEYS)).digest()
    return SigningKey(private, public, _base64url(thumbprint), jwk)


def _private(text: str) -> Ed25519PrivateKey:
    try:
        if text.lstrip().startswith("-----BEGIN"):
            key = load_pem_private_key(text.encode(), password=None)
            if not isinstance(key, Ed25519PrivateKey):
                raise ValueError
            return key
        return Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError, binascii.Error):
        raise ImproperlyConfigured("JWT_SIGNING_KEY is no Ed25519 key: 32 bytes in URL-safe base64, or PEM.") from None


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
