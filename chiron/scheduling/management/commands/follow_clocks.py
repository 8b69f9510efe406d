"""`follow_clocks`: appointments keep the time on the wall when a newer time zone database moves it."""

import sys
from argparse import ArgumentParser
from datetime import UTC
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress
from typing_extensions import override

from chiron.identity.public import Role
from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound
from chiron.scheduling.services.clocks import Strayed, follow_all, strayed
from chiron.tenancy.public import Organization, all_organizations, inside, organization_for_command


class Command(BaseCommand):
    help = (
        "After an update of the time zone database: list appointments to come whose instant is not the time that was "
        "agreed any more, and move them to it."
    )

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="only there (default: everywhere)")
        parser.add_argument("--dry-run", action="store_true", help="only list what would move in UTC")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """List what strayed, and let it follow."""
        left = 0
        for organization in _organizations(options["organization"]):
            left += self._follow(organization, dry_run=options["dry_run"])
        if left:
            sys.exit(1)

    def _follow(self, organization: Organization, *, dry_run: bool) -> int:
        """How many could not follow."""
        now = clock.now()
        with inside(organization.id):
            found = strayed(now)
        if dry_run:
            for each in found:
                self.stdout.write(told(each))
            self.stdout.write(f"{organization.slug}: {len(found)} would move")
            return 0
        by = Caller(organization_id=organization.id, roles=frozenset({Role.ADMIN}), device="follow_clocks")
        refused = 0
        with Progress(console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task(organization.slug, total=len(found))
            for each, code in follow_all(by=by, organization_id=organization.id, found=found, now=now):
                self.stdout.write(f"{told(each)}{f': {code}' if code else ''}")
                refused += bool(code)
                bars.advance(task)
        self.stdout.write(f"{organization.slug}: {len(found) - refused} moved, {refused} could not")
        return refused


def told(each: Strayed) -> str:
    """One line: which appointment, what was agreed, and between which instants it moves."""
    to = each.to.astimezone(UTC).isoformat(timespec="minutes") if each.to else "never"
    at = each.at.astimezone(UTC).isoformat(timespec="minutes")
    return f"{each.id} {each.wall.isoformat(timespec='minutes')} {each.zone}: {at} -> {to}"


def _organizations(slug: str | None) -> list[Organization]:
    if slug is None:
        return all_organizations()
    try:
        return [organization_for_command(slug)]
    except NotFound:
        raise CommandError("No organization of that name.") from None
