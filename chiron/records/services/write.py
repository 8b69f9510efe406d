"""Writing, amending and withdrawing a record."""

from contextlib import AbstractContextManager
from datetime import datetime

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Scope
from chiron.kernel.db import refusing
from chiron.kernel.errors import NotPermitted
from chiron.kernel.versions import expect
from chiron.records.entries import Statement
from chiron.records.errors import EnteredInError, EventEndsBeforeItBegins, RangeGoesDownward
from chiron.records.models import Record, RecordVersion
from chiron.records.sealing import inscribe, statement_of
from chiron.records.services.change import advance
from chiron.records.words import Status
from chiron.registry.public import Patient
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import patient_safe


def write_record(*, by: Caller, patient: Patient, statement: Statement, now: datetime) -> Record:
    """State something about a patient, whom the caller has reached through the registry's door.

    Raises EventEndsBeforeItBegins, RangeGoesDownward.
    """
    by.scope("records", "create")
    record = Record(
        patient_id=patient.id,
        author_account=by.account_id,
        author_provider_id=by.provider_id,
        changed_by=by.account_id,
        recorded_at=now,
        updated_at=now,
    )
    inscribe(record, statement, patient_safe(current_organization_id(), patient.id))
    with refusing_nonsense():
        record.save(force_insert=True)
    audit.record(by, "record.created", resource="records", resource_id=record.id, subjects=[patient.id])
    return record


def amend_record(
    *, by: Caller, record: Record, statement: Statement, if_match: int | None, reason: str = "", now: datetime
) -> Record:
    """Let a record, reached through `record_for(..., "update")`, say something else; what it said is kept.

    Who reaches only their own records (a patient) amends only what they wrote themselves.
    Raises NotPermitted, StaleVersion, EnteredInError, EventEndsBeforeItBegins, RangeGoesDownward.
    """
    must_be_author(by, record, "update")
    expect(record, if_match)
    if record.status == Status.ENTERED_IN_ERROR:
        raise EnteredInError
    bring_forward(by, record, statement, Status.ACTIVE, reason, now)
    audit.record(by, "record.updated", resource="records", resource_id=record.id, subjects=[record.patient_id])
    return record


def enter_in_error(*, by: Caller, record: Record, if_match: int | None, reason: str = "", now: datetime) -> Record:
    """Withdraw a record: it and its versions are kept, lists no longer show it. A second time changes nothing.

    Raises NotPermitted, StaleVersion.
    """
    must_be_author(by, record, "delete")
    expect(record, if_match)
    if record.status != Status.ENTERED_IN_ERROR:
        safe = patient_safe(current_organization_id(), record.patient_id)
        bring_forward(by, record, statement_of(record, safe), Status.ENTERED_IN_ERROR, reason, now)
    audit.record(by, "record.withdrawn", resource="records", resource_id=record.id, subjects=[record.patient_id])
    return record


def must_be_author(by: Caller, record: Record, action: str) -> None:
    if by.scope("records", action) is Scope.OWN and record.author_account != by.account_id:
        raise NotPermitted


def bring_forward(by: Caller, record: Record, statement: Statement, status: Status, reason: str, now: datetime) -> None:
    safe = patient_safe(current_organization_id(), record.patient_id)
    kept = advance(record, statement, safe, status=status, reason=reason, by_account=by.account_id, now=now)
    with refusing_nonsense():
        record.save(force_update=True)
    RecordVersion.objects.bulk_create(kept)


def refusing_nonsense() -> AbstractContextManager[None]:
    return refusing(
        "clinical",
        an_event_ends_after_it_begins=EventEndsBeforeItBegins,
        a_range_goes_upward=RangeGoesDownward,
    )
