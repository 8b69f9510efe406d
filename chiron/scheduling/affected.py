"""Appointments for which nobody receives any more: hours were changed under them, or a holiday came over them.

They stand until somebody decides: see `chiron.scheduling.services.decide`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Max, Min

from chiron.kernel.access import Caller
from chiron.kernel.pagination import Page, page_of, sifted
from chiron.kernel.schemas import PageQuery
from chiron.registry.public import Provider, departments_of
from chiron.scheduling.diary import availability_of, closed_to, span_of
from chiron.scheduling.doors import appointments_within
from chiron.scheduling.models import Appointment, Closure, Schedule
from chiron.scheduling.wallclock import DAY, Span, as_if_utc, spans_of, wall_of, within, without
from chiron.scheduling.words import EXPECTED, Status

if TYPE_CHECKING:
    from django.db.models import QuerySet

Walls = Sequence[tuple[datetime, datetime]]

SOONEST_FIRST = ("starts_at", "id")


def to_come(by: Caller, now: datetime) -> "QuerySet[Appointment]":
    """The appointments to come of which the caller decides."""
    return appointments_within(by, "decide").filter(status__in=[Status.HELD, *EXPECTED], starts_at__gt=now)


def beyond_hours(by: Caller, schedule: Schedule, query: PageQuery, now: datetime) -> Page[Appointment]:
    """A page of a doctor's appointments to come that do not lie in the hours, the first to come first."""
    coming = to_come(by, now).filter(provider=schedule.provider_id)
    ends = coming.aggregate(first=Min("starts_at"), last=Max("starts_at"))
    if ends["first"] is None:
        return page_of([], query.limit, SOONEST_FIRST)
    zone = ZoneInfo(schedule.time_zone)
    first, last = (wall_of(ends[each], zone).date() for each in ("first", "last"))
    open_spans = availability_of(schedule, first, last).open_between(first - DAY, last + DAY)
    return sifted(coming, query, lambda each: not within(Span(each.starts_at, each.ends_at), open_spans), SOONEST_FIRST)


def under(by: Caller, closure: Closure, query: PageQuery, now: datetime) -> Page[Appointment]:
    """A page of the appointments to come that a holiday takes a part of, the first to come first."""
    start, end = span_of(closure)
    closed = {each.id: walls for each, walls in concerned(closure)}
    near = to_come(by, now).filter(starts_at__lt=as_if_utc(end + DAY), ends_at__gt=as_if_utc(start - DAY))
    return sifted(near.filter(provider__in=closed), query, _touching(closed), SOONEST_FIRST)


def concerned(closure: Closure) -> list[tuple[Provider, Walls]]:
    """Whom a closure concerns among those who ever said when they receive, and at which wall times."""
    receiving = list(Provider.objects.filter(id__in=Schedule.objects.values("provider")))
    works = departments_of([each.id for each in receiving], closure.from_day, closure.until_day)
    found = [(each, closed_to(closure, each.id, works.get(each.id, ()))) for each in receiving]
    return [(provider, walls) for provider, walls in found if walls]


def subjects_of(affected: Page[Appointment]) -> list[UUID]:
    """The patients who are told of."""
    return [each.patient_id for each in affected.rows]


def _touching(closed: Mapping[UUID, Walls]) -> Callable[[Appointment], bool]:
    """Whether the wall times take a part of an appointment, by the clock on which it was agreed."""
    known: dict[tuple[UUID, str], list[Span]] = {}

    def touches(each: Appointment) -> bool:
        key = (each.provider_id, each.zone)
        if key not in known:
            walls = closed[each.provider_id]
            known[key] = [span for wall in walls for span in spans_of(*wall, ZoneInfo(each.zone))]
        itself = Span(each.starts_at, each.ends_at)
        return without([itself], known[key]) != [itself]

    return touches
