"""A provider's diary: when they receive and what is reserved, read from rows for the days around one day."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from chiron.kernel.ids import NIL
from chiron.registry.public import Provider
from chiron.scheduling.errors import NoSchedule
from chiron.scheduling.models import Appointment, AppointmentType, Closure, ExtraHours, Reservation, Schedule
from chiron.scheduling.slots import Availability, Terms
from chiron.scheduling.wallclock import DAY, Hours, Span
from chiron.scheduling.words import WEEKDAYS, Of


def schedule_of(provider: Provider) -> Schedule:
    """The usual week of a provider. Raises NoSchedule."""
    schedule = Schedule.objects.filter(provider=provider).first()
    if schedule is None:
        raise NoSchedule
    return schedule


def availability_of(schedule: Schedule, first: date, last: date) -> Availability:
    """When the provider receives, as far as the days from ``first`` to ``last`` need to know."""
    around = Q(from_day__lte=last + DAY, until_day__gte=first - DAY)
    whose = Q(provider=None, department=None) | Q(provider=schedule.provider_id)
    closed = Closure.objects.filter(around, whose)
    extra = ExtraHours.objects.filter(provider=schedule.provider_id, day__gte=first - DAY, day__lte=last + DAY)
    return Availability(
        zone=ZoneInfo(schedule.time_zone),
        step=timedelta(minutes=schedule.slot_minutes),
        weekly={WEEKDAYS.index(day): [hours_of(pair) for pair in pairs] for day, pairs in schedule.weekly.items()},
        extra=[(each.day, Hours(each.start, each.end)) for each in extra],
        closed=[
            (datetime.combine(each.from_day, each.from_time), datetime.combine(each.until_day, each.until_time))
            for each in closed
        ],
    )


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


def reserved(number: int, of: Of, around: Span, but_for: Appointment | None = None) -> list[Span]:
    """What is reserved of somebody's time and touches that span, earliest first; ``but_for`` an appointment's own."""
    touching = Reservation.objects.filter(
        of=of, number=number, starts_at__lt=around.ends_at, ends_at__gt=around.starts_at
    )
    if but_for:
        touching = touching.exclude(id=but_for.provider_time_id or NIL)
    return [Span(*times) for times in touching.order_by("starts_at").values_list("starts_at", "ends_at")]
