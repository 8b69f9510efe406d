"""Counts of records, for a first page; they name nobody, so reading them is no event."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import TruncDate

from chiron.kernel.access import Caller
from chiron.kernel.ids import first_id
from chiron.records.models import Record


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
