"""Make the three databases and their logins, with the owners' logins."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chiron.postgres.logins import DATABASES
from chiron.postgres.setup import Database, Login, setup_databases


class Command(BaseCommand):
    help = "Make the three databases and the logins of requests and of the sealer, as the owner; safe to repeat."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what the settings name, each database on its owner's server."""
        if missing := list(missing_settings()):
            raise CommandError(
                f"Not set: {', '.join(missing)}. Name the owner of all three with POSTGRES_HOST, POSTGRES_USER and "
                "POSTGRES_PASSWORD, or every owner and login by its URL: docs/how-to/own-postgresql.md."
            )
        found = [wanted(alias) for alias in DATABASES]
        setup_databases(found)
        self.stdout.write(f"databases {', '.join(each.name for each in found)} are set up")


def missing_settings() -> Iterator[str]:
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
