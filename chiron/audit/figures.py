"""Counts of events, for a first page; they name nobody, so reading them is no event."""

from collections import defaultdict
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import TruncDate

from chiron.audit.models import Event, Outcome
from chiron.kernel.access import Caller
from chiron.tenancy.public import current_organization_id


def events_by_day(by: Caller, since: datetime, zone: ZoneInfo) -> dict[date, tuple[int, int]]:
    """How many events of the organization there were on each day, and how many attempts more were not successful.

    One query; days are those of the zone. Raises NotPermitted.
    """
    by.scope("audit", "read")
    events = Event.objects.using("clinical").filter(organization_id=current_organization_id(), at__gte=since)
    grouped = (
        events.annotate(day=TruncDate("at", tzinfo=zone)).values_list("day", "outcome").annotate(count=Count("id"))
    )
    days: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for day, outcome, count in grouped.order_by("day", "outcome"):
        days[day][outcome != Outcome.SUCCESS] += count
    return {day: (done, refused) for day, (done, refused) in days.items()}
