"""What a laboratory's report brings into a patient's chart, for whoever may release, amend or withdraw the report."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.records.entries import Statement
from chiron.records.models import Record
from chiron.records.sealing import statement_of
from chiron.records.services.change import Change, advance
from chiron.records.services.telling import tell_of_result
from chiron.records.services.write import put, save_next
from chiron.records.words import Status
from chiron.registry.public import Patient
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import patient_safe


def record_results(
    *, by: Caller, patient: Patient, statements: Sequence[Statement], action: str, now: datetime
) -> list[Record]:
    """A record for each result, in order; the patient is told once of all. ``action`` is what is done with the report.

    Raises NotPermitted, RangeGoesDownward, UnitUnknown, UnitMismatch.
    """
    by.scope("laboratory-reports", action)
    records = [put(by, patient, each, now) for each in statements]
    for first in records[:1]:
        tell_of_result(by, first, now)
    return records


def withdraw_results(*, by: Caller, ids: Sequence[UUID], reason: str, action: str, now: datetime) -> None:
    """Enter these records in error, signed ones too: they and their versions are kept.

    ``action`` is what is done with the report. Raises NotPermitted.
    """
    by.scope("laboratory-reports", action)
    standing = Record.objects.standing().select_for_update().filter(id__in=ids).order_by("id")
    for record in standing:
        safe = patient_safe(current_organization_id(), record.patient_id)
        change = Change(Status.ENTERED_IN_ERROR, reason, by.account_id, now)
        save_next(record, advance(record, statement_of(record, safe), safe, change))
        audit.record(by, "record.withdrawn", resource="records", resource_id=record.id, subjects=[record.patient_id])
