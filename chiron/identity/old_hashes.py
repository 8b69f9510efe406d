"""Password hashes of older systems: those that still let their owner in, once, until Argon2id replaces them.

A hash is taken over only in a form that can be checked, and only where checking it costs no more than a sign-in may:
a planted work factor must not keep this process busy for hours.
"""

import re
from base64 import b64encode

import bcrypt
from django.contrib.auth.hashers import BCryptPasswordHasher
from django.contrib.auth.hashers import ScryptPasswordHasher as DjangosScrypt  # type: ignore[attr-defined]
from typing_extensions import override

BCRYPT_BYTES = 72
MOST_ROUNDS, MOST_ITERATIONS = 15, 2_000_000
MOST_MEMORY, MOST_PASSES = 256 * 2**20, 10

DJANGO = re.compile(r"pbkdf2_sha(?:1|256)\$(?P<iterations>\d+)\$[^$\0]+\$[A-Za-z0-9+/]+=*")
BCRYPT = re.compile(r"(?:bcrypt(?:_sha256)?\$)?\$2[aby]\$(?P<rounds>\d\d)\$[./A-Za-z0-9]{53}")
ARGON2 = re.compile(
    r"(?:argon2)?\$argon2(?:id|i|d)\$v=19\$m=(?P<kibibytes>\d+),t=(?P<passes>\d+),p=(?P<lanes>\d+)"
    r"\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+"
)
WERKZEUG_PBKDF2 = re.compile(r"pbkdf2:sha(?P<bits>1|256):(?P<iterations>\d+)\$(?P<salt>[^$\0]+)\$(?P<digest>[0-9a-f]+)")
WERKZEUG_SCRYPT = re.compile(r"scrypt:(?P<n>\d+):(?P<r>\d+):(?P<p>\d+)\$(?P<salt>[^$\0]+)\$(?P<digest>[0-9a-f]{128})")


class Bcrypt(BCryptPasswordHasher):
    """bcrypt as older libraries had it: what goes beyond 72 bytes never counted, where today's library refuses."""

    @override
    def encode(self, password: str, salt: bytes) -> str:  # type: ignore[override]
        return f"{self.algorithm}${bcrypt.hashpw(password.encode()[:BCRYPT_BYTES], salt).decode()}"


class Scrypt(DjangosScrypt):  # type: ignore[misc]
    """scrypt with as much memory as Werkzeug gives it."""

    maxmem = MOST_MEMORY


def kept_hash(stored: str) -> str | None:
    """The hash of an older system in the form in which we store it, None where it cannot be checked here.

    Known are bcrypt (`$2a$`, `$2b$`, `$2y$`), Argon2 in the PHC form, Django's pbkdf2, bcrypt and argon2 formats, and
    Werkzeug's `pbkdf2:sha1`, `pbkdf2:sha256` and `scrypt`. PostgreSQL holds none with the character NUL.
    """
    if (found := BCRYPT.fullmatch(stored)) and int(found["rounds"]) <= MOST_ROUNDS:
        return stored if stored.startswith("bcrypt") else f"bcrypt${stored}"
    if (found := ARGON2.fullmatch(stored)) and _is_affordable(found):
        return stored if stored.startswith("argon2$") else f"argon2{stored}"
    if (found := DJANGO.fullmatch(stored)) and int(found["iterations"]) <= MOST_ITERATIONS:
        return stored
    if (found := WERKZEUG_PBKDF2.fullmatch(stored)) and int(found["iterations"]) <= MOST_ITERATIONS:
        return f"pbkdf2_sha{found['bits']}${found['iterations']}${found['salt']}${_as_base64(found['digest'])}"
    if (found := WERKZEUG_SCRYPT.fullmatch(stored)) and 128 * _product(found) <= MOST_MEMORY // 2:
        return f"scrypt${found['n']}${found['salt']}${found['r']}${found['p']}${_as_base64(found['digest'])}"
    return None


def _is_affordable(argon2: "re.Match[str]") -> bool:
    return int(argon2["kibibytes"]) * 1024 <= MOST_MEMORY and int(argon2["passes"]) <= MOST_PASSES


def _product(scrypt: "re.Match[str]") -> int:
    return int(scrypt["n"]) * int(scrypt["r"]) * int(scrypt["p"])


def _as_base64(digest: str) -> str:
    return b64encode(bytes.fromhex(digest)).decode()
