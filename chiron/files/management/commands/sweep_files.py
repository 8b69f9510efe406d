"""Remove what is left of files that began to arrive and never did."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.progress import track
from typing_extensions import override

from chiron.files.errors import StorageUnavailable
from chiron.files.services import sweep
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.tenancy.public import all_organizations


class Command(BaseCommand):
    help = "Remove the parts of files that never arrived whole (run it daily; safe to repeat)."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        told = "how long a file may take to arrive (default: 24)"
        parser.add_argument("--hours", type=float, default=24, help=told)

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """Each organization in transactions of its own."""
        before, files, parts = now() - timedelta(hours=options["hours"]), 0, 0
        quiet = options["verbosity"] == 0
        for organization in track(all_organizations(), "organizations", disable=quiet, transient=True):
            by = Caller(organization_id=organization.id, device="sweep_files")
            try:
                swept = sweep(by=by, organization_id=organization.id, begun_before=before)
            except StorageUnavailable:
                raise CommandError("The storage of files is out of reach; run it again.") from None
            files, parts = files + swept.files, parts + swept.parts
        if not quiet:
            self.stdout.write(f"{files} files swept, {parts} parts removed")
