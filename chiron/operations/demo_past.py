"""What the demo clinic did in the past months, so that its numbers have shapes: visits, and notes of them.

Made up by chance that falls the same way for the same day. A clinic of fewer than ten patients has no past: whatever
was counted of it would be masked.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from math import pi, sin
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from chiron.identity.public import Membership, Role
from chiron.kernel.access import Caller, Scope
from chiron.operations.demo import Demo
from chiron.operations.demo_day import DOCTORS, HOURS, TYPES
from chiron.operations.mock.dice import Dice
from chiron.records.public import RecordType, Statement, write_record
from chiron.registry.public import patients_within
from chiron.scheduling.public import (
    Appointment,
    AppointmentType,
    Schedule,
    Span,
    Status,
    VisitArrival,
    admit_visits,
)
from chiron.tenancy.public import inside

ENOUGH = 10
"""Patients of a clinic that has a past."""
WEEKS, NOTED_WEEKS = 14, 13
A_DAY, MORE_OR_LESS = 15, 2
"""Visits of an ordinary weekday, and how many more there are in winter."""
AT_THE_WEEKEND = 12
"""About the fewest that are told, so that no week is masked where a month ends at a weekend."""
CLOCK = [hour for each in HOURS for hour in range(each.start.hour, each.end.hour)]
ROUTINE = ("Feels well.", "Better than last time.", "Sleeps badly; to be seen again.", "Takes what was prescribed.")


class Past(NamedTuple):
    """Whom the visits are of, and what they can be."""

    doctors: Sequence[UUID]
    patients: Sequence[UUID]
    types: Sequence[tuple[UUID, int]]


def give_past(demo: Demo, now: datetime) -> None:
    """Fourteen weeks of visits to the doctors who receive, with notes of the later ones; once, where there are none."""
    zone = ZoneInfo(demo.organization.time_zone)
    today = now.astimezone(zone).date()
    with inside(demo.organization.id):
        patients = patients_within(demo.admin, Scope.ORGANIZATION).order_by("id")
        types = AppointmentType.objects.filter(name__in=TYPES).order_by("name")
        past = Past(
            list(Schedule.objects.order_by("provider_id").values_list("provider_id", flat=True)[:DOCTORS]),
            list(patients.values_list("id", flat=True)),
            list(types.values_list("id", "minutes")),
        )
        known = Appointment.objects.filter(ends_at__lt=datetime.combine(today, time(), zone))
        if len(past.patients) >= ENOUGH and not known.exists():
            visits = [each for day in days_before(today, WEEKS) for each in _visits(past, day, zone)]
            admit_visits(by=demo.admin, visits=visits, zone=zone.key, now=now)
            _write_notes(demo, [each for each in visits if each.span.starts_at >= now - timedelta(weeks=NOTED_WEEKS)])


def days_before(today: date, weeks: int) -> list[date]:
    """The days of so many weeks, the last of which is yesterday."""
    return [today - timedelta(days=back) for back in range(7 * weeks, 0, -1)]


def season(day: date) -> float:
    """From 1 in February to -1 in August."""
    return sin(2 * pi * (day.timetuple().tm_yday + 45) / 365)


def rush(day: date) -> int:
    """How many more come each day of a week than usual."""
    return Dice("rush", day.isocalendar()[:2]).number(-2, 4)


def _visits(past: Past, day: date, zone: ZoneInfo) -> Iterator[VisitArrival]:
    """Whoever was to come on a day, each once, one an hour to a doctor."""
    dice = Dice("visits", day)
    places = [(doctor_id, hour) for doctor_id in past.doctors for hour in CLOCK]
    waiting = list(past.patients)
    number = round(A_DAY + MORE_OR_LESS * season(day)) + rush(day) + dice.number(-1, 1)
    number = number if day.isoweekday() <= 5 else AT_THE_WEEKEND + dice.number(0, 1)
    for _ in range(min(number, len(places), len(waiting))):
        doctor_id, hour = places.pop(dice.number(0, len(places) - 1))
        patient_id = waiting.pop(dice.number(0, len(waiting) - 1))
        type_id, minutes = dice.one(past.types)
        starts_at = datetime.combine(day, time(hour), zone)
        missed, cancelled = dice.chance(0.1 + 0.03 * season(day)), dice.chance(0.07)
        yield VisitArrival(
            provider_id=doctor_id, patient_id=patient_id, type_id=type_id,
            span=Span(starts_at, starts_at + timedelta(minutes=minutes)),
            status=Status.CANCELLED if cancelled else Status.NO_SHOW if missed else Status.FULFILLED,
            recorded_at=starts_at - timedelta(days=dice.number(0, 21), hours=dice.number(1, 20)),
        )  # fmt: skip


def _write_notes(demo: Demo, visits: Sequence[VisitArrival]) -> None:
    """What the demo doctor wrote down about every other visit of those whom they care for."""
    member = Membership.objects.get(account__username="doctor_demo", organization=demo.organization)
    doctor = Caller(
        account_id=member.account_id, organization_id=demo.organization.id, roles=frozenset({Role.DOCTOR}),
        membership_id=member.id, provider_id=member.provider_id,
    )  # fmt: skip
    cared_for = {each.id: each for each in patients_within(doctor, Scope.ASSIGNED)}
    came = [each for each in visits if each.provider_id == member.provider_id and each.status is Status.FULFILLED]
    for number, visit in enumerate(each for each in came if each.patient_id in cared_for):
        if number % 2:
            said = Statement(
                record_type=RecordType.NOTE, title="Visit", description=ROUTINE[number // 2 % len(ROUTINE)],
                occurred_at=visit.span.starts_at, occurred_end=visit.span.ends_at,
            )  # fmt: skip
            write_record(by=doctor, patient=cared_for[visit.patient_id], statement=said, now=visit.span.ends_at)
