"""Hashes of older systems let their owner in, and are replaced by Argon2id as they do."""

from hashlib import sha256

import bcrypt
import pytest
from argon2 import PasswordHasher
from django.contrib.auth.hashers import PBKDF2PasswordHasher, PBKDF2SHA1PasswordHasher, check_password
from werkzeug.security import generate_password_hash

from chiron.identity.models import Account
from chiron.identity.old_hashes import kept_hash
from chiron.identity.tests.factories import PASSWORD, new_member, post

LONG = "a sentence far beyond the seventy-two bytes that bcrypt has ever looked at, ñ at its end"


def by_bcrypt(password: str, prefix: bytes = b"2b") -> str:
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).replace(b"2b", prefix, 1).decode()


def by_argon2(password: str) -> str:
    return PasswordHasher(time_cost=1, memory_cost=16, parallelism=2).hash(password)


HASHES = {
    "bcrypt": by_bcrypt(PASSWORD),
    "bcrypt 2a": by_bcrypt(PASSWORD, b"2a"),
    "bcrypt 2y": by_bcrypt(PASSWORD, b"2y"),
    "django bcrypt": f"bcrypt${by_bcrypt(PASSWORD)}",
    "django bcrypt sha256": f"bcrypt_sha256${by_bcrypt(sha256(PASSWORD.encode()).hexdigest())}",
    "argon2": by_argon2(PASSWORD),
    "django argon2": f"argon2{by_argon2(PASSWORD)}",
    "django pbkdf2": PBKDF2PasswordHasher().encode(PASSWORD, "a salt", 5),
    "django pbkdf2 sha1": PBKDF2SHA1PasswordHasher().encode(PASSWORD, "a salt", 5),
    "werkzeug pbkdf2": generate_password_hash(PASSWORD, "pbkdf2:sha256:5"),
    "werkzeug pbkdf2 sha1": generate_password_hash(PASSWORD, "pbkdf2:sha1:5"),
    "werkzeug scrypt": generate_password_hash(PASSWORD, "scrypt:32768:8:1"),
}


@pytest.mark.parametrize("stored", HASHES.values(), ids=HASHES)
def test_a_known_hash_is_kept_and_still_checks(stored: str) -> None:
    kept = kept_hash(stored)

    assert kept is not None
    assert kept_hash(kept) in (kept, None)
    assert (check_password(PASSWORD, kept), check_password(f"{PASSWORD}.", kept)) == (True, False)


REFUSED = {
    "nothing": "",
    "a password": PASSWORD,
    "md5": "5f4dcc3b5aa765d61d8327deb882cf99",
    "md5-crypt": "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
    "another digest": "pbkdf2:sha512:5$salt$00",
    "bcrypt for hours": HASHES["bcrypt"].replace("$04$", "$31$"),
    "argon2 of much memory": HASHES["argon2"].replace("m=16", "m=9000000"),
    "argon2 for hours": HASHES["argon2"].replace("t=1", "t=9000"),
    "pbkdf2 for hours": "pbkdf2_sha256$900000000$salt$aGFzaA==",
    "scrypt of much memory": HASHES["werkzeug scrypt"].replace("32768", "33554432"),
}


@pytest.mark.parametrize("stored", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_checked_or_costs_too_much_is_not_kept(stored: str) -> None:
    assert kept_hash(stored) is None


def test_of_a_long_password_bcrypt_counts_what_it_always_counted() -> None:
    kept = kept_hash(by_bcrypt(LONG)) or ""

    assert check_password(LONG, kept)
    assert not check_password(LONG[:71], kept)


def test_signing_in_replaces_an_old_hash(hilltop: object) -> None:
    member = new_member(hilltop.id)  # type: ignore[attr-defined]
    Account.objects.filter(id=member.account_id).update(password=kept_hash(HASHES["bcrypt"]))

    def sign_in(password: str) -> int:
        body = {"username": member.account.username, "password": password}
        return int(post("/auth/login", body).status_code)

    def stored() -> str:
        return Account.objects.get(id=member.account_id).password

    assert sign_in("wrong") == 401
    assert stored().startswith("bcrypt$")

    assert sign_in(PASSWORD) == 200
    assert stored().startswith("argon2$argon2id$")

    renewed = stored()
    assert sign_in(PASSWORD) == 200
    assert stored() == renewed
