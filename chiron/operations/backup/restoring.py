"""Restoring: into databases beside those that are served, proven there, and only then served."""

import shutil
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

import orjson
from django.conf import settings

from chiron.audit.public import record, record_platform, signer
from chiron.files.public import FileDamaged, StorageUnavailable, put_sealed_part
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, ALIASES, atomic, close_connections
from chiron.operations.backup import programs
from chiron.operations.backup.carriers import Counted
from chiron.operations.backup.errors import BackupRefused, Damaged
from chiron.operations.backup.heads import Heads, stage
from chiron.operations.backup.names import calling
from chiron.operations.backup.proving import prove_equal, prove_readable, prove_trails
from chiron.operations.backup.reading import Backup
from chiron.operations.backup.snapshots import connect_as_owner
from chiron.operations.backup.targets import fresh, must_be_free, take_their_place
from chiron.operations.backup.watch import Watch
from chiron.operations.backup.writing import FILES, HEADS
from chiron.operations.replaying import replay
from chiron.postgres.setup import setup_databases
from chiron.postgres.wanted import wanted
from chiron.tenancy.public import all_organizations, has_schema, have_rights, inside


@dataclass
class Report:
    """What a restore did and proved, in the order in which it did."""

    said: dict[str, Any] = field(default_factory=dict)
    began: float = field(default_factory=monotonic)

    def tell(self, **what: Any) -> None:
        self.said |= what

    def signed(self) -> dict[str, Any]:
        """The report with its signature, by which it is known to be this installation's."""
        said = {"document": "chiron restore 1", **self.said, "seconds": round(monotonic() - self.began, 1)}
        canonical = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
        return said | {"signature": b64encode(signer(b"chiron backup: reports").sign(canonical)).decode()}


def restore(backup: Backup, *, by: Caller, replace: bool, now: datetime, watch: Watch) -> Report:
    """Restore a whole backup, prove it, and have it served when a server starts next.

    The former databases, if there were any and `replace` allows it, keep other names. Raises BackupRefused, Damaged,
    WrongKey, LedgerBroken, StorageUnavailable, OwnerNotConfigured, and then nothing that is served was changed.
    """
    by.scope("backups", "restore")
    report = Report()
    close_connections()  # or this process would itself use what it is to replace
    backup.must_fit()
    must_be_free(replace=replace)
    backup.must_be_whole(watch)
    report.tell(backup=str(backup.manifest.id), made_at=backup.manifest.made_at.isoformat())
    with fresh() as databases, calling(databases), _staged(backup) as heads:
        _fill(backup, watch)
        report.tell(databases=prove_equal(backup.manifest, watch), files=_put_files(backup, watch))
        report.tell(replayed=_replayed(now), lost=heads.lost)
        _record(by, backup, heads)
        report.tell(opened=prove_readable(watch), trails=prove_trails())
    report.tell(former=take_their_place(heads.folder, now=now))
    return report


def _fill(backup: Backup, watch: Watch) -> None:
    """Put the dumps into the databases, and make roles and rights, which no dump has."""
    watch.begin("restoring", len(ALIASES))
    for alias in ALIASES:
        with connect_as_owner(alias) as connection:
            major = connection.info.server_version // 10000
        programs.restore(settings.OWNER_DATABASES[alias], major, backup.part(f"{alias}.sealed"))
        watch.advance(alias)
    setup_databases([wanted(alias) for alias in ALIASES])
    have_rights(lambda _: None)


def _put_files(backup: Backup, watch: Watch) -> dict[str, Any]:
    """Store every part of every file, and read it back. Raises Damaged, BackupRefused."""
    watch.begin("files", backup.manifest.stored["members"])
    counted = Counted()
    for name, content in counted.of(backup.members(FILES)):
        try:
            put_sealed_part(name, content)
        except FileDamaged:
            raise Damaged(f"The storage already holds something else as {name}.") from None
        except StorageUnavailable as error:
            raise BackupRefused(str(error)) from None
        watch.advance(name)
    if counted.said() != backup.manifest.stored:
        raise Damaged("The files are not those that were backed up.")
    return counted.said()


@contextmanager
def _staged(backup: Backup) -> Iterator[Heads]:
    """Audit heads and ledger in a folder of their own, which is this process's while the block lasts.

    The bucket is not asked meanwhile: it tells of a history that went on after the backup.
    """
    live, bucket = settings.AUDIT_HEADS_DIR, settings.AUDIT_HEADS_BUCKET
    heads = stage(list(backup.members(HEADS)), live)
    settings.AUDIT_HEADS_DIR, settings.AUDIT_HEADS_BUCKET = heads.folder, ""
    try:
        yield heads
    except BaseException:
        shutil.rmtree(heads.folder)
        raise
    finally:
        settings.AUDIT_HEADS_DIR, settings.AUDIT_HEADS_BUCKET = live, bucket


def _replayed(now: datetime) -> dict[str, int]:
    done = replay(now=now)
    return {"lines": done.lines, "patients": done.patients, "organizations": done.organizations}


def _record(by: Caller, backup: Backup, heads: Heads) -> None:
    """Say in every trail that its history goes on from here, and what of it was published and is lost."""
    for organization in all_organizations():
        if has_schema(organization.id):
            with inside(organization.id):
                payload = _payload(backup, heads.lost.get(str(organization.id)))
                record(by, "backup.restored", resource="backups", resource_id=backup.manifest.id, payload=payload)
    with atomic(ACCOUNTS):
        payload = _payload(backup, heads.lost.get("platform"))
        record_platform(by, "backup.restored", resource="backups", resource_id=backup.manifest.id, payload=payload)


def _payload(backup: Backup, lost: dict[str, int] | None) -> dict[str, Any]:
    return {"made_at": backup.manifest.made_at.isoformat()} | ({"lost": lost} if lost else {})
