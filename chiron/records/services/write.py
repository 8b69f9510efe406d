"""Writing, amending and withdrawing a record."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Scope
from chiron.kernel.db import CLINICAL, refusing
from chiron.kernel.errors import NotPermitted
from chiron.kernel.versions import expect
from chiron.postgres.at_commit import insert
from chiron.records.entries import Statement
from chiron.records.errors import (
    EnteredInError,
    EventEndsBeforeItBegins,
    RangeGoesDownward,
    ReasonRequired,
    RecordSigned,
)
from chiron.records.models import Record, RecordVersion
from chiron.records.queries import said_in
from chiron.records.rules import must_make_sense
from chiron.records.sealing import Stated, inscribe, statement_of
from chiron.records.services.anchor import follow_words
from chiron.records.services.change import Change, advance
from chiron.records.services.flag import flagged
from chiron.records.services.telling import tell_of_result
from chiron.records.words import Sensitivity, Status
from chiron.registry.public import Patient
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import Safe, patient_safe


def write_record(
    *, by: Caller, patient: Patient, statement: Statement, now: datetime, addendum_to: Record | None = None
) -> Record:
    """State something about a patient, whom the caller has reached through the registry's door.

    A measured result is flagged. Raises EventEndsBeforeItBegins, RangeGoesDownward, UnitUnknown, UnitMismatch.
    """
    by.scope("records", "create")
    return state(by, patient, statement, now, addendum_to)


def state(
    by: Caller, patient: Patient, statement: Statement, now: datetime, addendum_to: Record | None = None
) -> Record:
    """Write a record and tell of it, for a verb that has asked whether the caller may."""
    record = put(by, patient, statement, now, addendum_to)
    tell_of_result(by, record, now)
    return record


def put(by: Caller, patient: Patient, statement: Statement, now: datetime, addendum_to: Record | None = None) -> Record:
    """Write the row and the event of a record, of which the verb tells."""
    statement = flagged(statement, patient, now)
    record = Record(
        patient_id=patient.id,
        author_account=by.account_id,
        author_provider_id=by.provider_id,
        changed_by=by.account_id,
        addendum_to=addendum_to,
        recorded_at=now,
        updated_at=now,
    )
    inscribe(record, statement, patient_safe(current_organization_id(), patient.id))
    must_make_sense(statement)  # asked here too, for the constraints' answer costs a savepoint
    insert(record, using=CLINICAL)
    audit.record(by, "record.created", resource="records", resource_id=record.id, subjects=[patient.id])
    return record


MEASURED = frozenset({"quantity", "reference_range", "codes", "occurred_at", "occurred_precision"})


def amend_record(
    *,
    by: Caller,
    record: Record,
    changes: Mapping[str, Any],
    if_match: int | None = None,
    reason: str = "",
    now: datetime,
) -> Stated:
    """Let a record, reached through `record_for(..., "update")`, say something else; what it said is kept.

    `changes` are fields of a `Statement`; what is not among them stays. Of a signed record only the labels change. Who
    reaches only their own records (a patient) amends only what they wrote themselves.
    Raises NotPermitted, StaleVersion, EnteredInError, RecordSigned, EventEndsBeforeItBegins, RangeGoesDownward,
    UnitUnknown, UnitMismatch.
    """
    must_be_author(by, record, "update")
    expect(record, if_match)
    must_be_open(record, but_for_labels=set(changes) == {"labels"})
    safe = patient_safe(current_organization_id(), record.patient_id)
    before = statement_of(record, safe)
    statement = replace(before, **changes)
    if not changes.keys().isdisjoint(MEASURED):
        statement = flagged(statement, record.patient, now)
    save_next(record, advance(record, statement, safe, Change(Status.ACTIVE, reason, by.account_id, now)))
    follow_words(record, before, statement, safe)
    relabelled = {"labels": list(statement.labels), "before": list(before.labels)}
    audit.record(
        by, "record.updated", resource="records", resource_id=record.id, subjects=[record.patient_id],
        payload=relabelled if statement.labels != before.labels else None,
    )  # fmt: skip
    label_addenda(by, record, statement.labels, safe, now)
    return Stated(record, statement)


def restore_version(
    *, by: Caller, record: Record, version: int, if_match: int | None = None, reason: str = "", now: datetime
) -> Stated:
    """Let a record, reached through `record_for(..., "update")`, say again what one of its versions said.

    That is a new version; none is lost. The labels stay as they are. Raises NotPermitted, StaleVersion, EnteredInError,
    RecordSigned, NotFound for a version that there never was.
    """
    must_be_author(by, record, "update")
    expect(record, if_match)
    must_be_open(record)
    safe = patient_safe(current_organization_id(), record.patient_id)
    before = statement_of(record, safe)
    statement = replace(said_in(record, version, safe), labels=before.labels)
    save_next(record, advance(record, statement, safe, Change(Status.ACTIVE, reason, by.account_id, now)))
    follow_words(record, before, statement, safe, restored=version)
    audit.record(by, "record.restored", resource="records", resource_id=record.id, subjects=[record.patient_id])
    return Stated(record, statement)


def enter_in_error(
    *, by: Caller, record: Record, if_match: int | None = None, reason: str = "", now: datetime
) -> Record:
    """Withdraw a record: it and its versions are kept, lists no longer show it. A second time changes nothing.

    Raises NotPermitted, StaleVersion, ReasonRequired for a signed record.
    """
    must_be_author(by, record, "delete")
    expect(record, if_match)
    if record.status != Status.ENTERED_IN_ERROR:
        if record.signed_at and not reason.strip():
            raise ReasonRequired
        safe = patient_safe(current_organization_id(), record.patient_id)
        change = Change(Status.ENTERED_IN_ERROR, reason, by.account_id, now)
        save_next(record, advance(record, statement_of(record, safe), safe, change))
    audit.record(by, "record.withdrawn", resource="records", resource_id=record.id, subjects=[record.patient_id])
    return record


def must_be_author(by: Caller, record: Record, action: str) -> None:
    if by.scope("records", action) is Scope.OWN and record.author_account != by.account_id:
        raise NotPermitted


def label_addenda(by: Caller, record: Record, labels: Iterable[Sensitivity], safe: Safe, now: datetime) -> None:
    """What was added to a record is no less delicate than the record: its addenda get the labels that they lack."""
    for addendum in Record.objects.select_for_update().filter(addendum_to=record).order_by("id"):
        said = statement_of(addendum, safe)
        together = tuple(sorted({*said.labels, *labels}))
        if together == said.labels:
            continue
        change = Change(Status(addendum.status), "", by.account_id, now)
        save_next(addendum, advance(addendum, replace(said, labels=together), safe, change))
        label_addenda(by, addendum, together, safe, now)


def must_be_open(record: Record, *, but_for_labels: bool = False) -> None:
    """A record still takes changes unless it was withdrawn or signed; the row must be locked."""
    if record.status == Status.ENTERED_IN_ERROR:
        raise EnteredInError
    if record.signed_at and not but_for_labels:
        raise RecordSigned


def save_next(record: Record, kept: list[RecordVersion]) -> None:
    with refusing_nonsense():
        record.save(force_update=True)
    RecordVersion.objects.bulk_create(kept)


def refusing_nonsense() -> AbstractContextManager[None]:
    return refusing(
        CLINICAL,
        an_event_ends_after_it_begins=EventEndsBeforeItBegins,
        a_range_goes_upward=RangeGoesDownward,
    )
