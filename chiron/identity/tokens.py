"""Access tokens: five-minute JWTs, pinned to one algorithm, one kind, one issuer and one audience (RFC 9068)."""

import re
import time
from collections import OrderedDict
from datetime import UTC, datetime
from threading import Lock
from typing import Any, NamedTuple
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from chiron.identity import elsewhere
from chiron.identity.keys import public_key, signing_key
from chiron.identity.models import Account, Membership, Session
from chiron.identity.roles import ROLES, in_order
from chiron.identity.rules import ACCESS_LIFETIME
from chiron.identity.second_factors import enrolment_due
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotSignedIn
from chiron.kernel.ids import new_id

REQUIRED = ["iss", "aud", "sub", "roles", "authz_version", "sid", "iat", "exp", "jti"]
KIND = "at+jwt"
LONGEST = 4096
WRITTEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]{85}[AQgw]", re.ASCII)
"""A token has one spelling: decoders forgive letters that are none, padding, and bits beyond the signature's last."""
LEEWAY = 5
REMEMBERED = 10_000


class Verified(NamedTuple):
    """What a token proves: who calls, under which version of their rights, until when (seconds since 1970)."""

    caller: Caller
    authz_version: int
    expires_at: float
    mfa_at: datetime | None = None
    mfa_due: datetime | None = None


def issue(session: Session, account: Account, membership: Membership | None, now: datetime) -> str:
    """An access token of this session.

    `mem`, `provider`, `patient` and `op` are our own claims: they spare each request the look at the membership. `org`
    is null for the platform operator, who has none. `amr` (RFC 8176) says how the session's owner proved who they are,
    `mfa_at` when they last showed a second factor, `mfa_due` from when on they can do nothing but set one up.
    """
    issued = int(now.timestamp())
    claims = {
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "sub": str(account.id),
        "org": _text(session.organization_id),
        "roles": in_order(membership.effective_roles) if membership else [],
        "authz_version": membership.authz_version if membership else 0,
        "sid": str(session.id),
        "iat": issued,
        "exp": issued + int(ACCESS_LIFETIME.total_seconds()),
        "jti": str(new_id()),
        "mem": _text(membership.id if membership else None),
        "provider": _text(membership.provider_id if membership else None),
        "patient": _text(membership.patient_id if membership else None),
        "op": account.is_operator and membership is None,
        "amr": ["pwd", "otp", "mfa"] if session.mfa_at else ["pwd"],
        "mfa_at": _seconds(session.mfa_at),
        "mfa_due": _seconds(enrolment_due(account.id, membership)),
    }
    return signed(claims, KIND)


def verified(token: str) -> Verified:
    """Who this access token says calls. Raises NotSignedIn for whatever is not a valid token of ours.

    What was verified once is remembered until it expires; whether it was taken back since, `revocations` knows.
    """
    known = _remembered.get(token)
    if known is None:
        known = _verify(token)
        _remember(token, known)
    if known.expires_at <= time.time():
        raise NotSignedIn
    return known


def forget_tokens() -> None:
    """Verify every token anew."""
    with _remembering:
        _remembered.clear()


_remembered: OrderedDict[str, Verified] = OrderedDict()
_remembering = Lock()


def _remember(token: str, known: Verified) -> None:
    with _remembering:
        while len(_remembered) >= REMEMBERED:
            _remembered.popitem(last=False)
        _remembered[token] = known


def _verify(token: str) -> Verified:
    return proved(token, KIND, settings.JWT_AUDIENCE, leeway=LEEWAY)[0]


def signed(claims: dict[str, Any], kind: str) -> str:
    """These claims as a token of that kind (`typ`)."""
    key = signing_key()
    return jwt.encode(claims, key.private, algorithm="EdDSA", headers=_header(kind, key.id))


def proved(
    token: str, kind: str, audience: str, *, besides: tuple[str, ...] = (), leeway: int = 0, **options: bool
) -> tuple[Verified, dict[str, Any]]:
    """What a token of ours, of that kind and for that audience, proves, and its claims; it has those `besides`, too.

    Raises NotSignedIn for everything else.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            _key_of(token, kind),
            algorithms=["EdDSA"],
            issuer=settings.JWT_ISSUER,
            audience=audience,
            leeway=leeway,
            options={"require": [*REQUIRED, *besides], "strict_aud": True} | options,  # type: ignore[arg-type]
        )
        version, mfa_at, due = int(claims["authz_version"]), claims.get("mfa_at"), claims.get("mfa_due")
        return Verified(_caller(claims), version, float(claims["exp"]), _instant(mfa_at), _instant(due)), claims
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        raise NotSignedIn from None


def _key_of(token: str, kind: str) -> Ed25519PublicKey:
    """The key that a token of that kind names; its header may say nothing else.

    Access tokens are signed by who signs people in; other kinds are read by nobody but the process that signs them.
    """
    if len(token) > LONGEST or not WRITTEN.fullmatch(token):
        raise NotSignedIn
    header = jwt.get_unverified_header(token)
    id = str(header.get("kid"))
    if header != _header(kind, id):
        raise NotSignedIn
    if kind == KIND and elsewhere.is_elsewhere():
        key = elsewhere.auth_service(settings.AUTH_SERVICE_URL, forget_tokens).key(id)
    else:
        key = public_key(id)
    if key is None:
        raise NotSignedIn
    return key


def _header(kind: str, key_id: str) -> dict[str, str]:
    return {"alg": "EdDSA", "typ": kind, "kid": key_id}


def _caller(claims: dict[str, Any]) -> Caller:
    return Caller(
        account_id=UUID(claims["sub"]),
        organization_id=_id(claims["org"]),
        roles=frozenset(claims["roles"]).intersection(ROLES),
        session_id=UUID(claims["sid"]),
        membership_id=_id(claims["mem"]),
        provider_id=_id(claims["provider"]),
        patient_id=_id(claims["patient"]),
        operator=claims["op"] is True,
    )


def _seconds(instant: datetime | None) -> int | None:
    return None if instant is None else int(instant.timestamp())


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _text(id: UUID | None) -> str | None:
    return None if id is None else str(id)


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
