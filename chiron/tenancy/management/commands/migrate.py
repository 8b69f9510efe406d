"""Bring the three databases, and in clinical every organization's schema, up to date."""

from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import BaseCommand, CommandError
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import DatabaseError, InterfaceError
from rich.progress import track

from chiron.kernel.db import ACCOUNTS, ALIASES, CLINICAL, RESEARCH
from chiron.postgres.owner import as_owner
from chiron.tenancy.grants import grant_database
from chiron.tenancy.models import Organization
from chiron.tenancy.replay import applied, migrate_template, replay, steps

FAILURES = (
    DatabaseError, InterfaceError, ObjectDoesNotExist, ArithmeticError, AttributeError, LookupError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip
"""What one organization's migration may fail with, Python of data migrations included, without stopping the others."""


class Command(BaseCommand):
    help = "Migrate accounts, clinical (every organization) and research, with the owner's login."
    autodetector = DjangoMigrate.autodetector
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The database, and whether only to show the state."""
        parser.add_argument("--database", choices=ALIASES, help="Only this one.")
        parser.add_argument("--status", action="store_true", help="Show what each organization lacks; change nothing.")
        parser.add_argument("--shared", action="store_true", help="Only accounts and research.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate in the order in which one database needs the other."""
        if options["status"]:
            return self._status()
        chosen = [options["database"]] if options["database"] else [ACCOUNTS, RESEARCH, CLINICAL]
        for alias in chosen:
            if alias == CLINICAL and not options["shared"]:
                self._clinical(options["verbosity"])
            elif alias != CLINICAL:
                self._plain(alias, options["verbosity"])
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

    def _clinical(self, verbosity: int) -> None:
        for config in apps.get_app_configs():
            if migrate_shared := getattr(config, "migrate_shared", None):
                migrate_shared()
        new = migrate_template()
        if verbosity:
            self.stdout.write(f"clinical: {len(new)} new migrations on the template")
        organizations = list(Organization.objects.order_by("id"))
        all_steps, failed = steps(), []
        for organization in track(organizations, "organizations", disable=not verbosity or not organizations):
            try:
                replay(organization.id, all_steps)
            except FAILURES as error:
                failed.append(f"{organization.slug}: {type(error).__name__}: {error}".strip())
        if failed:
            raise CommandError(
                f"{len(failed)} of {len(organizations)} organizations stay as they were, the others are up to date. "
                "Mend the cause and run migrate again.\n" + "\n".join(failed)
            )

    def _status(self) -> None:
        wanted = {step.key for step in steps()}
        for organization in Organization.objects.order_by("slug"):
            missing = sorted(wanted - applied(organization.id))
            state = "up to date" if not missing else "lacks " + ", ".join(f"{app}.{name}" for app, name in missing)
            self.stdout.write(f"{organization.slug}: {state}")
