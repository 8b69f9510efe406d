"""Restoring: into databases beside those that are served, proven there, and only then served."""

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

import orjson

from chiron.audit.public import record, record_platform, signer
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic, close_connections
from chiron.operations.backup.filling import fill, put_bundles, put_files, staged
from chiron.operations.backup.heads import Heads
from chiron.operations.backup.names import calling
from chiron.operations.backup.proving import prove_equal, prove_equal_alone, prove_readable, prove_trails
from chiron.operations.backup.reading import Backup
from chiron.operations.backup.sandboxes import fill_alone
from chiron.operations.backup.targets import fresh, must_be_free, take_their_place
from chiron.operations.backup.watch import Watch
from chiron.operations.replaying import replay
from chiron.tenancy.public import all_organizations, has_schema, inside

BESIDE = "`--replace` restores beside it and keeps it under another name."
ALONE = (
    "One organization is restored into an installation that is empty only: give it databases, a storage and audit "
    "heads of its own. `--in-place` turns back one that is served (docs/how-to/backup.md)."
)


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
    report = _begun(by, backup, replace=replace, advice=BESIDE, watch=watch)
    with fresh() as databases, calling(databases), staged(backup) as heads:
        fill(backup, watch)
        report.tell(databases=prove_equal(backup.manifest, watch), files=put_files(backup, watch))
        _prove_use(report, backup, heads, by=by, now=now, watch=watch)
    report.tell(former=take_their_place(heads.folder, now=now))
    return report


def restore_alone(backup: Backup, slug: str, *, by: Caller, now: datetime, watch: Watch) -> Report:
    """Restore one organization into an installation that is empty, and so harms nobody: a sandbox.

    It keeps its id, under which everything of it is sealed and its trail is signed; of the others there is nothing.
    What would act of itself, its queue and outbox, is left out. Raises as `restore` does.
    """
    report = _begun(by, backup, replace=False, advice=ALONE, watch=watch)
    with fresh() as databases, calling(databases):
        organization_id = fill_alone(backup, slug, watch)
        with staged(backup, organization_id) as heads:
            report.tell(organization=slug, databases=prove_equal_alone(backup.manifest, organization_id, watch))
            report.tell(files=put_files(backup, watch, organization_id))
            _prove_use(report, backup, heads, by=by, now=now, watch=watch)
    report.tell(former=take_their_place(heads.folder, now=now))
    return report


def _begun(by: Caller, backup: Backup, *, replace: bool, advice: str, watch: Watch) -> Report:
    """What is refused is refused here, before the server is touched."""
    by.scope("backups", "restore")
    report = Report()
    close_connections()  # or this process would itself use what it is to replace
    backup.must_fit()
    must_be_free(replace=replace, advice=advice)
    backup.must_be_whole(watch)
    report.tell(backup=str(backup.manifest.id), made_at=backup.manifest.made_at.isoformat())
    return report


def _prove_use(report: Report, backup: Backup, heads: Heads, *, by: Caller, now: datetime, watch: Watch) -> None:
    """Erase again who was erased, say that this is a restore, and see that all of it can be used."""
    report.tell(bundles=put_bundles(backup), replayed=_replayed(now), lost=heads.lost)
    _record(by, backup, heads)
    report.tell(opened=prove_readable(watch), trails=prove_trails())


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
