"""A provider's diary: when they receive and what is reserved, read from rows for the days around one day."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from chiron.kernel.db import CLINICAL, cursor
from chiron.kernel.errors import NotFound
from chiron.kernel.ids import NIL
from chiron.postgres.compiled import Compiled
from chiron.registry.public import Provider, Work, departments_of
from chiron.scheduling.errors import NoSchedule, OutsideAvailability
from chiron.scheduling.models import Appointment, AppointmentType, Closure, ExtraHours, Reservation, Schedule
from chiron.scheduling.slots import Availability, Terms
from chiron.scheduling.wallclock import DAY, Hours, Span
from chiron.scheduling.words import WEEKDAYS, Of, Status

SCHEDULE = Compiled(lambda provider_id: Schedule.objects.filter(provider_id=provider_id), takes=1, using=CLINICAL)
SCHEDULE_OF_WHO_WORKS = Compiled(
    lambda id: Schedule.objects.filter(id=id, provider__active=True), takes=1, using=CLINICAL
)
PROMISED = """
    SELECT EXISTS (
        SELECT FROM scheduling_reservation AS time
          JOIN scheduling_appointment AS appointment ON appointment.provider_time_id = time.id
          LEFT JOIN scheduling_appointmenttype AS type ON type.id = appointment.type_id
         WHERE time.of = 'provider' AND time.number = %s AND time.starts_at < %s AND time.ends_at > %s
           AND appointment.status IN ('booked', 'checked-in', 'fulfilled') AND coalesce(type.capacity, 1) = 1)
"""


def schedule_of(provider: Provider) -> Schedule:
    """The usual week of a provider. Raises NoSchedule."""
    for schedule in SCHEDULE(provider.id):
        return schedule
    raise NoSchedule


def schedule_by_now(schedule: Schedule) -> Schedule:
    """The same schedule as it is at our turn, whatever was said of it, and of its provider, before that.

    Raises NotFound for a provider who has left, OutsideAvailability where they receive by another clock.
    """
    found = SCHEDULE_OF_WHO_WORKS(schedule.id)
    if not found:
        raise NotFound
    if found[0].time_zone != schedule.time_zone:
        raise OutsideAvailability
    return found[0]


def availability_of(schedule: Schedule, first: date, last: date) -> Availability:
    """When a provider receives, as far as the days from ``first`` to ``last`` need to know."""
    return availabilities([schedule], first, last)[schedule.provider_id]


def availabilities(schedules: Sequence[Schedule], first: date, last: date) -> dict[UUID, Availability]:
    """The same for several providers, by three queries for all of them."""
    providers = [schedule.provider_id for schedule in schedules]
    days = Q(from_day__lte=last + DAY, until_day__gte=first - DAY)
    closures = list(Closure.objects.filter(days, Q(provider=None) | Q(provider__in=providers)))
    extras = ExtraHours.objects.filter(provider__in=providers, day__gte=first - DAY, day__lte=last + DAY)
    extra_hours = [(each.provider_id, each.day, Hours(each.start, each.end)) for each in extras]
    departments = departments_of(providers, first, last)
    return {
        schedule.provider_id: Availability(
            zone=ZoneInfo(schedule.time_zone),
            step=timedelta(minutes=schedule.slot_minutes),
            weekly=weekly_of(schedule),
            extra=[(day, hours) for provider_id, day, hours in extra_hours if provider_id == schedule.provider_id],
            closed=[
                span
                for closure in closures
                for span in closed_to(closure, schedule.provider_id, departments.get(schedule.provider_id, ()))
                for span in clipped(span, first, last)
            ],
        )
        for schedule in schedules
    }


def clipped(span: tuple[datetime, datetime], first: date, last: date) -> list[tuple[datetime, datetime]]:
    """The part of these wall times that the days from ``first`` to ``last`` need to know; the rest costs time."""
    starts, ends = max(span[0], _midnight(first - 2 * DAY)), min(span[1], _midnight(last + 3 * DAY))
    return [(starts, ends)] if starts < ends else []


def closed_to(closure: Closure, provider_id: UUID, works: Iterable[Work]) -> list[tuple[datetime, datetime]]:
    """The wall times at which a closure concerns one provider: their own, everybody's, or one of a department while
    they work there."""
    start, end = span_of(closure)
    if closure.department_id is None:
        return [(start, end)] if closure.provider_id in (None, provider_id) else []
    there = [each for each in works if each.department_id == closure.department_id]
    parts = [(max(start, _midnight(each.since)), min(end, _day_after(each.until) or end)) for each in there]
    return [(first, last) for first, last in parts if first < last]


def span_of(closure: Closure) -> tuple[datetime, datetime]:
    """The wall times between which it is closed."""
    begins = datetime.combine(closure.from_day, closure.from_time)
    return begins, datetime.combine(closure.until_day, closure.until_time)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0))


def _day_after(day: date | None) -> datetime | None:
    return None if day is None else _midnight(day) + DAY


def weekly_of(schedule: Schedule) -> dict[int, list[Hours]]:
    """The hours of each weekday, Monday being 0."""
    return {WEEKDAYS.index(day): [hours_of(pair) for pair in pairs] for day, pairs in schedule.weekly.items()}


def hours_of(pair: tuple[str, str]) -> Hours:
    """Hours as a schedule stores them: two wall times, as in ``["09:00", "12:30"]``."""
    start, end = map(time.fromisoformat, pair)
    return Hours(start, end)


def terms_of(kind: AppointmentType | None, schedule: Schedule) -> Terms:
    """What a type of appointment asks for; without a type, one slot and nothing else."""
    if kind is None:
        return Terms(timedelta(minutes=schedule.slot_minutes))
    return Terms(
        duration=timedelta(minutes=kind.minutes),
        before=timedelta(minutes=kind.before_minutes),
        after=timedelta(minutes=kind.after_minutes),
        notice=timedelta(minutes=kind.notice_minutes),
        horizon=timedelta(days=kind.horizon_days),
    )


def blocking(now: datetime) -> "QuerySet[Reservation]":
    """The reservations of providers that block others: all but those of holds that have expired."""
    theirs = Appointment.objects.filter(provider_time=OuterRef("id")).exclude(status=Status.HELD, held_until__lte=now)
    return Reservation.objects.filter(Exists(theirs))


def reserved(number: int, of: Of, around: Span, but_for: Appointment | None = None) -> list[Span]:
    """What is reserved of somebody's time and touches that span, earliest first; ``but_for`` an appointment's own."""
    touching = Reservation.objects.filter(
        of=of, number=number, starts_at__lt=around.ends_at, ends_at__gt=around.starts_at
    )
    if but_for:
        touching = touching.exclude(id=but_for.provider_time_id or NIL)
    return [Span(*times) for times in touching.order_by("starts_at").values_list("starts_at", "ends_at")]


def is_promised(provider: Provider, around: Span) -> bool:
    """Whether some of that time is promised to a patient who shares it with nobody.

    Only what is committed is seen: a yes is for certain, after a no it is looked again at one's turn.
    """
    with cursor(CLINICAL) as session:
        session.execute(PROMISED, [provider.number, around.ends_at, around.starts_at])
        return bool(session.fetchone()[0])
