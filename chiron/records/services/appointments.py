"""The record that an appointment has, written by whoever may book or change the appointment, front desk included."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.records.entries import Statement
from chiron.records.models import Record
from chiron.records.sealing import statement_of
from chiron.records.services.change import Change, advance
from chiron.records.services.write import save_next, state
from chiron.records.words import Status
from chiron.registry.public import Patient
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import patient_safe


def record_appointment(*, by: Caller, patient: Patient, statement: Statement, now: datetime) -> Record:
    """The record of an appointment that is being booked, in the same transaction. Raises NotPermitted."""
    by.scope("appointments", "create")
    return state(by, patient, statement, now)


def follow_appointment(
    *, by: Caller, record_id: UUID, action: str, standing: str, starts_at: datetime, ends_at: datetime, now: datetime
) -> None:
    """Let the record say where its appointment stands now and when it is; what it said before is kept.

    A record that was signed or withdrawn meanwhile stays as it is. ``action`` is what is done with the appointment.
    Raises NotPermitted.
    """
    by.scope("appointments", action)
    record = Record.objects.select_for_update().get(id=record_id)
    if record.status == Status.ENTERED_IN_ERROR or record.signed_at:
        return
    safe = patient_safe(current_organization_id(), record.patient_id)
    statement = replace(
        statement_of(record, safe), clinical_status=standing, occurred_at=starts_at, occurred_end=ends_at
    )
    save_next(record, advance(record, statement, safe, Change(Status.ACTIVE, "", by.account_id, now)))
    audit.record(by, "record.updated", resource="records", resource_id=record.id, subjects=[record.patient_id])
