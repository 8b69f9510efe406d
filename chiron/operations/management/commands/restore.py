"""`restore FOLDER | FILE | s3://…`: restore a backup beside what is served, prove it, and serve it."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from typing_extensions import override

from chiron.files.public import StorageUnavailable
from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.operations.backup.errors import BackupRefused
from chiron.operations.backup.places import Bucket, Folder, Place
from chiron.operations.backup.reading import Backup
from chiron.operations.backup.restoring import ALONE, restore, restore_alone
from chiron.operations.backup.sealing import private_key
from chiron.operations.backup.turning_back import turn_back
from chiron.operations.management.bars import bars
from chiron.vault.public import LedgerBroken

BY = Caller(operator=True, device="restore")


class Command(BaseCommand):
    help = "Restore a backup into empty databases, or beside those that are served, and prove it before it is served."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", help="Its folder, any file of it, or s3://BUCKET/PREFIX/chiron-….")
        parser.add_argument(
            "--replace", action="store_true",
            help="Where databases are not empty: keep them under another name, and serve what is restored.",
        )  # fmt: skip
        parser.add_argument(
            "--organization", metavar="SLUG", help="Only this one, into an installation that is empty: a sandbox."
        )
        parser.add_argument(
            "--in-place", action="store_true",
            help="Turn the organization back where it is served, suspended, while all others work on.",
        )  # fmt: skip
        parser.add_argument("--report", type=Path, help="Where to write the signed report (default: print it).")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            _must_be_possible(options)
            with bars() as watch:
                backup = Backup.at(place_of(options["backup"]), private_key(settings.BACKUP_ENCRYPTION_KEY))
                if options["in_place"]:
                    report = turn_back(backup, options["organization"], by=BY, now=clock.now(), watch=watch)
                elif options["organization"]:
                    report = restore_alone(backup, options["organization"], by=BY, now=clock.now(), watch=watch)
                else:
                    report = restore(backup, by=BY, replace=options["replace"], now=clock.now(), watch=watch)
        except (BackupRefused, LedgerBroken, StorageUnavailable) as refusal:
            raise CommandError(f"Nothing was restored, what is served is unchanged. {refusal}") from None
        except OperationalError as error:  # Django's, who is in use where one is turned back
            raise CommandError(
                f"A database is out of reach ({type(error).__name__}). The organization is what it was, or it is "
                "turned back: its trail then says so (backup.restored). Saying this again does no harm."
            ) from None
        except psycopg.OperationalError as error:
            raise CommandError(f"Nothing was restored: a database is out of reach ({type(error).__name__}).") from None
        self._tell(json.dumps(report.signed(), indent=2), options["report"])
        if not report.said.get("trail_is_intact", True):
            raise CommandError("The organization is turned back, but its trail is not intact: `chiron audit verify`.")

    def _tell(self, report: str, path: Path | None) -> None:
        if path is None:
            self.stdout.write(report)
            return
        try:
            path.write_text(f"{report}\n")
        except OSError as error:
            self.stdout.write(report)
            raise CommandError(f"Restored and proven, but {path} cannot be written ({error.strerror}).") from None
        self.stdout.write(f"restored and proven; the report: {path}")


def _must_be_possible(options: dict[str, Any]) -> None:
    """Raise BackupRefused for what would be ignored, or lost at the end."""
    if options["in_place"] and not options["organization"]:
        raise BackupRefused("`--in-place` turns one organization back: name it with --organization.")
    if options["organization"] and options["replace"]:
        raise BackupRefused(f"`--replace` is for whole backups. {ALONE}")
    path: Path | None = options["report"]
    if path and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
        raise BackupRefused(f"The report cannot be written to {path}: name a file in a folder that you may write to.")


def place_of(said: str) -> Place:
    """Where a backup lies. Raises BackupRefused."""
    if said.startswith("s3://"):
        bucket, _, prefix = said.removeprefix("s3://").partition("/")
        return Bucket(bucket, prefix.strip("/"))
    path = Path(os.path.abspath(said))
    if not path.name:
        raise BackupRefused(f"{path} is no backup: name its folder.")
    return Folder(path.parent if path.is_file() else path)
