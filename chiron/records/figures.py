"""Counts of records, for a first page; they name nobody, so reading them is no event."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import TruncDate

from chiron.kernel.access import Caller
from chiron.kernel.ids import first_id
from chiron.records.models import Record
from chiron.records.queries import records_within
from chiron.records.words import RecordType


@dataclass(frozen=True, slots=True)
class Written:
    """How many records were written, by day and by type."""

    days: dict[date, int]
    types: dict[str, int]


def written_since(by: Caller, since: datetime, zone: ZoneInfo) -> Written:
    """What was written from an instant on, by one query; days are those of the zone. Raises NotPermitted.

    It walks the primary key, whose ids (UUIDv7) begin with the time at which they were made.
    """
    by.scope("records", "read")
    records = Record.objects.standing().filter(id__gte=first_id(since), patient__erased_at=None)
    days: Counter[date] = Counter()
    types: Counter[str] = Counter()
    grouped = records.annotate(day=TruncDate("recorded_at", tzinfo=zone)).values_list("day", "record_type")
    for day, kind, count in grouped.annotate(count=Count("id")).order_by("day", "record_type"):
        days[day] += count
        types[kind] += count
    return Written(dict(days), dict(types.most_common()))


@dataclass(frozen=True, slots=True)
class WrittenBy:
    """So many records of a type were written on a day by a provider, or by nobody who treats."""

    day: date
    provider_id: UUID | None
    record_type: RecordType
    number: int


def written_by(by: Caller, since: datetime, until: datetime, zone: ZoneInfo) -> list[WrittenBy]:
    """What was written, of what the caller may read and was no error, by one query; days are those of the zone.

    Nothing of patients who were erased is counted; what is said of one who was merged with another still is. Raises
    NotPermitted.
    """
    records = records_within(by, "read").standing().filter(id__gte=first_id(since), patient__erased_at=None)
    grouped = (
        records.filter(recorded_at__gte=since, recorded_at__lt=until)
        .annotate(day=TruncDate("recorded_at", tzinfo=zone))
        .values_list("day", "author_provider_id", "record_type")
        .annotate(number=Count("id"))
    )
    rows = grouped.order_by("day", "author_provider_id", "record_type")
    return [WrittenBy(day, who, RecordType(kind), number) for day, who, kind, number in rows]
