"""Records as the API takes and shows them."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    Field,
    JsonValue,
    PlainValidator,
    TypeAdapter,
    WithJsonSchema,
)

from chiron.kernel.schemas import MAX_INT, Body, Plain
from chiron.records.anchors import Passage
from chiron.records.attachments import Attached
from chiron.records.entries import Code, Quantity, ReferenceRange, Statement
from chiron.records.models import Record
from chiron.records.queries import Comparison, Filters, Remark, Version
from chiron.records.sealing import Text, quantity_of, range_of
from chiron.records.words import Flag, Part, Precision, RecordType, Sensitivity, Status, Visibility


def within_history(instant: datetime) -> datetime:
    if not 1800 <= instant.year <= 2200:
        raise ValueError("an event lies between the years 1800 and 2200")
    return instant.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(within_history)]
INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


def read_moment(text: object) -> datetime | date:
    """A day (2026-05-04) or an instant with its offset."""
    if not isinstance(text, str) or len(text) != len("2026-05-04"):
        return INSTANT.validate_python(text)
    day = date.fromisoformat(text)
    within_history(datetime.combine(day, time(), UTC))
    return day


Moment = Annotated[
    datetime | date, PlainValidator(read_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
Measured = Annotated[Decimal, Field(max_digits=20, decimal_places=10), Plain]
Short = Annotated[str, Field(max_length=64)]
Title = Annotated[str, Field(min_length=1, max_length=300)]
Reason = Annotated[str, Field(max_length=2_000)]


class CodeIn(Body):
    system: str = Field("", max_length=200, examples=["http://loinc.org"])
    code: str = Field(min_length=1, max_length=100, examples=["4548-4"])
    display: str = Field("", max_length=300, examples=["Hemoglobin A1c"])


class QuantityIn(Body):
    value: Measured
    unit: Short = Field("", examples=["%"])
    code: Short = Field("", description="The unit in UCUM.", examples=["%"])


class RangeIn(Body):
    low: Measured | None = None
    high: Measured | None = None


class StatementIn(Body):
    """What can be said of a patient in one record."""

    record_type: RecordType
    title: Title = Field(examples=["Headache"])
    description: str = Field("", max_length=50_000, examples=["Since Sunday, worse in the morning."])
    clinical_status: Short = ""
    codes: list[CodeIn] = Field(default=[], max_length=50)
    occurred_at: Instant | None = None
    occurred_precision: Precision = Precision.INSTANT
    occurred_end: Instant | None = None
    quantity: QuantityIn | None = None
    reference_range: RangeIn | None = None
    encounter_id: UUID | None = None
    labels: list[Sensitivity] = Field(
        [], max_length=len(Sensitivity), description="Only who is cleared for all sees it."
    )
    content: dict[str, JsonValue] | None = Field(None, description="The original document, kept whole.")

    def said(self) -> dict[str, Any]:
        """What was sent, in the words of a `Statement`."""
        said = {name: getattr(self, name) for name in StatementIn.model_fields if name in self.model_fields_set}
        if "codes" in said:
            said["codes"] = tuple(Code(code.system, code.code, code.display) for code in self.codes)
        if self.quantity:
            said["quantity"] = Quantity(self.quantity.value, self.quantity.unit, self.quantity.code)
        if self.reference_range:
            said["reference_range"] = ReferenceRange(self.reference_range.low, self.reference_range.high)
        if "labels" in said:
            said["labels"] = tuple(sorted(set(self.labels)))
        if self.content is not None:
            said["content"] = orjson.dumps(self.content)
        return said


class NewRecord(StatementIn):
    patient_id: UUID | None = Field(None, description="Whom it is about; a patient may leave it out.")

    def statement(self) -> Statement:
        return Statement(**self.said())


class RecordChanges(StatementIn):
    """What is not sent stays as it is."""

    record_type: RecordType = Field(default_factory=lambda: RecordType.OTHER)
    title: Title = Field(default_factory=str, examples=["Migraine"])
    reason: Reason = Field("", examples=["Seen by the neurologist"])


class Withdrawal(Body):
    reason: Reason = Field("", examples=["Written about another patient"])


class RecordQuery(BaseModel):
    """Which part of the timeline to list."""

    patient: UUID | None = None
    type: RecordType | None = None
    since: Moment | None = Field(None, alias="from", description="The earliest instant, or the first day.")
    until: Moment | None = Field(None, alias="to", description="The instant before which records lie, or the last day.")
    status: Status = Status.ACTIVE
    addendum_to: UUID | None = Field(None, description="Only what was added to this record.")

    def filters(self) -> Filters:
        return Filters(self.patient, self.type, self.since, self.until, self.status, self.addendum_to)


class TargetIn(Body):
    """Words of the record, with their place in Unicode code points; `end` is the place after the last."""

    field: Part = Part.DESCRIPTION
    start: int = Field(ge=0, le=MAX_INT, examples=[6])
    end: int = Field(ge=1, le=MAX_INT, examples=[12])
    quote: str = Field(min_length=1, max_length=5_000, examples=["Sunday"])

    def passage(self) -> Passage:
        return Passage(self.field, self.start, self.end, self.quote)


class NewAnnotation(Body):
    content: str = Field(min_length=1, max_length=20_000, examples=["Better since Monday."])
    visibility: Visibility = Visibility.CARE_TEAM
    target: TargetIn | None = Field(None, description="The words that it is about; else the whole record.")


class AnnotationOnRecord(NewAnnotation):
    record_id: UUID


class CodeOut(BaseModel):
    system: str
    code: str
    display: str


class QuantityOut(BaseModel):
    value: float
    unit: str
    code: str

    @classmethod
    def of(cls, quantity: Quantity | None) -> Self | None:
        if quantity is None:
            return None
        return cls(value=float(quantity.value), unit=quantity.unit, code=quantity.code)


class RangeOut(BaseModel):
    low: float | None
    high: float | None

    @classmethod
    def of(cls, usual: ReferenceRange | None) -> Self | None:
        if usual is None:
            return None
        return cls(low=as_float(usual.low), high=as_float(usual.high))


def as_float(number: Decimal | None) -> float | None:
    return None if number is None else float(number)


class AuthorOut(BaseModel):
    """Who wrote it: the account that was signed in, and the provider who says so."""

    account_id: UUID | None
    provider_id: UUID | None


class StatementOut(BaseModel):
    record_type: RecordType
    resource_type: str
    title: str
    description: str
    clinical_status: str
    codes: list[CodeOut]
    occurred_at: datetime | None
    occurred_precision: Precision
    occurred_end: datetime | None
    quantity: QuantityOut | None
    reference_range: RangeOut | None
    flag: Flag | None = Field(description="How the result lies to what was usual when it was written.")
    encounter_id: UUID | None
    labels: list[Sensitivity]


class RecordOut(StatementOut):
    id: UUID
    patient_id: UUID
    status: Status
    author: AuthorOut
    recorded_at: datetime
    updated_at: datetime
    signed_at: datetime | None
    addendum_to: UUID | None
    version: int

    @classmethod
    def of(cls, record: Record, text: Text, **more: Any) -> Self:
        said = dict(
            id=record.id,
            patient_id=record.patient_id,
            record_type=record.record_type,
            resource_type=record.resource_type,
            status=record.status,
            clinical_status=record.clinical_status,
            title=text.title,
            description=text.description,
            codes=record.codes,
            occurred_at=record.occurred_at,
            occurred_precision=record.occurred_precision,
            occurred_end=record.occurred_end,
            quantity=QuantityOut.of(quantity_of(record)),
            reference_range=RangeOut.of(range_of(record)),
            encounter_id=record.encounter_id,
            labels=record.labels,
            flag=record.flag,
            author={"account_id": record.author_account, "provider_id": record.author_provider_id},
            recorded_at=record.recorded_at,
            updated_at=record.updated_at,
            signed_at=record.signed_at,
            addendum_to=record.addendum_to_id,
            version=record.version,
            **more,
        )
        return cls.model_validate(said)


class WholeRecordOut(RecordOut):
    content: dict[str, Any] | None


class RecordEnvelope(BaseModel):
    record: WholeRecordOut

    @classmethod
    def of(cls, record: Record, statement: Statement) -> Self:
        text = Text(statement.title, statement.description)
        content = statement.content and orjson.loads(statement.content)
        return cls(record=WholeRecordOut.of(record, text, content=content))


class RecordList(BaseModel):
    records: list[RecordOut]
    next: str | None


class VersionOut(StatementOut):
    version: int
    status: Status
    changed_at: datetime
    changed_by: UUID | None
    reason: str

    @classmethod
    def of(cls, version: Version) -> Self:
        said = version.statement
        return cls(
            version=version.version,
            status=version.status,
            changed_at=version.changed_at,
            changed_by=version.changed_by,
            reason=version.reason,
            record_type=said.record_type,
            resource_type=said.resource_type,
            title=said.title,
            description=said.description,
            clinical_status=said.clinical_status,
            codes=[CodeOut(system=code.system, code=code.code, display=code.display) for code in said.codes],
            occurred_at=said.occurred_at,
            occurred_precision=said.occurred_precision,
            occurred_end=said.occurred_end,
            quantity=QuantityOut.of(said.quantity),
            reference_range=RangeOut.of(said.reference_range),
            encounter_id=said.encounter_id,
            labels=list(said.labels),
            flag=said.flag,
        )


class VersionList(BaseModel):
    versions: list[VersionOut]
    next: str | None


VersionNumber = Annotated[int, Field(ge=1, le=MAX_INT)]


class DiffQuery(BaseModel):
    """Which versions to compare."""

    before: VersionNumber | None = Field(None, alias="from", description="The earlier; else the one before `to`.")
    after: VersionNumber | None = Field(None, alias="to", description="The later; else the present one.")


class DifferenceOut(BaseModel):
    op: Literal["add", "remove", "replace"]
    path: str = Field(description="A JSON Pointer (RFC 6901) into the statement; `/content/…` is the original.")
    before: Any
    after: Any


class DiffEnvelope(BaseModel):
    before: int = Field(serialization_alias="from")
    after: int = Field(serialization_alias="to")
    differences: list[DifferenceOut]

    @classmethod
    def of(cls, found: Comparison) -> Self:
        shown = [DifferenceOut(op=each.op, path=each.path, before=each.before, after=each.after)
                 for each in found.differences]  # fmt: skip
        return cls(before=found.before, after=found.after, differences=shown)


class TargetOut(BaseModel):
    """Where the quoted words stand in the present version; an orphan has lost its place."""

    field: Part
    start: int | None
    end: int | None
    quote: str
    orphaned: bool

    @classmethod
    def of(cls, passage: Passage | None) -> Self | None:
        if passage is None:
            return None
        return cls(field=passage.part, start=passage.start, end=passage.end, quote=passage.quote,
                   orphaned=passage.orphaned)  # fmt: skip


class AnnotationOut(BaseModel):
    id: UUID
    record_id: UUID
    content: str
    visibility: Visibility
    author: AuthorOut
    created_at: datetime
    target: TargetOut | None

    @classmethod
    def of(cls, remark: Remark) -> Self:
        annotation = remark.annotation
        return cls(
            id=annotation.id,
            record_id=annotation.record_id,
            content=remark.content,
            target=TargetOut.of(remark.passage),
            visibility=Visibility(annotation.visibility),
            author=AuthorOut(account_id=annotation.author_account, provider_id=annotation.author_provider_id),
            created_at=annotation.recorded_at,
        )


class AnnotationEnvelope(BaseModel):
    annotation: AnnotationOut


class AnnotationList(BaseModel):
    annotations: list[AnnotationOut]
    next: str | None


class AttachmentOut(BaseModel):
    id: UUID
    record_id: UUID
    name: str
    content_type: str
    size: int = Field(description="In bytes.")
    sha256: str = Field(description="Of the whole content, in hexadecimal.")
    status: Status
    author: AuthorOut
    created_at: datetime
    version: int

    @classmethod
    def of(cls, attached: Attached) -> Self:
        attachment, manifest = attached.attachment, attached.manifest
        return cls(
            id=attachment.id,
            record_id=attachment.record_id,
            name=attached.name,
            content_type=manifest.content_type,
            size=manifest.size,
            sha256=manifest.sha256,
            status=Status(attachment.status),
            author=AuthorOut(account_id=attachment.author_account, provider_id=attachment.author_provider_id),
            created_at=attachment.recorded_at,
            version=attachment.version,
        )


class AttachmentEnvelope(BaseModel):
    attachment: AttachmentOut


class AttachmentList(BaseModel):
    attachments: list[AttachmentOut]
    next: str | None


class LinkOut(BaseModel):
    url: str = Field(description="An address on this server.")
    expires_at: datetime


class LinkEnvelope(BaseModel):
    link: LinkOut
