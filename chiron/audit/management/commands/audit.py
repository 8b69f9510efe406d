"""`audit verify`: is every trail what it was when it was sealed? And what others need to verify proofs of it."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typing_extensions import override

from chiron.audit import verifier
from chiron.audit.findings import Report
from chiron.audit.signing import published_key
from chiron.audit.verification import verify
from chiron.kernel.clock import now
from chiron.tenancy.public import all_organizations

PLATFORM = "platform"


class Command(BaseCommand):
    help = "Verify the audit trails, and hand out what others need to verify proofs of them."
    requires_migrations_checks = False

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verb = verbs.add_parser("verify", help="examine events, tree, heads and their copies; exit 1 on a finding")
        verb.add_argument(
            "--organization", metavar="SLUG", help="only this organization (default: all, and the platform)"
        )
        verb.add_argument("--json", action="store_true", help="print the findings as data")
        verbs.add_parser("key", help="print the public key that checks the heads")
        verbs.add_parser("verifier", help="print the script that verifies proofs without Chiron")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        match options["verb"]:
            case "key":
                self.stdout.write(published_key())
            case "verifier":
                self.stdout.write(Path(verifier.__file__).read_text(encoding="utf-8"), ending="")
            case _:
                self._verify(options)

    def _verify(self, options: dict[str, Any]) -> None:
        trails = wanted_trails(options["organization"])
        with progress_shown(quiet=options["json"]) as bars:
            reports = {name: examine(name, organization_id, bars) for name, organization_id in trails.items()}
        if options["json"]:
            data = [report.as_data() | {"organization": name} for name, report in reports.items()]
            self.stdout.write(json.dumps(data, indent=2))
        else:
            self.stdout.write("\n".join(line for name, report in reports.items() for line in told(name, report)))
        if not all(report.is_intact for report in reports.values()):
            sys.exit(1)


def wanted_trails(slug: str | None) -> dict[str, UUID | None]:
    organizations: dict[str, UUID | None] = {each.slug: each.id for each in all_organizations()}
    if slug is None:
        return {PLATFORM: None} | organizations
    if slug not in organizations:
        raise CommandError(f"There is no organization {slug!r}.")
    return {slug: organizations[slug]}


def examine(name: str, organization_id: UUID | None, bars: Progress) -> Report:
    task = bars.add_task(name, total=None)
    return verify(
        organization_id, now=now(), progress=lambda done, total: bars.update(task, completed=done, total=total)
    )


@contextmanager
def progress_shown(*, quiet: bool) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bars:
        yield bars


def told(name: str, report: Report) -> Iterator[str]:
    read = f"{report.events} events, {report.leaves} leaves, {report.heads} heads, {report.copies} copies"
    if report.is_intact:
        yield f"{name}: intact ({read})"
        return
    yield f"{name}: NOT INTACT ({read})"
    yield from (f"  {finding}" for finding in report.findings)
    unlisted = sum(report.counts.values()) - len(report.findings)
    if unlisted:
        yield f"  and {unlisted} more"
