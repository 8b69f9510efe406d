"""Make the three databases and their logins, with the owner's login."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from chiron.postgres.setup import setup_databases


class Command(BaseCommand):
    help = "Make the three databases and the runtime logins (POSTGRES_* name the owner); safe to repeat."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Use the owner's parameters of the settings."""
        owner = settings.OWNER_DATABASES["accounts"]
        parameters = {name.lower(): str(owner[name]) for name in ("HOST", "PORT", "USER", "PASSWORD")}
        setup_databases(parameters, settings.DATABASE_PREFIX)
        self.stdout.write(f"databases {settings.DATABASE_PREFIX}_accounts, _clinical and _research are set up")
