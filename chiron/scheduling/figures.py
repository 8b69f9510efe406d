"""Counts of appointments and of doctors' time, for analytics; they name nobody, so reading them is no event."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, DurationField, Exists, ExpressionWrapper, F, IntegerField, OuterRef, Q
from django.db.models.functions import Cast, Coalesce, Extract, Floor, TruncDate, TruncMonth

from chiron.kernel.access import Caller, Scope
from chiron.kernel.ids import NIL
from chiron.scheduling.diary import availabilities
from chiron.scheduling.doors import appointments_within
from chiron.scheduling.models import Appointment, AppointmentChange, Schedule
from chiron.scheduling.wallclock import DAY, Span, wall_of, without
from chiron.scheduling.words import EXPECTED, Status

if TYPE_CHECKING:
    from django.db.models import QuerySet

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Appointed:
    """So many appointments of a doctor that were to begin on a day and came to this."""

    day: date
    provider_id: UUID
    status: Status
    number: int


@dataclass(frozen=True, slots=True)
class Waited:
    """How many whole hours before their beginning the appointments of a doctor and a day had been booked."""

    day: date
    provider_id: UUID
    hours: Sequence[int]


@dataclass(frozen=True, slots=True)
class DoctorTime:
    """The minutes of a day in which a doctor receives, and how many of them are promised."""

    day: date
    provider_id: UUID
    offered: int
    promised: int


@dataclass(frozen=True, slots=True)
class Seen:
    """So many patients came on a day for the first time in its month, to this doctor."""

    day: date
    provider_id: UUID
    number: int


def appointed(by: Caller, since: datetime, until: datetime, zone: ZoneInfo) -> list[Appointed]:
    """The appointments that the caller reaches, by one query; those cancelled had been booked, and none is a hold.

    Days are those of the zone. Those of patients who were erased are not counted; of one who was merged with another
    they still are. Raises NotPermitted.
    """
    grouped = (
        _told_of(by, since, until)
        .annotate(day=TruncDate("starts_at", tzinfo=zone))
        .values_list("day", "provider_id", "status")
        .annotate(number=Count("id"))
    )
    rows = grouped.order_by("day", "provider_id", "status")
    return [Appointed(day, who, Status(status), number) for day, who, status, number in rows]


def waited(by: Caller, since: datetime, until: datetime, zone: ZoneInfo) -> list[Waited]:
    """Of the appointments that were not cancelled, how long before they had been booked. As `appointed` otherwise."""
    lead = ExpressionWrapper(F("starts_at") - F("recorded_at"), DurationField())
    grouped = (
        _told_of(by, since, until)
        .exclude(status=Status.CANCELLED)
        .annotate(day=TruncDate("starts_at", tzinfo=zone))
        .values_list("day", "provider_id")
        .annotate(hours=ArrayAgg(Cast(Floor(Extract(lead, "epoch") / 3600), IntegerField())))
    )
    return [Waited(*row) for row in grouped.order_by("day", "provider_id")]


def seen(by: Caller, since: datetime, until: datetime, zone: ZoneInfo) -> list[Seen]:
    """The patients who came, each once a month, with the doctor who saw them first, by one query.

    One who was merged with another is that other. Raises NotPermitted.
    """
    came = _told_of(by, since, until).filter(status__in=[Status.CHECKED_IN, Status.FULFILLED])
    first = came.annotate(
        month=TruncMonth("starts_at", tzinfo=zone),
        who=Coalesce("patient__replaced_by_id", "patient_id"),
        day=TruncDate("starts_at", tzinfo=zone),
    ).order_by("month", "who", "starts_at", "id").distinct("month", "who")  # fmt: skip
    numbers: dict[tuple[date, UUID], int] = defaultdict(int)
    for _, _, day, provider_id in first.values_list("month", "who", "day", "provider_id"):
        numbers[day, provider_id] += 1
    return [Seen(*key, number) for key, number in sorted(numbers.items())]


def time_of_doctors(by: Caller, since: datetime, until: datetime, zone: ZoneInfo) -> list[DoctorTime]:
    """When doctors receive, by the hours as they are now, and how much of it is promised; at most the caller's own
    time where the caller does not reach everybody's. Raises NotPermitted.
    """
    schedules = Schedule.objects.order_by("provider_id")
    if by.scope("appointments", "read") is not Scope.ORGANIZATION:
        schedules = schedules.filter(provider_id=by.provider_id or NIL)
    found, first, last = list(schedules), wall_of(since, zone).date(), wall_of(until, zone).date()
    opened = availabilities(found, first, last)
    busy: dict[UUID, list[Span]] = defaultdict(list)
    taken = Appointment.objects.filter(provider_id__in=opened, starts_at__lt=until, ends_at__gt=since)
    for who, *times in taken.exclude(status__in=[Status.HELD, Status.CANCELLED]).values_list(
        "provider_id", "starts_at", "ends_at"
    ):
        busy[who].append(Span(*times))
    return [
        time
        for who, availability in opened.items()
        for time in _times(who, availability.open_between(first - DAY, last + DAY), busy[who], zone)
        if since <= datetime.combine(time.day, datetime.min.time(), zone) < until
    ]


def _told_of(by: Caller, since: datetime, until: datetime) -> "QuerySet[Appointment]":
    promised = AppointmentChange.objects.filter(appointment=OuterRef("id"), status__in=EXPECTED)
    appointments = appointments_within(by, "read").filter(
        starts_at__gte=since, starts_at__lt=until, patient__erased_at=None
    )
    return appointments.exclude(status=Status.HELD).filter(~Q(status=Status.CANCELLED) | Exists(promised))


def _times(who: UUID, offered: Sequence[Span], busy: Sequence[Span], zone: ZoneInfo) -> Iterator[DoctorTime]:
    promised = _by_day(busy, zone)
    for day, spans in _by_day(offered, zone).items():
        minutes = _minutes(spans)
        yield DoctorTime(day, who, minutes, minutes - _minutes(without(spans, promised.get(day, ()))))


def _by_day(spans: Iterable[Span], zone: ZoneInfo) -> dict[date, list[Span]]:
    """The same, cut where a day of the zone ends."""
    days: dict[date, list[Span]] = defaultdict(list)
    for span in spans:
        first, last = wall_of(span.starts_at, zone).date(), wall_of(span.ends_at, zone).date()
        # as instants: between two times of one zone Python counts what the clock shows, not what passes
        nights = [datetime.combine(first + DAY * night, datetime.min.time(), zone).astimezone(UTC)
                  for night in range(1, (last - first).days + 1)]  # fmt: skip
        for starts_at, ends_at in pairwise([span.starts_at, *nights, span.ends_at]):
            if starts_at < ends_at:
                days[wall_of(starts_at, zone).date()].append(Span(starts_at, ends_at))
    return days


def _minutes(spans: Iterable[Span]) -> int:
    return sum(((each.ends_at - each.starts_at) // MINUTE for each in spans), 0)
