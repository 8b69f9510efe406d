"""Blood counts of a file, classified row by row on behalf of who sent it: each once, whatever dies meanwhile."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from chiron.audit import public as audit
from chiron.files.public import Content, Manifest, erase_files, keep_file, manifest_of
from chiron.identity.public import caller_of
from chiron.jobs.public import enqueue
from chiron.kernel.access import Caller
from chiron.kernel.errors import DomainError, Invalid, NotFound, NotPermitted, invalid
from chiron.notifications.public import Kind, notify
from chiron.registry.public import laboratory_for
from chiron.screening import tasks
from chiron.screening.batch_file import AS_IT_COMES, Layout, Row, rows_of
from chiron.screening.errors import BundleMissing, ModelNotValidated, NoModelAnswers, OptedOut
from chiron.screening.models import Batch, BatchRow
from chiron.screening.services.classify import Asked, classify
from chiron.screening.standings import answering
from chiron.screening.words import BatchState, DecimalMark, Delimiter, Mode, Outcome
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import organization_safe

AT_A_TIME = 200
STUCK = timedelta(hours=24)
Errors = list[tuple[str, str]]


def begin_batch(
    *,
    by: Caller,
    file_id: UUID,
    manifest: Manifest,
    rows: int,
    layout: Layout = AS_IT_COMES,
    laboratory_id: UUID | None,
    mode: Mode,
    now: datetime,
) -> Batch:
    """Keep a file of blood counts that was understood, and have its rows classified from now on.

    Raises NotFound for a laboratory, Invalid for one that is not active, ModelNotValidated for clinical mode without an
    active model, NoModelAnswers, BundleMissing, UploadAbandoned.
    """
    by.scope("screening-batches", "create")
    by.scope("screenings", "create")
    if by.membership_id is None:
        raise NotPermitted
    if laboratory_id is not None and not laboratory_for(by, laboratory_id).active:
        raise invalid("is not active", "query", "laboratory")
    if answering(mode) is None:
        raise ModelNotValidated
    file = keep_file(file_id=file_id, manifest=manifest, safe=organization_safe(current_organization_id()))
    batch = Batch.objects.create(
        file=file, laboratory_id=laboratory_id, made_by=by.account_id, membership_id=by.membership_id, made_at=now,
        mode=mode, delimiter=layout.delimiter or "", decimal=layout.decimal or "", rows=rows, recorded_at=now,
        updated_at=now,
    )  # fmt: skip
    _record(by, "begun", batch)
    enqueue(tasks.run_batch, batch_id=batch.id, after=0)
    return batch


def run_batch(batch_id: UUID, *, after: int, now: datetime) -> None:
    """Classify the next rows of a batch of which so many are done, and ask for those after them.

    Rows, counts and the job that goes on commit together, so that a worker that is killed repeats what it has not done
    and nothing else. Whoever is no member any more, may not screen, or left the laboratory, gets no further answer;
    where no model answers any more, the batch ends with what it has.
    """
    running = Batch.objects.select_for_update(of=("self",)).filter(id=batch_id, state=BatchState.RUNNING, done=after)
    batch = running.select_related("file").first()
    if batch is None:
        return
    by = caller_of(batch.membership_id)
    try:
        if by is None:
            raise NotPermitted
        _go_on(replace(by, device="screening batch"), batch, now)
    except (NotPermitted, NotFound) as refusal:
        _end(by or Caller(), batch, BatchState.FAILED, now, failure=refusal.code)


def end_stuck_batches(now: datetime) -> int:
    """End batches at which nothing has happened for a day; how many those were."""
    stuck = Batch.objects.select_for_update().filter(state=BatchState.RUNNING, updated_at__lt=now - STUCK)
    for batch in (found := list(stuck)):
        _end(Caller(device="end_stuck_batches"), batch, BatchState.FAILED, now, failure="stuck")
    return len(found)


def _go_on(by: Caller, batch: Batch, now: datetime) -> None:
    if batch.laboratory_id:
        laboratory_for(by, batch.laboratory_id)
    made, failure = [], ""
    try:
        for row in _next_rows(batch):
            made.append(_classified(by, batch, row, now))
    except (ModelNotValidated, NoModelAnswers, BundleMissing) as refusal:  # before anything of that row was written
        failure = refusal.code
    BatchRow.objects.bulk_create(row for row, _ in made)
    outcomes = [outcome for _, outcome in made]
    batch.done += len(made)
    batch.classified += outcomes.count(Outcome.CLASSIFIED)
    batch.abstained += outcomes.count(Outcome.ABSTAINED)
    batch.refused += outcomes.count(None)
    batch.version, batch.updated_at = batch.version + 1, now
    batch.save(force_update=True)
    if failure:
        _end(by, batch, BatchState.FAILED, now, failure=failure)
    elif batch.done == batch.rows:
        _end(by, batch, BatchState.FINISHED, now)
    else:
        enqueue(tasks.run_batch, batch_id=batch.id, after=batch.done)


def _next_rows(batch: Batch) -> Iterator[Row]:
    organization_id = current_organization_id()
    manifest = manifest_of(batch.file, organization_safe(organization_id))
    layout = Layout(
        Delimiter(batch.delimiter) if batch.delimiter else None, DecimalMark(batch.decimal) if batch.decimal else None
    )
    rows = rows_of(Content(organization_id, batch.file_id, manifest).read(), layout)
    return islice(rows, batch.done, batch.done + AT_A_TIME)


def _classified(by: Caller, batch: Batch, row: Row, now: datetime) -> tuple[BatchRow, Outcome | None]:
    """What one line came to; None where it was refused."""
    if row.errors:
        return BatchRow(batch=batch, line=row.line, errors=row.errors), None
    asked = Asked(
        cbc=row.cbc, age=row.age, sex=row.sex or None, patient_id=row.patient_id, specimen_id=row.specimen_id,
        laboratory_id=batch.laboratory_id, pregnant=row.pregnant, treated_with_b12=row.treated_with_b12,
        mode=Mode(batch.mode),
    )  # fmt: skip
    try:
        screening = classify(by=by, asked=asked, now=now).screening
    except (Invalid, NotFound, OptedOut) as refusal:  # each before anything was written
        return BatchRow(batch=batch, line=row.line, errors=_why(refusal, row)), None
    return BatchRow(batch=batch, line=row.line, screening_id=screening.id), Outcome(screening.outcome)


def _why(refusal: DomainError, row: Row) -> Errors:
    match refusal:
        case OptedOut():
            return [("patient_id", "does not want to be screened")]
        case NotFound() if row.specimen_id:
            return [("specimen_id", "is none that you may examine")]
        case NotFound():
            return [("patient_id", "is nobody whom you may screen")]
        case _:
            return [(str(fault["loc"][-1]), fault["msg"]) for fault in refusal.errors]


def _end(by: Caller, batch: Batch, state: BatchState, now: datetime, *, failure: str = "") -> None:
    """Nothing more is done for a batch: its file goes, and who sent it is told."""
    batch.state, batch.failure, batch.finished_at = state, failure, now
    batch.version, batch.updated_at = batch.version + 1, now
    batch.save(force_update=True)
    erase_files([batch.file_id])
    enqueue(tasks.remove_batch_file, file_id=batch.file_id)
    told = [batch.made_by] if batch.made_by else []
    notify(kind=Kind.BATCH_ENDED, to=told, resource="screening-batches", resource_id=batch.id, now=now)
    _record(by, state, batch)


def _record(by: Caller, what: str, batch: Batch) -> None:
    said = {name: getattr(batch, name) for name in ("mode", "rows", "classified", "abstained", "refused", "failure")}
    audit.record(by, f"screening-batch.{what}", resource="screening-batches", resource_id=batch.id, payload=said)
