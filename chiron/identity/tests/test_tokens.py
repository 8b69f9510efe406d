"""Only our tokens are believed (promise A4): fifty forgeries of each kind, none of them accepted."""

import hmac
import random
from collections.abc import Callable
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
    encoded,
    header,
    jws,
    me,
    new_member,
    problem,
    signed_in,
)
from chiron.identity.tokens import forget_tokens, verified
from chiron.kernel.clock import now
from chiron.kernel.errors import NotSignedIn

FORGERIES: dict[str, Callable[[random.Random], str]] = {}


def forgery(make: Callable[[random.Random], str]) -> Callable[[random.Random], str]:
    FORGERIES[make.__name__] = make
    return make


@forgery
def no_algorithm(dice: random.Random) -> str:
    alg = dice.choice(["none", "None", "NONE", "nOnE"])
    return f"{encoded(header(alg=alg))}.{encoded(claims())}.{dice.choice(['', 'AA', base64url(bytes(64))])}"


@forgery
def authenticated_with_the_public_key(dice: random.Random) -> str:
    public = signing_key().public
    forms = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    key = dice.choice([public.public_bytes_raw(), public.public_bytes(*forms), public.public_bytes(*forms).strip()])
    bits = dice.choice(["256", "384", "512"])
    signed = f"{encoded(header(alg=f'HS{bits}'))}.{encoded(claims())}"
    return f"{signed}.{base64url(hmac.digest(key, signed.encode(), f'sha{bits}'))}"


@forgery
def signed_by_somebody_else(dice: random.Random) -> str:
    return jws(header(), claims(), Ed25519PrivateKey.generate())


@forgery
def of_another_issuer(dice: random.Random) -> str:
    return jws(header(), claims(iss=dice.choice(["Chiron", "chiron.example.org", "", None, ["chiron"], ...])))


@forgery
def for_another_audience(dice: random.Random) -> str:
    return jws(header(), claims(aud=dice.choice(["other", "", None, ["other", "chiron"], ["chiron"], ...])))


@forgery
def of_another_kind(dice: random.Random) -> str:
    return jws(header(typ=dice.choice(["JWT", "AT+JWT", "at+jwt ", "refresh", "", None, ...])), claims())


@forgery
def expired(dice: random.Random) -> str:
    ago = dice.randint(0, 10**9)
    return jws(header(), claims(iat=1, exp=int(now().timestamp()) - ago))


@forgery
def not_valid_yet(dice: random.Random) -> str:
    later = int(now().timestamp()) + dice.randint(10, 10**6)
    return jws(header(), claims(**{dice.choice(["nbf", "iat"]): later, "exp": later + 300}))


@forgery
def with_a_key_id_that_leads_elsewhere(dice: random.Random) -> str:
    elsewhere = ["../../etc/passwd", "/dev/null", "' OR 1=1 --", "\x00", "", None, 1, signing_key().id + "\n", ...]
    return jws(header(kid=dice.choice(elsewhere)), claims())


@forgery
def that_brings_its_own_key(dice: random.Random) -> str:
    thief = Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url(thief.public_key().public_bytes_raw())}
    url = "https://example.org/jwks.json"
    brought: Any = dice.choice([{"jwk": jwk}, {"jku": url}, {"x5u": url}, {"x5c": ["MII="]}, {"crit": ["exp"]}])
    return jws(header(**brought), claims(), dice.choice([thief, None]))


@forgery
def cut_short(dice: random.Random) -> str:
    token = jws(header(), claims())
    return token[: dice.randrange(len(token) - 1)]


@forgery
def with_another_payload(dice: random.Random) -> str:
    head, _, signature = jws(header(), claims(roles=["PATIENT"])).split(".")
    return f"{head}.{encoded(claims(roles=['ADMIN'], org=None, op=True))}.{signature}"


@forgery
def without_a_claim(dice: random.Random) -> str:
    return jws(
        header(), claims(**{dice.choice(["sub", "org", "roles", "authz_version", "sid", "exp", "jti", "mem"]): ...})
    )


@forgery
def with_a_claim_of_another_type(dice: random.Random) -> str:
    wrong: Any = dice.choice(
        [{"sub": "root"}, {"sid": 1}, {"org": "../"}, {"roles": None}, {"authz_version": "x"}, {"exp": "later"}]
    )
    return jws(header(), claims(**wrong))


@forgery
def that_is_none(dice: random.Random) -> str:
    nothing = [
        "a.b.c",
        "...",
        "null",
        "{}",
        "e30.e30.",
        "é",
        "Bearer",
        "a" * 5000,
        jws(header(), claims(jti="j" * 5000)),
    ]
    return dice.choice(nothing)


@pytest.mark.parametrize("kind", FORGERIES)
def test_fifty_forgeries_of_each_kind_are_refused(kind: str) -> None:
    dice = random.Random(kind)

    for _ in range(50):
        with pytest.raises(NotSignedIn):
            verified(FORGERIES[kind](dice))


def test_what_the_forgeries_are_changed_from_is_believed() -> None:
    said = claims(roles=["DOCTOR", "UNHEARD_OF"])

    token = verified(jws(header(), said))

    assert str(token.caller.account_id) == said["sub"]
    assert (token.caller.roles, token.caller.operator, token.authz_version) == (frozenset({"DOCTOR"}), False, 1)
    assert token.expires_at == said["exp"]


@pytest.mark.parametrize("kind", sorted(set(FORGERIES) - {"that_is_none"}))
def test_a_forgery_is_told_nothing_about_itself(kind: str, hilltop: Any) -> None:
    answers = [me(FORGERIES[kind](random.Random(seed)).replace("\n", "")) for seed in range(3)]

    assert {answer.content for answer in answers} == {Client().get("/api/users/me").content}
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}
    assert {problem(answer) for answer in answers} == {(401, "not-signed-in")}


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
