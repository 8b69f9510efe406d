"""Passwords: Argon2id with the work that the settings ask for."""

from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from chiron.kernel.errors import Invalid

LONGEST = 128
MESSAGES = {"password_too_short": "is too short", "password_too_common": "is too common"}


class Argon2id(Argon2PasswordHasher):
    """Django's hasher with our parameters."""

    time_cost = settings.ARGON2["time_cost"]
    memory_cost = settings.ARGON2["memory_cost"]
    parallelism = settings.ARGON2["parallelism"]


def must_be_strong(password: str) -> None:
    """Refuse a password that is short, long or common, saying which (Invalid)."""
    try:
        if len(password) > LONGEST:
            raise ValidationError("", code="password_too_long")
        validate_password(password)
    except ValidationError as weak:
        faults = [MESSAGES.get(str(each.code), "is too long") for each in weak.error_list]
        raise Invalid(errors=[{"loc": ["body", "password"], "msg": fault} for fault in faults]) from None


def fits(password: str, encoded: str | None, renew: Callable[[str], None] | None = None) -> bool:
    """Whether a password fits a hash. Without one nothing fits, for the same work, so that time tells nothing.

    `renew` is given a right password whose hash is not as strong as the settings ask, an older system's for one.
    """
    right = check_password(password, encoded or _nobodys(), renew if encoded else None)
    return right and encoded is not None


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return make_password("the password of nobody")
