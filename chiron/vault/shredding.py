"""Destroying keys, which is how anything is erased for good: the ledger's line and the destruction commit together."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from chiron.kernel.db import ACCOUNTS, atomic, on_commit, take_turns
from chiron.kernel.ids import new_id
from chiron.kernel.log import logger
from chiron.vault import ledger
from chiron.vault.keyring import forget_keys, turn_of
from chiron.vault.ledger import Entry
from chiron.vault.models import OrganizationKey, PatientKey


def destroy_patient_key(
    *, organization_id: UUID, patient_id: UUID, account_id: UUID | None, by: UUID | None, now: datetime
) -> Entry:
    """Nothing that was sealed for this patient opens ever again, here or in a copy of what it sealed.

    At once in this process, within a second in all others. Again, it changes nothing. Raises LedgerBehind.
    """
    with atomic(ACCOUNTS):
        line = ledger.enter(
            organization_id=organization_id, patient_id=patient_id, account_id=account_id, by=by, now=now
        )
        take_turns(ACCOUNTS, turn_of(organization_id))
        _destroy([line])
        on_commit(ACCOUNTS, _make_it_known)
    return line


def destroy_organization_keys(*, organization_id: UUID, by: UUID | None, now: datetime) -> Entry:
    """Nothing that this organization or any of its patients sealed opens ever again. Raises LedgerBehind."""
    with atomic(ACCOUNTS):
        line = ledger.enter(organization_id=organization_id, patient_id=None, account_id=None, by=by, now=now)
        take_turns(ACCOUNTS, turn_of(organization_id))
        _destroy([line])
        on_commit(ACCOUNTS, _make_it_known)
    return line


def destroy_again() -> int:
    """Destroy whatever the ledger names and a restored backup brought back; how many lines the database had lost.

    Raises LedgerBroken, OSError where the copy cannot be kept up.
    """
    lost = ledger.reconcile()
    with atomic(ACCOUNTS):
        lines = list(ledger.entries())
        take_turns(ACCOUNTS, *(turn_of(line.organization_id) for line in lines))
        _destroy(lines)
    forget_keys()
    return lost


def erased_patients() -> dict[UUID, list[Entry]]:
    """The lines about patients, by organization."""
    return _by_organization(line for line in ledger.entries() if line.patient_id)


def erased_organizations() -> list[Entry]:
    """The lines about whole organizations."""
    return [line for line in ledger.entries() if line.patient_id is None]


def keys_are_destroyed() -> bool:
    """Whether no key is left that the ledger calls destroyed, and no line is missing. Raises LedgerBroken."""
    if not ledger.is_whole():
        return False
    patients = (_standing(*each).exists() for each in erased_patients().items())
    return not any(patients) and not _standing_of(erased_organizations()).exists()


def _destroy(lines: Iterable[Entry]) -> None:
    lines = list(lines)
    whole = [line for line in lines if line.patient_id is None]
    single = [line for line in lines if line.patient_id is not None]
    for organization_id, of_one in _by_organization(single).items():
        _keep_destroyed(of_one)
        for line in of_one:
            _standing(organization_id, [line]).update(wrapped=None, destroyed_at=line.at)
    for line in whole:
        PatientKey.objects.filter(organization_id=line.organization_id, wrapped__isnull=False).update(
            wrapped=None, destroyed_at=line.at
        )
    _standing_of(whole).update(wrapped=b"")


def _keep_destroyed(lines: Iterable[Entry]) -> None:
    """An older `accounts` may lack a patient's key altogether: a row without one keeps another from being made."""
    rows = [
        PatientKey(id=new_id(), organization_id=line.organization_id, patient_id=line.patient_id, destroyed_at=line.at)
        for line in lines
        if line.patient_id is not None
    ]
    PatientKey.objects.bulk_create(rows, ignore_conflicts=True)


def _standing(organization_id: UUID, lines: Iterable[Entry]) -> "QuerySet[PatientKey]":
    ids = [line.patient_id for line in lines]
    return PatientKey.objects.filter(organization_id=organization_id, patient_id__in=ids, wrapped__isnull=False)


def _standing_of(lines: Iterable[Entry]) -> "QuerySet[OrganizationKey]":
    ids = [line.organization_id for line in lines]
    return OrganizationKey.objects.filter(organization_id__in=ids).exclude(wrapped=b"")


def _by_organization(lines: Iterable[Entry]) -> dict[UUID, list[Entry]]:
    grouped: dict[UUID, list[Entry]] = defaultdict(list)
    for line in lines:
        grouped[line.organization_id].append(line)
    return dict(grouped)


def _make_it_known() -> None:
    forget_keys()
    try:
        ledger.copy_out()
    except OSError as error:  # the job that follows every erasure makes up for it
        logger.error("erasure_not_copied", kind=type(error).__name__)
