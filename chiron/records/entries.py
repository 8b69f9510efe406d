"""What a record says, as plain values: the common tongue of the API, of other apps and of imports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from chiron.records.words import Flag, Precision, RecordType, Sensitivity, Status


@dataclass(frozen=True, slots=True)
class Code:
    """A concept of a terminology; `system` is its URI, empty for a local word."""

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured value; `code` is the unit in UCUM, `unit` the unit as people write it."""

    value: Decimal
    unit: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class ReferenceRange:
    """What is usual, in the unit of the quantity; an open end is None."""

    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Everything that one record says about its patient.

    `title`, `description` and `content` will be sealed; everything else stays in clear, so no name and no free text
    belongs there. `content` is the JSON text of the original document and is kept byte for byte. `occurred_at` is the
    time of the event, aware, the beginning of what `occurred_precision` leaves open; without it the record stands in
    the timeline where it was recorded. `labels` are sorted, each once: who may not see all of them sees no such record.
    `flag` is not said by anybody: it follows from the quantity and the reference ranges when it is written.
    """

    record_type: RecordType
    title: str
    description: str = ""
    resource_type: str = ""
    clinical_status: str = ""
    codes: tuple[Code, ...] = ()
    occurred_at: datetime | None = None
    occurred_precision: Precision = Precision.INSTANT
    occurred_end: datetime | None = None
    quantity: Quantity | None = None
    reference_range: ReferenceRange | None = None
    encounter_id: UUID | None = None
    labels: tuple[Sensitivity, ...] = ()
    flag: Flag | None = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEntry(Statement):
    """A statement out of an import, with the identity it has at its source.

    `source_key` (at most 32 bytes, `vault.exact_index` of system and id) names the same statement in every run: an
    import of the same key creates it, updates it or leaves it unchanged. The database never sees the source's own id.
    """

    source_key: bytes
    status: Status = Status.ACTIVE
    author_provider_id: UUID | None = None


Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one entry."""

    source_key: bytes
    record_id: UUID
    outcome: Outcome


Outcomes = Sequence[Imported]  # in the order of the entries
