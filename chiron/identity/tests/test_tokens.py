"""What our tokens say, and where they are good."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from chiron.identity.keys import published_keys, signing_key
from chiron.identity.roles import Role
from chiron.identity.tests.factories import (
    base64url,
    claims,
    header,
    jws,
    me,
    new_member,
    problem,
    signed_in,
)
from chiron.identity.tokens import forget_tokens, verified
from chiron.kernel.errors import NotSignedIn


def test_what_the_forgeries_are_changed_from_is_believed() -> None:
    said = claims(roles=["DOCTOR", "UNHEARD_OF"])

    token = verified(jws(header(), said))

    assert str(token.caller.account_id) == said["sub"]
    assert (token.caller.roles, token.caller.operator, token.authz_version) == (frozenset({"DOCTOR"}), False, 1)
    assert token.expires_at == said["exp"]


def test_a_refresh_token_is_no_access_token(hilltop: Any) -> None:
    opened = signed_in(new_member(hilltop.id))

    assert problem(me(opened.refresh)) == (401, "not-signed-in")
    assert me(opened.access).status_code == 200


@pytest.mark.parametrize("scheme", ["Basic", "Token", "Bearerx", ""])
def test_only_the_bearer_scheme_is_read(scheme: str, hilltop: Any) -> None:
    token = hilltop.tokens[Role.ADMIN]

    answer = Client(headers={"authorization": f"{scheme} {token}".strip()}).get("/api/users/me")

    assert problem(answer) == (401, "not-signed-in")


def test_a_token_works_in_its_own_organization_only(hilltop: Any, riverside: Any) -> None:
    token = hilltop.tokens[Role.ADMIN]

    assert me(token, x_organization="hilltop").status_code == 200
    assert problem(me(token, x_organization="riverside")) == (404, "not-found")
    assert problem(me(token, x_organization="unheard-of")) == (404, "not-found")


def test_a_remembered_token_expires_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    token = jws(header(), claims())
    expires_at = verified(token).expires_at

    monkeypatch.setattr("chiron.identity.tokens.time.time", lambda: expires_at)

    with pytest.raises(NotSignedIn):
        verified(token)


def test_a_refused_token_is_not_remembered() -> None:
    forged = jws(header(typ="JWT"), claims())

    for _ in range(2):
        with pytest.raises(NotSignedIn):
            verified(forged)


def test_another_key_believes_none_of_the_tokens_of_this_one(settings: Any) -> None:
    token = jws(header(), claims())
    assert verified(token)

    settings.JWT_SIGNING_KEY = base64url(bytes(range(32)))
    forget_tokens()

    with pytest.raises(NotSignedIn):
        verified(token)


def test_anybody_can_check_a_token_with_the_published_keys(client: Client, hilltop: Any) -> None:
    answer = client.get("/.well-known/jwks.json")

    [jwk] = answer.json()["keys"]
    assert (jwk["kty"], jwk["crv"], jwk["alg"], jwk["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")
    assert "d" not in jwk
    key: Any = jwt.PyJWK(jwk).key
    said = jwt.decode(hilltop.tokens[Role.DOCTOR], key, ["EdDSA"], audience="chiron", issuer="chiron")
    assert jwt.get_unverified_header(hilltop.tokens[Role.DOCTOR]) == header(kid=jwk["kid"])
    assert {"iss", "aud", "sub", "org", "roles", "authz_version", "sid", "iat", "exp", "jti"} <= said.keys()
    assert said["exp"] - said["iat"] == timedelta(minutes=5).total_seconds()
    assert (said["org"], said["roles"]) == (str(hilltop.id), ["DOCTOR"])


def test_the_signing_key_may_be_a_seed_or_pem(settings: Any) -> None:
    private = Ed25519PrivateKey.generate()
    forms = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()

    settings.JWT_SIGNING_KEY = private.private_bytes(*forms).decode()
    from_pem = published_keys()
    settings.JWT_SIGNING_KEY = base64url(private.private_bytes_raw())

    assert published_keys() == from_pem


@pytest.mark.parametrize("text", ["", "short", "!!!", "-----BEGIN PRIVATE KEY-----\nnonsense"])
def test_what_is_no_key_is_refused_by_name(text: str, settings: Any) -> None:
    settings.JWT_SIGNING_KEY = text

    with pytest.raises(ImproperlyConfigured, match="JWT_SIGNING_KEY"):
        signing_key()
