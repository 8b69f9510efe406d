"""`import_fhir PATH…`: FHIR R4 bundles and bulk exports from files into one organization."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from typing_extensions import override

from chiron.identity.public import Role
from chiron.interop.fhir.crew import stopping
from chiron.interop.fhir.files import files_in, import_all, size_of
from chiron.interop.fhir.telling import Outcome
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound
from chiron.tenancy.public import Organization, organization_for_command

STOPPED = 130  # as a shell says of what was interrupted


class Command(BaseCommand):
    help = "Import FHIR R4 bundles and bulk exports: files, or folders. What is broken is refused, the rest goes on."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "paths", nargs="+", type=Path, metavar="PATH", help="a file, or a folder of *.json and *.ndjson"
        )
        parser.add_argument("--organization", metavar="SLUG", help="where to (default: the only organization)")
        parser.add_argument("--workers", type=int, default=1, metavar="N", help="so many processes (default: 1)")
        parser.add_argument("--json", action="store_true", help="print the report as data, and nothing else")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organization = organization_for_command(options["organization"])
        except NotFound:
            raise CommandError("No organization of that name, or several: say which by --organization SLUG.") from None
        if options["workers"] < 1:
            raise CommandError("--workers is at least 1.")
        outcome = Outcome()
        with stopping() as stop:
            self.run_import(outcome, organization, options, stop)
        if options["json"]:
            self.stdout.write(json.dumps(outcome.as_data(), indent=2))
        else:
            self.stdout.write("\n".join(outcome.told()))
        if stop.is_set():
            sys.exit(STOPPED)
        if outcome.refused:
            sys.exit(1)

    def run_import(self, outcome: Outcome, organization: Organization, options: dict[str, Any], stop: Event) -> None:
        by = Caller(organization_id=organization.id, roles=frozenset({Role.ADMIN}), device="import_fhir")
        files, workers = files_in(options["paths"]), options["workers"]
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), disable=options["json"], transient=True) as bars:
            task = bars.add_task("importing", total=sum(map(size_of, files)))
            for step in import_all(by=by, organization_id=organization.id, files=files, workers=workers, stop=stop):
                outcome.add(step.result, step.files)
                bars.update(task, advance=step.size)
