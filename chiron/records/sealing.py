"""Between statements and rows: what goes in clear, what goes sealed, and what a row says when it is opened."""

from dataclasses import asdict, dataclass
from typing import Any, cast
from uuid import UUID

from chiron.records.anchors import Passage
from chiron.records.entries import Code, Quantity, ReferenceRange, Statement
from chiron.records.models import Anchor, Record, RecordVersion
from chiron.records.rules import code_keys, state_of, timeline_place
from chiron.records.words import Flag, Precision, RecordType, Sensitivity
from chiron.vault.public import Safe


@dataclass(frozen=True, slots=True)
class Text:
    """The sealed words of a record; `reason` says why this version came to be, where somebody said so."""

    title: str
    description: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Stated:
    """A record together with what it says."""

    record: Record
    statement: Statement


def inscribe(record: Record, statement: Statement, safe: Safe, *, reason: str = "") -> None:
    """Write a statement on a row, which must already carry its id and version: both are sealed in."""
    quantity, usual = statement.quantity, statement.reference_range
    record.record_type = statement.record_type
    record.resource_type = statement.resource_type
    record.clinical_status = statement.clinical_status
    record.codes = [{"system": code.system, "code": code.code, "display": code.display} for code in statement.codes]
    record.code_keys = code_keys(statement.codes)
    record.occurred_at = statement.occurred_at
    record.occurred_precision = statement.occurred_precision
    record.occurred_end = statement.occurred_end
    record.timeline_at = timeline_place(statement, record.recorded_at)
    record.quantity_value = quantity and quantity.value
    record.quantity_unit = quantity.unit if quantity else ""
    record.quantity_code = quantity.code if quantity else ""
    record.range_low = usual and usual.low
    record.range_high = usual and usual.high
    record.encounter_id = statement.encounter_id
    record.labels = list(statement.labels)
    record.flag = statement.flag
    text = {"title": statement.title, "description": statement.description, "reason": reason}
    record.text = safe.seal(record, "text", text)
    record.content = None if statement.content is None else safe.seal(record, "content", statement.content.decode())


def text_of(record: Record, safe: Safe) -> Text:
    return Text(**cast("dict[str, str]", safe.open(record, "text")))


def content_of(row: Record | RecordVersion, safe: Safe) -> bytes | None:
    """The JSON text of the original document, byte for byte as it came."""
    return None if row.content is None else cast("str", safe.open(row, "content")).encode()


def statement_of(record: Record, safe: Safe) -> Statement:
    """All that a record says, opened."""
    text = text_of(record, safe)
    return Statement(
        record_type=RecordType(record.record_type),
        title=text.title,
        description=text.description,
        resource_type=record.resource_type,
        clinical_status=record.clinical_status,
        codes=tuple(Code(**code) for code in record.codes),
        occurred_at=record.occurred_at,
        occurred_precision=Precision(record.occurred_precision),
        occurred_end=record.occurred_end,
        quantity=quantity_of(record),
        reference_range=range_of(record),
        encounter_id=record.encounter_id,
        labels=tuple(Sensitivity(label) for label in record.labels),
        flag=Flag(record.flag) if record.flag else None,
        content=content_of(record, safe),
    )


def quantity_of(record: Record) -> Quantity | None:
    if record.quantity_value is None:
        return None
    return Quantity(record.quantity_value, record.quantity_unit, record.quantity_code)


def range_of(record: Record) -> ReferenceRange | None:
    if record.range_low is None and record.range_high is None:
        return None
    return ReferenceRange(record.range_low, record.range_high)


def passage_of(anchor: Anchor, safe: Safe) -> Passage:
    return Passage(**cast("dict[str, Any]", safe.open(anchor, "passage")))


def anchor_of(annotation_id: UUID, record_version: int, passage: Passage, safe: Safe) -> Anchor:
    """The row, not yet saved, that keeps where the words of an annotation stand from that version on."""
    anchor = Anchor(annotation_id=annotation_id, record_version=record_version)
    anchor.passage = safe.seal(anchor, "passage", asdict(passage))
    return anchor


def version_of(record: Record, statement: Statement, safe: Safe, *, reason: str) -> RecordVersion:
    """The row, not yet saved, that keeps what a record says now."""
    kept = RecordVersion(
        record=record,
        version=record.version,
        changed_at=record.updated_at,
        changed_by=record.changed_by,
        status=record.status,
    )
    kept.state = safe.seal(kept, "state", state_of(statement, reason))
    kept.content = None if statement.content is None else safe.seal(kept, "content", statement.content.decode())
    return kept
