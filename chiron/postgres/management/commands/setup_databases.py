"""Make the three databases and their logins, with the owner's login."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chiron.postgres.logins import DATABASES
from chiron.postgres.setup import setup_databases


class Command(BaseCommand):
    help = "Make the three databases and the runtime logins (POSTGRES_* name the owner); safe to repeat."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Use the owner's parameters of the settings, which must be of one login on one server."""
        owners = [settings.OWNER_DATABASES[alias] for alias in DATABASES]
        if not all(owners) or len({(owner["HOST"], owner["PORT"], owner["USER"]) for owner in owners}) > 1:
            raise CommandError(
                "There is no login that owns all three databases: set POSTGRES_HOST, POSTGRES_USER and "
                "POSTGRES_PASSWORD. Databases on several servers are made by hand: docs/how-to/own-postgresql.md."
            )
        parameters = {name.lower(): str(owners[0][name]) for name in ("HOST", "PORT", "USER", "PASSWORD")}
        setup_databases(parameters, settings.DATABASE_PREFIX)
        self.stdout.write(f"databases {settings.DATABASE_PREFIX}_accounts, _clinical and _research are set up")
