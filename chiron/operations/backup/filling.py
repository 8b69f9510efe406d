"""Bringing back what a backup holds: databases with their roles and rights, files, and audit heads."""

import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from chiron.files.public import FileDamaged, StorageUnavailable, has_sealed_part, put_sealed_part
from chiron.kernel.db import ALIASES
from chiron.operations.backup import programs
from chiron.operations.backup.carriers import Counted
from chiron.operations.backup.errors import BackupRefused, Damaged
from chiron.operations.backup.heads import LEDGER, Heads, stage
from chiron.operations.backup.reading import Backup
from chiron.operations.backup.snapshots import connect_as_owner
from chiron.operations.backup.watch import Watch
from chiron.operations.backup.writing import BUNDLES, FILES, HEADS
from chiron.postgres.setup import setup_databases
from chiron.postgres.wanted import wanted
from chiron.tenancy.public import have_rights


def fill(backup: Backup, watch: Watch) -> None:
    """Put the dumps into the databases, and make roles and rights, which no dump has."""
    watch.begin("restoring", len(ALIASES))
    for alias in ALIASES:
        put_dump(backup, alias)
        watch.advance(alias)
    have_roles()


def put_dump(backup: Backup, alias: str, *options: str) -> None:
    """Put a dump, or what the options choose of it, into its database."""
    with connect_as_owner(alias) as connection:
        major = connection.info.server_version // 10000
    programs.restore(settings.OWNER_DATABASES[alias], major, backup.part(f"{alias}.sealed"), *options)


def have_roles() -> None:
    """Logins, the roles of organizations, and what they may do."""
    setup_databases([wanted(alias) for alias in ALIASES])
    have_rights(lambda _: None)


def put_files(backup: Backup, watch: Watch, of: UUID | None = None) -> dict[str, Any]:
    """Store every part of every file, or of one organization's, and read it back.

    Of one organization alone no part may be there yet: a sandbox that shares its storage with a clinic would remove the
    clinic's files with its own. Raises Damaged, BackupRefused.
    """
    theirs = "" if of is None else f"{of.hex}/"
    return _put_parts(backup, watch, lambda name: name.startswith(theirs), must_be_new=of is not None)


def put_files_again(backup: Backup, of: UUID, files: Collection[UUID], watch: Watch) -> dict[str, Any]:
    """Store the parts of these files of an organization that are gone, and see that the others are what they were.

    Raises Damaged, BackupRefused.
    """
    wanted = {f"{of.hex}/{file_id.hex}" for file_id in files}
    return _put_parts(backup, watch, lambda name: name.rpartition("/")[0] in wanted, must_be_new=False)


def _put_parts(backup: Backup, watch: Watch, wanted: Callable[[str], bool], *, must_be_new: bool) -> dict[str, Any]:
    """Store the parts that are wanted by their names, and see that all of them are those that were backed up."""
    watch.begin("files", backup.manifest.stored["members"])
    counted, stored = Counted(), Counted()
    for name, content in counted.of(backup.members(FILES)):
        watch.advance(name)
        if wanted(name):
            _put(name, content, must_be_new=must_be_new)
            list(stored.of([(name, content)]))
    if counted.said() != backup.manifest.stored:
        raise Damaged("The files are not those that were backed up.")
    return stored.said()


def _put(name: str, content: bytes, *, must_be_new: bool) -> None:
    try:
        if must_be_new and has_sealed_part(name):
            raise BackupRefused("Files of the organization lie here already: a sandbox needs a storage of its own.")
        put_sealed_part(name, content)
    except FileDamaged:
        raise Damaged(f"The storage already holds something else as {name}.") from None
    except StorageUnavailable as error:
        raise BackupRefused(str(error)) from None


def put_bundles(backup: Backup) -> int:
    """Put the screening's models back on their shelf, where nothing else can lie under their names; how many files.

    Raises BackupRefused where they cannot be written.
    """
    shelf, counted = Path(settings.BUNDLES_DIR), Counted()
    for name, content in counted.of(backup.members(BUNDLES)):
        path = shelf / name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside = path.with_name(f"{path.name}.new")
            beside.write_bytes(content)
            beside.replace(path)
        except OSError as error:
            raise BackupRefused(f"{path} cannot be written ({error.strerror}).") from None
    return counted.members


@contextmanager
def staged(backup: Backup, of: UUID | None = None) -> Iterator[Heads]:
    """Audit heads and ledger in a folder of their own, which is this process's while the block lasts.

    The bucket is not asked meanwhile: it tells of a history that went on after the backup.
    """
    live, bucket = settings.AUDIT_HEADS_DIR, settings.AUDIT_HEADS_BUCKET
    members = list(backup.members(HEADS))
    heads = stage([each for each in members if of is None or each[0] in {LEDGER, f"{of}.jsonl"}], live)
    settings.AUDIT_HEADS_DIR, settings.AUDIT_HEADS_BUCKET = heads.folder, ""
    try:
        yield heads
    except BaseException:
        shutil.rmtree(heads.folder)
        raise
    finally:
        settings.AUDIT_HEADS_DIR, settings.AUDIT_HEADS_BUCKET = live, bucket
