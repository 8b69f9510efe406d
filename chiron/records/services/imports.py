"""Taking in many statements about one patient at once."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Scope
from chiron.kernel.db import refusing, take_turns
from chiron.records.entries import Imported, Outcome, Outcomes, RecordEntry
from chiron.records.errors import StatementOfAnotherPatient, StatementTwice
from chiron.records.models import Record, RecordVersion
from chiron.records.rules import fingerprint
from chiron.records.sealing import inscribe
from chiron.records.services.anchor import follow_words, quoted_texts
from chiron.records.services.change import Change, advance
from chiron.records.services.flag import Flagging
from chiron.records.services.write import refusing_nonsense
from chiron.records.words import Sensitivity
from chiron.registry.public import patient_within
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import Safe, exact_index


@dataclass(frozen=True, slots=True)
class Known:
    """A statement that an earlier import brought."""

    record_id: UUID
    patient_id: UUID
    digest: bytes


def import_records(
    *, by: Caller, patient_id: UUID, safe: Safe, entries: Sequence[RecordEntry], now: datetime, source: str = ""
) -> Outcomes:
    """Bring the statements of one source about one patient up to date, in a fixed number of queries.

    An entry is created, updated (what it said before is kept) or, when its source says the same as the last time,
    left alone: what people have amended since stays, and what was signed is never changed; no import takes a label
    away. One event, whose payload counts the outcomes and names `source`.
    Raises StatementTwice, StatementOfAnotherPatient, EventEndsBeforeItBegins, RangeGoesDownward; then nothing is kept.
    """
    by.scope("records", "create")
    if len({entry.source_key for entry in entries}) < len(entries):
        raise StatementTwice
    take_turns("clinical", patient_id)
    known = known_statements(entry.source_key for entry in entries)
    if any(statement.patient_id != patient_id for statement in known.values()):
        raise StatementOfAnotherPatient
    flagging = Flagging(entries, patient_within(by, Scope.ORGANIZATION, patient_id), now)
    news = [(flagging.flagged(entry), digest_of(entry)) for entry in entries]
    created = [(e, digest) for e, digest in news if e.source_key not in known]
    updated = [(e, digest) for e, digest in news if e.source_key in known and known[e.source_key].digest != digest]
    with refusing_nonsense(), refusing("clinical", a_statement_is_imported_once=StatementOfAnotherPatient):
        ids = create(by, patient_id, safe, created, now) | update(by, safe, updated, now)
    outcomes = [outcome_of(entry, known, ids) for entry in entries]
    audit.record(by, "record.imported", resource="records", subjects=[patient_id], payload=counts(outcomes, source))
    return outcomes


def known_statements(keys: Iterable[bytes]) -> dict[bytes, Known]:
    rows = Record.objects.filter(source_key__in=list(keys)).values_list(
        "source_key", "id", "patient_id", "source_digest"
    )
    return {plain(key): Known(id, patient_id, plain(digest)) for key, id, patient_id, digest in rows}


def plain(column: bytes | memoryview | None) -> bytes:
    return bytes(column or b"")


def digest_of(entry: RecordEntry) -> bytes:
    """Keyed, so that nobody can try out against the database what a record might say."""
    return exact_index(current_organization_id(), "record-source", fingerprint(entry))


Entries = list[tuple[RecordEntry, bytes]]


def create(by: Caller, patient_id: UUID, safe: Safe, entries: Entries, now: datetime) -> dict[bytes, UUID]:
    records = []
    for entry, digest in entries:
        record = Record(
            patient_id=patient_id,
            status=entry.status,
            author_account=by.account_id,
            author_provider_id=entry.author_provider_id,
            changed_by=by.account_id,
            source_key=entry.source_key,
            source_digest=digest,
            recorded_at=now,
            updated_at=now,
        )
        inscribe(record, entry, safe)
        records.append(record)
    Record.objects.bulk_create(records, batch_size=500)
    return {entry.source_key: record.id for (entry, _), record in zip(entries, records, strict=True)}


def update(by: Caller, safe: Safe, entries: Entries, now: datetime) -> dict[bytes, UUID]:
    rows = Record.objects.select_for_update().filter(source_key__in=[entry.source_key for entry, _ in entries])
    records = {plain(row.source_key): row for row in rows if not row.signed_at} if entries else {}
    quoted = quoted_texts(records.values(), safe) if records else {}
    kept: list[RecordVersion] = []
    for entry, digest in entries:
        record = records.get(entry.source_key)
        if record is None:
            continue
        record.source_digest, record.author_provider_id = digest, entry.author_provider_id
        labels = tuple(sorted({*entry.labels, *(Sensitivity(label) for label in record.labels)}))
        kept += advance(record, replace(entry, labels=labels), safe, Change(entry.status, "", by.account_id, now))
    if records:
        changing = [field.name for field in Record._meta.concrete_fields if field.name not in {"id", "recorded_at"}]
        Record.objects.bulk_create(
            records.values(), batch_size=500, update_conflicts=True, unique_fields=["id"], update_fields=changing
        )
        RecordVersion.objects.bulk_create(kept, batch_size=500)
    for entry, _ in entries:
        record = records.get(entry.source_key)
        if record is not None and record.id in quoted:
            follow_words(record, quoted[record.id], entry, safe)
    return {key: record.id for key, record in records.items()}


def outcome_of(entry: RecordEntry, known: dict[bytes, Known], ids: dict[bytes, UUID]) -> Imported:
    key = entry.source_key
    if key not in ids:
        return Imported(key, known[key].record_id, "unchanged")
    outcome: Outcome = "updated" if key in known else "created"
    return Imported(key, ids[key], outcome)


def counts(outcomes: Outcomes, source: str) -> dict[str, object]:
    return {"source": source, **Counter(imported.outcome for imported in outcomes)}
