"""Ama, who has an account; what she sends; and what somebody else would like to pass off as hers."""

import base64
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from chiron.identity.keys import signing_key
from chiron.identity.models import Account, Membership
from chiron.identity.public import Role, SignedIn, add_membership, begin, make_account
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.ids import new_id

PASSWORD = "seven tired donkeys"
NINE = datetime(2031, 5, 5, 9, tzinfo=UTC)


def new_account(**of: Any) -> Account:
    """Somebody whom nobody has used yet."""
    name = f"ama-{new_id().hex}"
    usual: dict[str, Any] = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "now": now()}
    return make_account(**usual | of)


def new_member(organization_id: UUID, *roles: Role, **of: Any) -> Membership:
    admin = Caller(account_id=new_id(), organization_id=organization_id, roles=frozenset({Role.ADMIN}))
    return add_membership(by=admin, account=new_account(**of), roles=roles or [Role.RECEPTIONIST], now=now())


def signed_in(membership: Membership, at: datetime | None = None) -> SignedIn:
    return begin(by=Caller(), account=membership.account, membership=membership, now=at or now())


def with_token(token: str, **headers: str) -> Client:
    return Client(headers={"authorization": f"Bearer {token}"} | headers)


def me(token: str, **headers: str) -> Any:
    return with_token(token, **headers).get("/api/users/me")


def post(path: str, body: Mapping[str, Any], **headers: str) -> Any:
    return Client(headers=headers).post(f"/api{path}", body, content_type="application/json")


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def claims(**of: Any) -> dict[str, Any]:
    """What one of our tokens says, changed."""
    second = int(time.time())
    usual = {
        "iss": "chiron",
        "aud": "chiron",
        "sub": str(new_id()),
        "org": str(new_id()),
        "roles": ["ADMIN"],
        "authz_version": 1,
        "sid": str(new_id()),
        "iat": second,
        "exp": second + 300,
        "jti": str(new_id()),
        "mem": str(new_id()),
        "provider": None,
        "patient": None,
        "op": False,
    }
    return {name: value for name, value in (usual | of).items() if value is not ...}


def header(**of: Any) -> dict[str, Any]:
    usual = {"alg": "EdDSA", "typ": "at+jwt", "kid": signing_key().id}
    return {name: value for name, value in (usual | of).items() if value is not ...}


def jws(head: Mapping[str, Any], payload: Mapping[str, Any], key: Ed25519PrivateKey | None = None) -> str:
    """A compact JWS made by hand: libraries refuse to make most of what is to be refused."""
    signed = f"{encoded(head)}.{encoded(payload)}"
    return f"{signed}.{base64url((key or signing_key().private).sign(signed.encode()))}"


def encoded(part: Mapping[str, Any]) -> str:
    return base64url(orjson.dumps(part))


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
