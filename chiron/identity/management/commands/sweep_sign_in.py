"""Remove what signing in leaves behind."""

from typing import Any

from django.core.management.base import BaseCommand

from chiron.identity.services.sweeping import sweep_sign_in
from chiron.kernel.clock import now


class Command(BaseCommand):
    help = "Remove old codes, limits, lockouts and sessions (the worker does so hourly)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep once."""
        swept = sweep_sign_in(now())
        if options["verbosity"]:
            self.stdout.write(", ".join(f"{number} {kind}" for kind, number in swept.items()) + " removed")
