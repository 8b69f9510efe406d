"""Delete kept answers that have outlived their day."""

from typing import Any

from django.core.management.base import BaseCommand
from rich.progress import track

from chiron.idempotency.answering import forget
from chiron.kernel.clock import now
from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic
from chiron.tenancy.public import all_organizations, inside


class Command(BaseCommand):
    help = "Delete the answers kept for Idempotency-Key that are older than a day (the worker does so hourly)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Each organization in a transaction of its own."""
        moment = now()
        with atomic(ACCOUNTS):
            forgotten = forget(ACCOUNTS, moment)
        for organization in track(all_organizations(), "organizations", disable=options["verbosity"] == 0):
            with inside(organization.id):
                forgotten += forget(CLINICAL, moment)
        if options["verbosity"]:
            self.stdout.write(f"{forgotten} answers forgotten")
