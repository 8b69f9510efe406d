"""The same time of the week, again and again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, atomic, roll_back, take_turns
from chiron.kernel.errors import DomainError, NotFound, StaleVersion
from chiron.kernel.ids import new_id
from chiron.registry.public import patient_within
from chiron.scheduling.diary import schedule_of, terms_of
from chiron.scheduling.doors import appointments_within, numbers_of, turn_of
from chiron.scheduling.errors import NotInTheFuture, SeriesRefused
from chiron.scheduling.models import Appointment
from chiron.scheduling.rules import instant_of
from chiron.scheduling.services.attend import cancel
from chiron.scheduling.services.book import (
    Needs,
    Wish,
    doctor_for,
    have_booked,
    have_time,
    room_for,
    type_for,
    wait_for_turn,
)
from chiron.scheduling.wallclock import instants_of, wall_of
from chiron.scheduling.words import EXPECTED, OnConflict


@dataclass(frozen=True, slots=True)
class Date:
    """What became of one date of a series: the appointment, or why there is none."""

    day: date
    appointment: Appointment | None = None
    refusal: DomainError | None = None


def book_series(
    *, by: Caller, provider_id: UUID, patient_id: UUID | None, days: Sequence[date], clock: time,
    utc_offset: timedelta | None = None, type_id: UUID | None = None, room_id: UUID | None = None, reason: str = "",
    conflict: OnConflict, now: datetime,
) -> list[Date]:  # fmt: skip
    """Book the same time of the doctor's clock on each of these days, whatever is done to clocks between them.

    Where a date is not possible, for any reason for which `book` would refuse it: ``FAIL`` books nothing, ``SKIP``
    books the others. ``LIST`` books nothing anyway and tells what would become of each; its appointments are not
    saved. ``utc_offset`` says which is meant where a time comes twice. Whoever wants any of this time waits their turn
    once, before the first date is looked at. Raises NotFound, NoSchedule, SeriesRefused where nothing is booked.
    """
    needs = Needs(type_for(type_id), room_for(room_id))
    patient = patient_within(by, by.scope("appointments", "create"), patient_id or by.patient_id)
    provider = doctor_for(by, provider_id)
    schedule = schedule_of(provider)
    zone = ZoneInfo(schedule.time_zone)
    wish = Wish(provider, patient, schedule, terms_of(needs.type, schedule), now, *needs)
    wait_for_turn(wish, now)

    def reserved(day: date) -> Appointment:
        starts_at = _instant_of(datetime.combine(day, clock), zone, utc_offset)
        if starts_at <= now:
            raise NotInTheFuture
        return have_time(by, replace(wish, starts_at=starts_at), now)

    with atomic(CLINICAL):
        dates = [_tried(day, partial(reserved, day)) for day in days]
        if conflict is OnConflict.LIST:
            roll_back(CLINICAL)
        else:
            _refuse_where_nothing_is_done(dates, conflict)
    if conflict is OnConflict.LIST:
        audit.record(by, "series.looked_at", resource="appointments", subjects=[patient.id])
        return dates
    series_id = new_id()
    for each in dates:
        if each.appointment:
            each.appointment.series_id = series_id
            have_booked(by, each.appointment, reason, now)
    return dates


def cancel_series(*, by: Caller, series_id: UUID, since: date | None, reason: str, now: datetime) -> list[Date]:
    """Cancel what is still to come of a series, from that day of its clock on; each by the rule of `cancel`.

    Those that the rule lets nobody cancel any more stand, and are told with their refusal. Raises NotPermitted,
    NotFound, StaleVersion where one was given to another doctor meanwhile, SeriesRefused where all of them stand.
    """
    mine = appointments_within(by, "cancel").filter(series_id=series_id)
    if not mine.exists():
        raise NotFound
    coming = mine.filter(status__in=EXPECTED, starts_at__gt=now).order_by("starts_at", "id")
    coming = coming.select_related("provider", "patient", "room")
    held = {number for each in coming for number in numbers_of(each)}
    take_turns(CLINICAL, *map(turn_of, held))
    meant = [each for each in coming.all() if since is None or _day_of(each) >= since]
    if not held.issuperset(number for each in meant for number in numbers_of(each)):
        raise StaleVersion
    said = partial(cancel, by=by, reason=reason, if_match=None, now=now)
    with atomic(CLINICAL):
        dates = [_tried(_day_of(each), partial(said, appointment_id=each.id)) for each in meant]
        _refuse_where_nothing_is_done(dates, OnConflict.SKIP)
    return dates


def _tried(day: date, act: Callable[[], Appointment]) -> Date:
    """What became of one date; where it was refused, nothing of it remains."""
    try:
        with atomic(CLINICAL):
            return Date(day, appointment=act())
    except DomainError as refusal:
        return Date(day, refusal=refusal)


def _refuse_where_nothing_is_done(dates: Sequence[Date], conflict: OnConflict) -> None:
    """Raise SeriesRefused where one date was refused and all or nothing is to be done, or where all were."""
    refused = [{"date": each.day.isoformat(), "code": each.refusal.code} for each in dates if each.refusal]
    if refused and (conflict is OnConflict.FAIL or len(refused) == len(dates)):
        raise SeriesRefused(refused=refused)


def _instant_of(wall: datetime, zone: ZoneInfo, utc_offset: timedelta | None) -> datetime:
    """As `instant_of`, but an offset matters only where the time comes twice: it changes through the year."""
    return instant_of(wall, zone, utc_offset if len(instants_of(wall, zone)) > 1 else None)


def _day_of(appointment: Appointment) -> date:
    return wall_of(appointment.starts_at, ZoneInfo(appointment.zone)).date()
