"""`backup DIR [--s3 BUCKET]`: everything, sealed, read back."""

import os
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.operations.backup.errors import BackupRefused
from chiron.operations.backup.places import Bucket, Folder
from chiron.operations.backup.sealing import private_key, public_key
from chiron.operations.backup.writing import back_up, copy, name_of
from chiron.operations.management.bars import bars

BY = Caller(operator=True, device="backup")


class Command(BaseCommand):
    help = "Back up the three databases, the files and the audit heads, sealed before they leave, and read them back."
    requires_system_checks: list[str] = []

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, nargs="?", help="Where backups lie; each is a folder in it.")
        parser.add_argument("--s3", metavar="BUCKET", help="A bucket, or bucket/prefix: beside the folder, or instead.")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        places = list(_places(options["folder"], options["s3"], name_of(now)))
        if not places:
            raise CommandError("Say where: a folder, --s3 BUCKET, or both.")
        first, *others = places
        try:
            with bars() as watch:
                manifest = back_up(first, recipient(), by=BY, now=now, watch=watch)
                for other in others:
                    copy(manifest, first, other, watch=watch)
        except BackupRefused as refusal:
            raise CommandError(f"No backup was made, or not everywhere. {refusal}") from None
        except psycopg.OperationalError as error:
            raise CommandError(f"No backup was made: a database is out of reach ({type(error).__name__}).") from None
        rows = sum(rows for each in manifest.databases.values() for rows, _ in each["tables"].values())
        size = sum(each["bytes"] for each in manifest.parts.values())
        said = f"{rows} rows, {manifest.stored['members']} parts of files, {size} bytes, read back"
        self.stdout.write(f"{' and '.join(map(str, places))}: {said}")


def recipient() -> X25519PublicKey:
    """The key that backups are sealed for. Raises BackupRefused."""
    if settings.BACKUP_ENCRYPTION_KEY and not settings.BACKUP_PUBLIC_KEY:
        return private_key(settings.BACKUP_ENCRYPTION_KEY).public_key()
    return public_key(settings.BACKUP_PUBLIC_KEY)


def _places(folder: Path | None, bucket: str | None, name: str) -> Iterator[Folder | Bucket]:
    if folder is not None:
        yield Folder(Path(os.path.abspath(folder)) / name)
    if bucket is not None:
        where, _, prefix = bucket.partition("/")
        yield Bucket(where, "/".join(each for each in (prefix.strip("/"), name) if each))
