"""Access tokens: short-lived JWTs, signed with Ed25519, pinned to one algorithm and one kind."""

import base64
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from django.conf import settings

from chiron.identity.models import Account, Membership, Session
from chiron.kernel.errors import NotSignedIn
from chiron.kernel.ids import new_id

LIFETIME = timedelta(minutes=5)
TYPE = "at+jwt"
REQUIRED = ["iss", "aud", "sub", "roles", "authz_version", "sid", "iat", "exp", "jti"]


@lru_cache(maxsize=1)
def _signer() -> Ed25519PrivateKey:
    key: str = settings.JWT_SIGNING_KEY
    if key.startswith("-----BEGIN"):
        loaded = serialization.load_pem_private_key(key.encode(), None)
        if not isinstance(loaded, Ed25519PrivateKey):
            raise ValueError("JWT_SIGNING_KEY must be an Ed25519 key")
        return loaded
    return Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)))


def _raw_public() -> bytes:
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    return _signer().public_key().public_bytes(*raw)


@lru_cache(maxsize=1)
def key_id() -> str:
    """The name of the signing key: the start of its SHA-256."""
    digest = Hash(SHA256())
    digest.update(_raw_public())
    return base64.urlsafe_b64encode(digest.finalize()[:12]).decode()


def jwks() -> dict[str, Any]:
    """The public keys with which others verify our tokens (RFC 7517, RFC 8037)."""
    x = base64.urlsafe_b64encode(_raw_public()).rstrip(b"=").decode()
    return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x, "kid": key_id(), "use": "sig", "alg": "EdDSA"}]}


def issue(account: Account, membership: Membership | None, session: Session, now: datetime) -> str:
    """An access token for this account in that membership's organization (or for the platform operator)."""
    claims: dict[str, Any] = {
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "sub": str(account.id),
        "org": str(membership.organization_id) if membership else None,
        "roles": membership.effective_roles if membership else [],
        "authz_version": membership.authz_version if membership else 0,
        "sid": str(session.id),
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
        "jti": str(new_id()),
    }
    if membership:
        claims["membership"] = str(membership.id)
        claims |= {"provider": str(membership.provider_id)} if membership.provider_id else {}
        claims |= {"patient": str(membership.patient_id)} if membership.patient_id else {}
    if account.is_operator:
        claims["operator"] = True
    return jwt.encode(claims, _signer(), algorithm="EdDSA", headers={"typ": TYPE, "kid": key_id()})


@lru_cache(maxsize=8192)
def verified(token: str) -> dict[str, Any]:
    """The claims of one of our tokens, verified once; its expiry is to be asked each time. Raises NotSignedIn."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("typ") != TYPE or header.get("kid") != key_id() or {"jku", "jwk", "x5u", "x5c"} & header.keys():
            raise NotSignedIn
        claims: dict[str, Any] = jwt.decode(
            token,
            _signer().public_key(),
            algorithms=["EdDSA"],
            audience=settings.JWT_AUDIENCE,
            issuer=settings.JWT_ISSUER,
            options={"require": REQUIRED, "strict_aud": True},
        )
        for name in ("sub", "sid", "jti"):
            UUID(claims[name])
    except (jwt.PyJWTError, ValueError, TypeError):
        raise NotSignedIn from None
    return claims
