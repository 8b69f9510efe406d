"""Backups of this worker's own databases, and databases beside them to restore into."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.conf import settings

from chiron.kernel.clock import now
from chiron.kernel.db import close_connections
from chiron.operations.backup.places import Folder
from chiron.operations.backup.reading import Backup
from chiron.operations.backup.restoring import Report, restore
from chiron.operations.backup.watch import Watch
from chiron.operations.backup.writing import back_up
from chiron.vault.public import forget_keys
from conftest import point_at
from tests.erasure.people import Known
from tests.server import connect, drop_databases
from tests.town import OPERATOR, Clinic

KEY = X25519PrivateKey.generate()


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup, and the clinic that is in it."""

    folder: Path
    clinic: Clinic
    people: list[Known]

    def copy(self, to: Path) -> Path:
        """The same backup elsewhere, to be damaged."""
        shutil.copytree(self.folder, to / self.folder.name)
        return to / self.folder.name

    def restored(self, *, replace: bool = False) -> Report:
        """Restored to where the settings point now."""
        return restored(self.folder, replace=replace)


def backed_up(folder: Path) -> Path:
    """A backup of the databases that the settings name, in that folder."""
    back_up(Folder(folder / "chiron-test"), KEY.public_key(), by=OPERATOR, now=now(), watch=Watch())
    return folder / "chiron-test"


def restored(folder: Path, *, replace: bool = False, key: X25519PrivateKey = KEY) -> Report:
    """A backup restored to where the settings point now."""
    return restore(Backup.at(Folder(folder), key), by=OPERATOR, replace=replace, now=now(), watch=Watch())


@contextmanager
def elsewhere() -> Iterator[str]:
    """The settings point to databases of another name on the same server, which are not there yet."""
    here = settings.DATABASE_PREFIX
    leave_for(f"{here}b")
    try:
        yield f"{here}b"
    finally:
        for heads in settings.AUDIT_HEADS_DIR.parent.glob(f"{settings.AUDIT_HEADS_DIR.name}*"):
            shutil.rmtree(heads)
        leave_for(here)
        drop(f"{here}b")


def leave_for(prefix: str) -> None:
    """Work on the databases of another prefix, with nothing remembered of those before."""
    close_connections()
    forget_keys()
    point_at(prefix)


def drop(prefix: str) -> None:
    """Remove all databases and roles of a prefix, those that a restore renamed, too."""
    for suffix in databases(prefix):
        with connect(settings.OWNER_DATABASES["accounts"], "postgres") as owner:
            owner.execute(f"DROP DATABASE {prefix}_{suffix}")  # with FORCE, a vacuum of the server's own is in the way
    drop_databases(prefix)


def databases(prefix: str) -> list[str]:
    """The databases of a prefix that there are."""
    with connect(settings.OWNER_DATABASES["accounts"], "postgres") as owner:
        found = owner.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"{prefix}_"])
        return sorted(name.removeprefix(f"{prefix}_") for (name,) in found.fetchall())
