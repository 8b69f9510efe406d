"""Make the three databases and their logins, with the owners' logins."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chiron.postgres.logins import DATABASES
from chiron.postgres.setup import setup_databases
from chiron.postgres.wanted import missing_settings, wanted


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
