"""Passwords: Argon2id with the work that the settings ask for."""

from functools import lru_cache

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from chiron.kernel.errors import Fault, Invalid

LONGEST = 128


class Argon2id(Argon2PasswordHasher):
    """Django's hasher with our parameters."""

    time_cost = settings.ARGON2["time_cost"]
    memory_cost = settings.ARGON2["memory_cost"]
    parallelism = settings.ARGON2["parallelism"]


def check_strength(password: str) -> None:
    """Refuse a password that is short or common, saying which (422)."""
    try:
        if len(password) > LONGEST:
            raise ValidationError("too long", code="password_too_long")
        validate_password(password)
    except ValidationError as weak:
        faults: list[Fault] = [{"loc": ["body", "password"], "msg": str(each.code)} for each in weak.error_list]
        raise Invalid(errors=faults) from None


def fits(password: str, encoded: str | None) -> bool:
    """Whether a password fits; an unknown account costs the same work as a known one."""
    right = check_password(password, encoded or _nobodys())
    return right and encoded is not None


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return make_password("nobody's password")
