"""Turning one organization of a living installation back to what it was in a backup, while all others work on.

Everything that takes time is done beside it. Then its tables and those beside change places in one transaction, in
which whoever was erased since is erased again and what must not be forgotten is settled: killed at any moment, it is
what it was before or what it was in the backup.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import OperationalError

from chiron.audit.public import record, record_platform
from chiron.jobs.public import forget_asked_inside
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic, only_one
from chiron.kernel.errors import NotFound
from chiron.operations.backup.beside import (
    beside,
    open_everything,
    prove_beside,
    read_some_files,
    trail_tables,
)
from chiron.operations.backup.errors import BackupRefused
from chiron.operations.backup.filling import put_files_again
from chiron.operations.backup.fingerprints import shape_of_schema
from chiron.operations.backup.proving import verified
from chiron.operations.backup.reading import Backup
from chiron.operations.backup.restoring import Report
from chiron.operations.backup.settling import settle
from chiron.operations.backup.snapshots import connect_as_owner, while_nobody_reads
from chiron.operations.backup.watch import Watch
from chiron.registry.public import blank, standing
from chiron.tenancy.public import (
    Organization,
    exchange_tables,
    former_schema,
    lent_to_owner,
    lock_tables,
    organization_for_slug,
    schema_beside,
    schema_of,
)
from chiron.vault.public import (
    KeysInMotion,
    erased_organizations,
    erased_patients,
    keys_are_destroyed,
    keys_at_rest,
    let_stand_again,
    unfinished,
)

ASKED_IN_ACCOUNTS = ("registry.end_former_work", "registry.finish_erasure", "notifications.tell_of_alarm")
"""Jobs of an organization that something in accounts asked for, which is not turned back."""
PATIENCE = "SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = 0"
SUSPEND = (
    "Suspend the organization first (in the administration, or PATCH /api/organizations/{id} with "
    '{"suspended": true}), so that nobody writes what would be lost, and resume it when you have looked at it.'
)


def turn_back(backup: Backup, slug: str, *, by: Caller, now: datetime, watch: Watch) -> Report:
    """Make one organization what it was in a backup; its trail goes on and says so, its accounts and keys stay.

    What it was until now is kept in a schema of the owner's (``former``). Raises BackupRefused, Damaged, WrongKey,
    LedgerBroken, StorageUnavailable, OwnerNotConfigured, and then nothing was changed.
    """
    by.scope("backups", "restore")
    report = Report()
    organization = _found(backup, slug)
    backup.must_be_of_this_version()  # of the keys in it none is needed: those of today open what it brings
    if not keys_are_destroyed():
        raise BackupRefused("Somebody who was erased is here again: run `chiron erasures replay` first.")
    backup.must_be_whole(watch)
    report.tell(backup=str(backup.manifest.id), made_at=backup.manifest.made_at.isoformat(), organization=slug)
    with _alone(), beside(backup, organization.id, watch):
        report.tell(in_place=True, databases=prove_beside(backup.manifest, organization.id, watch))
        found = open_everything(organization.id, watch)
        report.tell(files=put_files_again(backup, organization.id, found.files, watch))
        files = read_some_files(organization.id)
        report.tell(opened={"opened": found.opened, "erased": found.erased, "files": files})
        watch.begin("changing places", 1)
        with _keys_at_rest(organization):
            report.tell(keys_standing_again=let_stand_again(organization.id, found.keys))
            report.tell(**_exchange(backup, organization, by=by, now=now, watch=watch))
        watch.advance(slug)
    trail = verified(organization.id)
    report.tell(trails={trail.trail: trail.leaves}, trail_is_intact=trail.is_intact)
    report.tell(rotations_to_finish=unfinished(organization.id))
    return report


def _found(backup: Backup, slug: str) -> Organization:
    try:
        organization = organization_for_slug(slug)
    except NotFound:
        raise BackupRefused(f"There is no organization {slug!r} here.") from None
    tables = backup.manifest.databases[CLINICAL]["tables"]
    if not any(name.startswith(f"{schema_of(organization.id)}.") for name in tables):
        raise BackupRefused(f"There is no organization {slug!r} in the backup.")
    _must_not_be_erased(organization)
    _must_be_suspended(organization)
    return organization


def _must_be_suspended(organization: Organization | None) -> None:
    if organization is None or organization.suspended_at is None:
        raise BackupRefused(SUSPEND)


def _must_not_be_erased(organization: Organization) -> None:
    if organization.id in {line.organization_id for line in erased_organizations()}:
        raise BackupRefused("The organization was erased for good: nothing that it sealed opens any more.")


@contextmanager
def _alone() -> Iterator[None]:
    """One at a time, whichever the organization: they share the database in which a dump is read."""
    with only_one(ACCOUNTS, "turning back") as alone:
        if not alone:
            raise BackupRefused("An organization is being turned back already, by another run: wait for its end.")
        yield


@contextmanager
def _keys_at_rest(organization: Organization) -> Iterator[None]:
    try:
        with keys_at_rest(organization.id):
            yield
    except KeysInMotion:
        raise BackupRefused(
            "Keys of the organization are being rotated, or one is being destroyed. Finish what was begun (`chiron "
            f"keys rotate --organization {organization.slug}`, and with --patients), and say it again."
        ) from None


def _exchange(backup: Backup, organization: Organization, *, by: Caller, now: datetime, watch: Watch) -> dict[str, Any]:
    """The one transaction, while no migration, no backup and no change of the organization is under way."""
    former = former_schema(organization.id, now)
    about = {"made_at": backup.manifest.made_at.isoformat(), "in_place": True, "former": former}
    with while_nobody_reads(watch.waiting) as owner:
        _must_be_suspended(Organization.objects.select_for_update().filter(id=organization.id).first())
        _must_not_be_erased(organization)
        _must_be_of_one_shape(organization)
        owner.execute(PATIENCE)
        _lock(owner, organization)
        exchange_tables(owner, organization.id, former, but_for=trail_tables())
        files = settle(owner, schema_of(organization.id), former)
        jobs = forget_asked_inside(organization.id, but_for=ASKED_IN_ACCOUNTS)
        with lent_to_owner(owner, organization.id):
            erased = _erase_again(organization, by, now)
            record(by, "backup.restored", resource="backups", resource_id=backup.manifest.id, payload=about)
    with atomic(ACCOUNTS):
        platform = by.inside(organization.id)
        record_platform(platform, "backup.restored", resource="backups", resource_id=backup.manifest.id, payload=about)
    left = {"former": {CLINICAL: former}, "files_of_the_former": files}
    return left | {"erased_again": erased, "jobs_forgotten": jobs}


def _lock(owner: Any, organization: Organization) -> None:
    try:
        lock_tables(owner, organization.id, but_for=trail_tables())
    except OperationalError:
        raise BackupRefused(
            "Somebody still works in the organization, a job perhaps, or another command: say it again in a minute."
        ) from None


def _must_be_of_one_shape(organization: Organization) -> None:
    with connect_as_owner(CLINICAL) as connection, connection.transaction():
        ours = shape_of_schema(connection, schema_of(organization.id))
        theirs = shape_of_schema(connection, schema_beside(organization.id))
    trail = trail_tables()
    differing = [name for name in sorted({*ours, *theirs}) if name not in trail and ours.get(name) != theirs.get(name)]
    if differing:
        raise BackupRefused(
            f"The organization's tables are not those of the backup ({', '.join(differing[:5])}): run `chiron migrate`."
        )


def _erase_again(organization: Organization, by: Caller, now: datetime) -> int:
    lines = standing(erased_patients().get(organization.id, []))
    for line in lines:
        blank(by, line, now)
    return len(lines)
