"""The databases as the settings name them, for who makes them."""

from collections.abc import Iterator

from django.conf import settings

from chiron.postgres.logins import DATABASES
from chiron.postgres.setup import Database, Login


def missing_settings() -> Iterator[str]:
    """Settings without which nobody knows what to make."""
    for alias in DATABASES:
        named = {"DATABASE": settings.DATABASES[alias], "OWNER": settings.OWNER_DATABASES[alias]}
        named |= {"SEALER": settings.SEALER_DATABASES[alias]} if alias in settings.SEALER_DATABASES else {}
        yield from (f"{alias.upper()}_{kind}_URL" for kind, parameters in named.items() if not parameters)


def wanted(alias: str) -> Database:
    """That database, as the settings name it and its logins."""
    owner, runtime = settings.OWNER_DATABASES[alias], settings.DATABASES[alias]
    logins = [runtime, *([settings.SEALER_DATABASES[alias]] if alias in settings.SEALER_DATABASES else [])]
    return Database(
        name=owner["NAME"],
        owner={name.lower(): str(owner[name]) for name in ("HOST", "PORT", "USER", "PASSWORD") if owner[name]},
        logins=[Login(login["USER"], login["PASSWORD"]) for login in logins],
        closed=alias == "clinical",
    )
