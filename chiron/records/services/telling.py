"""Telling those who may read it that something was said, and nobody else that it exists."""

from datetime import datetime
from uuid import UUID

from chiron.identity.public import accounts_of
from chiron.kernel.access import Caller
from chiron.notifications.public import Kind, notify
from chiron.records.clearances import cleared_for
from chiron.records.models import Record
from chiron.records.words import RecordType, Visibility
from chiron.registry.public import carers_of
from chiron.tenancy.public import current_organization_id

RESULTS = frozenset({RecordType.LAB_RESULT, RecordType.IMAGING, RecordType.REPORT})


def tell_of_remark(by: Caller, record: Record, visibility: Visibility, now: datetime) -> None:
    """A remark is told to the record's author and to who cares for the patient, as far as its labels let them see it.

    To the patient, who may be the author, only where the remark is meant for patients too. Who remarks is not told.
    """
    if visibility is Visibility.PRIVATE:
        return
    organization_id = current_organization_id()
    patient = accounts_of(organization_id, patients=[record.patient_id])
    carers = cleared_for(record.labels, carers_of(record.patient_id))
    author = [record.author_account] if record.author_account else []
    staff = accounts_of(organization_id, providers=carers, accounts=author) - patient
    told = staff | patient if visibility is Visibility.PATIENT else staff
    _tell(Kind.ANNOTATED, by, record.id, told, now)


def tell_of_result(by: Caller, record: Record, now: datetime) -> None:
    """A result that patients can read from now on is told to the patient, unless it is by themselves."""
    if record.record_type in RESULTS:
        patient = accounts_of(current_organization_id(), patients=[record.patient_id])
        _tell(Kind.RESULT_SHARED, by, record.id, patient, now)


def _tell(kind: Kind, by: Caller, record_id: UUID, accounts: set[UUID], now: datetime) -> None:
    told = accounts - {by.account_id} if by.account_id else accounts
    notify(kind=kind, to=told, resource="records", resource_id=record_id, now=now)
