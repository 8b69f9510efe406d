"""Bring the three databases, and in clinical every organization's schema, up to date."""

import os
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, TextIO

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.core.management.commands.migrate import Command as DjangoMigrate
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chiron.kernel.db import ACCOUNTS, ALIASES, CLINICAL, RESEARCH
from chiron.postgres.owner import as_owner
from chiron.tenancy.everywhere import lacking, replay_everywhere
from chiron.tenancy.grants import grant_database
from chiron.tenancy.models import Organization
from chiron.tenancy.replay import migrate_template, steps
from chiron.tenancy.turns import migrating_alone


class Command(BaseCommand):
    help = "Migrate accounts, clinical (every organization) and research, with the owner's login."
    autodetector = DjangoMigrate.autodetector
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The database, and whether only to show the state."""
        parser.add_argument("--database", choices=ALIASES, help="Only this one.")
        parser.add_argument("--status", action="store_true", help="Show what each organization lacks; change nothing.")
        parser.add_argument(
            "--workers", type=at_least_one, default=os.cpu_count() or 1, metavar="N",
            help="How many organizations at a time (default: one for each core).",
        )  # fmt: skip
        parser.add_argument("--shared", action="store_true", help="Only accounts and research.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate in the order in which one database needs the other."""
        if options["status"]:
            return self._status()
        chosen = [options["database"]] if options["database"] else [ACCOUNTS, RESEARCH, CLINICAL]
        organizations: list[Organization] = []
        with migrating_alone(lambda: self.stderr.write("waiting for another migration, or a new organization")):
            for alias in chosen:
                if alias == CLINICAL and not options["shared"]:
                    organizations = self._template(options["verbosity"])
                elif alias != CLINICAL:
                    self._plain(alias, options["verbosity"])
        if organizations:
            self._replay(organizations, options["workers"], options["verbosity"])
        return None

    def _plain(self, alias: str, verbosity: int) -> None:
        with as_owner(alias) as connection:
            DjangoMigrate().execute(
                app_label=None, migration_name=None, database=alias, verbosity=verbosity, interactive=False,
                skip_checks=True, fake=False, fake_initial=False, plan=False, run_syncdb=False, check_unapplied=False,
                prune=False, no_color=False, force_color=False, traceback=False, pythonpath=None, settings=None,
            )  # fmt: skip
            with connection.cursor() as cursor:
                grant_database(cursor, alias)

    def _template(self, verbosity: int) -> list[Organization]:
        """The organizations there are when the template has what they must have."""
        for config in apps.get_app_configs():
            if migrate_shared := getattr(config, "migrate_shared", None):
                migrate_shared()
        new = migrate_template()
        if verbosity:
            self.stdout.write(f"clinical: {len(new)} new migrations on the template")
        return list(Organization.objects.order_by("id"))

    def _replay(self, organizations: list[Organization], workers: int, verbosity: int) -> None:
        failed: list[str] = []
        with progress(len(organizations), self.stdout, quiet=not verbosity) as advance:
            for organization, fault in replay_everywhere(organizations, steps(), workers=workers):
                failed += [f"{organization.slug}: {fault}"] if fault else []
                advance()
        if failed:
            raise CommandError(
                f"{len(failed)} of {len(organizations)} organizations stay as they were, the others are up to date. "
                "Mend the cause and run migrate again.\n" + "\n".join(sorted(failed))
            )

    def _status(self) -> None:
        for organization, keys in lacking():
            state = "lacks " + ", ".join(f"{app}.{name}" for app, name in keys) if keys else "up to date"
            self.stdout.write(f"{organization.slug}: {state}")


def at_least_one(text: str) -> int:
    """A number of workers. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError("must be 1 or more")
    return int(text)


@contextmanager
def progress(total: int, stdout: TextIO | OutputWrapper, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """A bar on a terminal; elsewhere a line for each tenth. What is yielded is called for each organization."""
    console, done = Console(stderr=True), count(1)
    if quiet:
        yield lambda: None
    elif console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bars:
            task = bars.add_task("organizations", total=total)
            yield lambda: bars.advance(task)
    else:
        yield lambda: tell(next(done), total, stdout)


def tell(done: int, total: int, stdout: TextIO | OutputWrapper) -> None:
    if done * 10 // total > (done - 1) * 10 // total:
        stdout.write(f"clinical: {done} of {total} organizations")
