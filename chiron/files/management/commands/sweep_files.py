"""Remove what is left of files that began to arrive and never did."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from chiron.files.errors import StorageUnavailable
from chiron.files.services import LONGEST, sweep_everywhere
from chiron.kernel.clock import now


class Command(BaseCommand):
    help = "Remove the parts of files that never arrived whole (the worker does it every hour; safe to repeat)."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        hours = LONGEST / timedelta(hours=1)
        parser.add_argument("--hours", type=float, default=hours, help=f"how long one may take (default: {hours:g})")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            swept = sweep_everywhere(begun_before=now() - timedelta(hours=options["hours"]))
        except StorageUnavailable:
            raise CommandError("The storage of files is out of reach; run it again.") from None
        if options["verbosity"]:
            self.stdout.write(f"{swept.files} files swept, {swept.parts} parts removed")
