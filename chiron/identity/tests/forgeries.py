"""Tokens that are not ours, by kind: what an attacker can make, or make of a token that is."""

import hmac
import random
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.test import override_settings

from chiron.identity import links
from chiron.identity.challenges import challenge
from chiron.identity.families import BODY
from chiron.identity.keys import key_of, new_key, signing_key
from chiron.identity.models import Account, Membership
from chiron.identity.tests.factories import base64url, claims, encoded, header, jws
from chiron.identity.tokens import forget_tokens, verified
from chiron.kernel.clock import now
from chiron.kernel.ids import new_id

FORGERIES: dict[str, Callable[[random.Random], str]] = {}


ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of Ed25519's group: a signature's second half is smaller, which not every library makes sure of."""


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
def of_another_installation(dice: random.Random) -> str:
    theirs = key_of(new_key())
    return jws(header(kid=theirs.id), claims(), theirs.private)


@forgery
def of_a_key_that_was_retired(dice: random.Random) -> str:
    retired = key_of(base64url(bytes([dice.randrange(256)] * 32)))
    with_it = {"JWT_SIGNING_KEY": base64url(retired.private.private_bytes_raw())}
    with override_settings(**with_it):
        token = jws(header(), claims())
        assert verified(token)
    forget_tokens()
    return token


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
    return jws(header(), claims(nbf=later, exp=later + 300))


@forgery
def issued_in_the_future(dice: random.Random) -> str:
    later = int(now().timestamp()) + dice.randint(10, 10**6)
    return jws(header(), claims(iat=later, exp=later + 300))


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
    return jws(header(), claims(**{dice.choice(sorted(claims())): ...}))


@forgery
def with_a_claim_of_another_type(dice: random.Random) -> str:
    wrong: Any = dice.choice(
        [
            {"iss": 1}, {"aud": {"chiron": 1}}, {"sub": "root"}, {"sub": 1}, {"sid": 1}, {"sid": None}, {"org": "../"},
            {"org": ["x"]}, {"roles": None}, {"roles": 7}, {"authz_version": "x"}, {"authz_version": None},
            {"exp": "later"}, {"exp": None}, {"iat": "now"}, {"mem": 1}, {"provider": 1}, {"patient": {"id": 1}},
        ]
    )  # fmt: skip
    return jws(header(), claims(**wrong))


@forgery
def of_another_organization(dice: random.Random) -> str:
    head, _, signature = jws(header(), claims()).split(".")
    return f"{head}.{encoded(claims(org=str(new_id())))}.{signature}"


@forgery
def that_says_a_thing_twice(dice: random.Random) -> str:
    first, then = dice.choice([("none", "EdDSA"), ("EdDSA", "none"), ("HS256", "EdDSA")])
    head = f'{{"alg":"{first}","typ":"at+jwt","kid":"{signing_key().id}","alg":"{then}"}}'
    said = orjson.dumps(claims(roles=["PATIENT"])).decode().replace("{", '{"roles":["ADMIN"],', 1)
    signature = hmac.digest(signing_key().public.public_bytes_raw(), head.encode(), "sha512")
    return f"{base64url(head.encode())}.{base64url(said.encode())}.{base64url(signature)}"


@forgery
def spelt_another_way(dice: random.Random) -> str:
    token = jws(header(), claims())
    last = chr(ord(token[-1]) + dice.randint(1, 15))
    place = dice.randrange(token.rindex(".") + 1, len(token))
    return dice.choice([f"{token}=", f"{token}==", f"{token}\n", token[:-1] + last, f"{token[:place]}!{token[place:]}"])


@forgery
def with_a_signature_made_anew_of_an_old_one(dice: random.Random) -> str:
    head, said, signature = jws(header(), claims()).split(".")
    raw = urlsafe_b64decode(signature + "==")
    other = int.from_bytes(raw[32:], "little") + ORDER * dice.randint(1, 15)
    return f"{head}.{said}.{base64url(raw[:32] + other.to_bytes(33, 'little')[:32])}"


@forgery
def that_is_a_refresh_token(dice: random.Random) -> str:
    body = BODY.pack(new_id().bytes, dice.randrange(9))
    mac = hmac.digest(settings.JWT_REFRESH_SECRET_KEY.encode(), body, "sha256")
    return dice.choice([base64url(body + mac), jws(header(typ="refresh+jwt"), claims())])


@forgery
def that_waits_for_a_code(dice: random.Random) -> str:
    account, membership = Account(password="x" * dice.randrange(9)), Membership()
    return challenge(account, dice.choice([membership, None]), now()).mfa_token


@forgery
def that_is_a_link(dice: random.Random) -> str:
    said = claims(aud=dice.choice([links.AUDIENCE, "chiron"]), **{links.ADDRESS: "/api/users/me"})
    return jws(header(typ=links.KIND), said)


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
