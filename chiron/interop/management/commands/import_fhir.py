"""`import_fhir PATH…`: FHIR R4 bundles from files into one organization."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from typing_extensions import override

from chiron.identity.public import Role
from chiron.interop.fhir.importing import files_in, import_files
from chiron.interop.fhir.telling import Outcome
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.errors import NotFound
from chiron.tenancy.public import Organization, organization_for_command


class Command(BaseCommand):
    help = "Import FHIR R4 bundles: files, or folders of *.json. A broken file is refused, the rest goes on."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, or a folder of *.json files")
        parser.add_argument("--organization", metavar="SLUG", help="where to (default: the only organization)")
        parser.add_argument("--json", action="store_true", help="print the report as data, and nothing else")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organization = organization_for_command(options["organization"])
        except NotFound:
            raise CommandError("Say which organization it is for: --organization SLUG.") from None
        outcome = self.run_import(organization, options["paths"], quiet=options["json"])
        if options["json"]:
            self.stdout.write(json.dumps(outcome.as_data(), indent=2))
        else:
            self.stdout.write("\n".join(outcome.told()))
        if outcome.refused:
            sys.exit(1)

    def run_import(self, organization: Organization, paths: list[Path], *, quiet: bool) -> Outcome:
        by = Caller(organization_id=organization.id, roles=frozenset({Role.ADMIN}), device="import_fhir")
        files, outcome = files_in(paths), Outcome()
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bars:
            task = bars.add_task("importing", total=sum(size_of(file) for file in files))
            for file, result in import_files(by=by, organization_id=organization.id, files=files, now=now):
                outcome.add(result)
                bars.update(task, advance=size_of(file))
        return outcome


def size_of(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
