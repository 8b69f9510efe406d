"""`migrate_from_mongodb`: the way in from version 1, out of a live server or a dump."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from typing_extensions import override

from chiron.kernel import clock
from chiron.kernel.errors import DomainError
from chiron.operations.mongo.guarding import RunRefused
from chiron.operations.mongo.mapping import MappingWrong, read_mapping
from chiron.operations.mongo.report import Report, verdict
from chiron.operations.mongo.sources import Dump, Server, Source, SourceDamaged
from chiron.operations.mongo.stages import Advance, Migration, status

STAGES = ("preflight", "backfill", "verify", "status")


class Command(BaseCommand):
    help = "Take over organizations, users, patients and their history from version 1, and verify every value."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "stage", nargs="?", choices=STAGES,
            help="One stage alone. Default: backfill, then verify. `status` says what is here, without a source.",
        )  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="The same as preflight: forecast, write nothing.")
        parser.add_argument("--mongodb-uri", help="A live server, with the database: mongodb://host/version1.")
        parser.add_argument("--dump", type=Path, help="The folder that mongodump wrote, instead of a server.")
        parser.add_argument("--org-filter", default="", metavar="ID", help="Only the organization with this _id.")
        parser.add_argument("--mapping", type=Path, help="A TOML file with what is called otherwise at the source.")
        parser.add_argument("--zone", default="", help="Zone of dates that say none, as in Africa/Accra.")
        parser.add_argument("--json", action="store_true", help="Print the report as data and nothing else.")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        stage = options.pop("stage")
        stage = "preflight" if options["dry_run"] else stage
        try:
            if stage == "status":
                self.stdout.write(json.dumps(status(), indent=2))
                return
            reports = list(self._run(stage, **options))
        except (SourceDamaged, MappingWrong, RunRefused, DomainError) as refusal:
            raise CommandError(str(refusal)) from None
        if options["json"]:
            self.stdout.write(json.dumps([report.as_data() for report in reports], indent=2))
        else:
            for report in reports:
                self.stdout.write(f"{report.stage}:")
                self.stdout.write("\n".join(report.told()))
            self.stdout.write(verdict(reports))
        if any(report.differs for report in reports):
            sys.exit(1)

    def _run(self, stage: str | None, org_filter: str, **options: Any) -> Iterator[Report]:
        read = read_mapping(options["mapping"], options["zone"])
        with closing(self._source(**options)) as source, _progress() as advance:
            migration = Migration(source, read, advance, only=org_filter, now=clock.now())
            if stage == "preflight":
                yield migration.forecast()
            if stage in (None, "backfill"):
                yield migration.backfill()
            if stage in (None, "verify"):
                yield migration.verify()

    def _source(self, mongodb_uri: str | None, dump: Path | None, **_: Any) -> Source:
        if (mongodb_uri is None) == (dump is None):
            raise CommandError("Say where version 1 is: --mongodb-uri URI or --dump DIR.")
        return Dump(dump) if dump else Server(str(mongodb_uri))


@contextmanager
def _progress() -> Iterator[Advance]:
    """A bar for each collection, on standard error: names of collections and numbers, nothing else."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def advance(collection: str, number: int, total: int) -> None:
            if collection not in tasks or bars.tasks[tasks[collection]].finished:
                tasks[collection] = bars.add_task(collection, total=total)
            bars.update(tasks[collection], advance=number)

        yield advance
