"""`generate_mock_data`: a made-up clinic, the same for the same seed."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typing_extensions import override

from chiron.identity.public import Role
from chiron.interop.public import Outcome
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.errors import NotFound
from chiron.operations.mock.filling import fill_clinic, write_clinic
from chiron.tenancy.public import organization_for_command

MOST_PATIENTS = 100_000


class Command(BaseCommand):
    help = "Fill an organization with a made-up clinic. The same seed makes the same data; again, it changes nothing."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clinic-patients", type=int, default=20, metavar="N", help="how many patients")
        parser.add_argument("--seed", type=int, default=1, metavar="S", help="which clinic")
        parser.add_argument("--write", type=Path, metavar="DIR", help="write FHIR files there instead of importing")
        parser.add_argument("--organization", metavar="SLUG", help="where to (default: the only organization)")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        patients = options["clinic_patients"]
        if not 0 <= patients <= MOST_PATIENTS:
            raise CommandError(f"--clinic-patients lies between 0 and {MOST_PATIENTS}.")
        if options["write"]:
            files = write_clinic(options["write"], seed=options["seed"], patients=patients)
            self.stdout.write(f"{files} FHIR files in {options['write']}")
            return
        try:
            organization = organization_for_command(options["organization"])
        except NotFound:
            raise CommandError("No organization of that name, or several: say which by --organization SLUG.") from None
        by = Caller(organization_id=organization.id, roles=frozenset({Role.ADMIN}), device="generate_mock_data")
        outcome = Outcome()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            reports = fill_clinic(
                by=by, organization_id=organization.id, seed=options["seed"], patients=patients, now=now()
            )
            for report in bars.track(reports, total=patients + 1, description="patients"):
                outcome.add(report)
        self.stdout.write("\n".join(outcome.told()))
