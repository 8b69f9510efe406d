"""`test [LABEL…]`: Django's name for what pytest does here."""

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Hand over to pytest: paths, dotted names of apps (chiron.registry) and pytest's own options."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Never reached from the command line: `config.command` hands over before settings are read."""
        from config.command import become_pytest

        become_pytest([])
