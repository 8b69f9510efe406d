"""Each metric by a fixture whose answer was worked out by hand. All of it happens in March 2031 at Hilltop."""

from datetime import date, timedelta
from typing import Any

import pytest

from chiron.analytics import facts
from chiron.analytics.facts import Source
from chiron.analytics.metrics import METRICS, TABLE, Grouping
from chiron.analytics.periods import Period
from chiron.analytics.tests.factories import TUESDAY, appointments, once_booked, patients, records, screenings, told
from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.ids import NIL
from chiron.records.public import Record
from chiron.records.public import Status as Standing
from chiron.registry.models import Laboratory, Patient
from chiron.registry.public import add_staff
from chiron.scheduling.public import Appointment, appointed, time_of_doctors
from chiron.scheduling.tests.factories import BERLIN, berlin, receives
from chiron.scheduling.words import Status
from chiron.screening.public import Screening
from chiron.tenancy.public import inside
from tests.town import Clinic

FIRST, LAST = date(2031, 3, 1), date(2031, 3, 31)


def march(clinic: Clinic, metric: str) -> tuple[float | None, int | None]:
    """The one number of the month, and from how many it was counted."""
    [cell] = told(clinic, metric, first=FIRST, last=LAST).cells
    return cell.value, cell.counted


def test_each_metric_is_defined_once_and_says_what_it_is() -> None:
    assert len(METRICS) == len(TABLE)
    for metric in TABLE:
        assert metric.title
        assert metric.unit
        assert metric.definition.endswith(".")
        assert metric.owner in {"scheduling", "records", "registry", "screening"}
        assert metric.groups[0] is Grouping.NONE


def test_appointments_booked_are_those_that_were_not_cancelled(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        appointments(hilltop, TUESDAY, 12, status=Status.FULFILLED)
        appointments(hilltop, TUESDAY, 3, status=Status.NO_SHOW)
        appointments(hilltop, TUESDAY, 4, status=Status.BOOKED)
        appointments(hilltop, TUESDAY, 2, status=Status.HELD)
        once_booked(appointments(hilltop, TUESDAY, 5, status=Status.CANCELLED))

        assert march(hilltop, "appointments.booked") == (19, 19)


def test_the_no_show_rate_is_of_those_who_came_or_were_missed(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        appointments(hilltop, TUESDAY, 33, status=Status.FULFILLED)
        appointments(hilltop, TUESDAY, 3, status=Status.CHECKED_IN)
        appointments(hilltop, TUESDAY, 12, status=Status.NO_SHOW)
        appointments(hilltop, TUESDAY, 7, status=Status.BOOKED)

        assert march(hilltop, "appointments.no_show_rate") == (0.25, 48)


def test_the_cancellation_rate_counts_no_hold_that_came_to_nothing(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        once_booked(appointments(hilltop, TUESDAY, 15, status=Status.CANCELLED))
        appointments(hilltop, TUESDAY, 9, status=Status.CANCELLED)
        appointments(hilltop, TUESDAY, 40, status=Status.FULFILLED)
        appointments(hilltop, TUESDAY, 5, status=Status.NO_SHOW)

        assert march(hilltop, "appointments.cancellation_rate") == (0.25, 60)


def test_lead_time_is_the_median_in_days(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        for number, lead in ((6, timedelta(hours=12)), (6, timedelta(days=3, minutes=59)), (6, timedelta(days=30))):
            appointments(hilltop, TUESDAY, number, lead=lead)
        once_booked(appointments(hilltop, TUESDAY, 20, status=Status.CANCELLED, lead=timedelta(days=90)))

        assert march(hilltop, "appointments.lead_time") == (3.0, 18)


def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        appointments(hilltop, TUESDAY, 10, lead=timedelta(days=1))
        appointments(hilltop, TUESDAY, 10, lead=timedelta(days=2))

        assert march(hilltop, "appointments.lead_time") == (1.5, 20)


def test_utilization_is_promised_minutes_of_offered_ones(hilltop: Clinic) -> None:
    """From nine to five on 31 days, one of which the clocks do not shorten: 14,880 minutes, of which 12 * 31 hours."""
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        for day in range(1, 32):
            for hour in range(9, 15):
                appointments(hilltop, f"2031-03-{day:02}T{hour:02}:00", 1, minutes=60)
            appointments(hilltop, f"2031-03-{day:02}T16:30", 1, minutes=60)
            appointments(hilltop, f"2031-03-{day:02}T15:00", 1, status=Status.CANCELLED)

        assert march(hilltop, "appointments.utilization") == (round(6.5 / 8, 4), 7 * 31)


def test_records_written_are_without_errors_and_by_type(hilltop: Clinic) -> None:
    at = berlin("2031-03-05T09:00")
    with inside(hilltop.id):
        records(hilltop, at, 20)
        records(hilltop, at, 11, record_type="LAB_RESULT")
        records(hilltop, at, 6, record_type="OTHER")
        records(hilltop, at, 4, status="entered-in-error")

        assert march(hilltop, "records.written") == (37, 37)
        by_type = told(hilltop, "records.written", first=FIRST, last=LAST, group=Grouping.TYPE)

    assert {cell.id: cell.value for cell in by_type.cells if cell.value} == {"LAB_RESULT": 11}


def test_new_patients_are_without_the_erased_and_those_registered_twice(hilltop: Clinic) -> None:
    at = berlin("2031-03-31T23:30")
    with inside(hilltop.id):
        made = patients(16)
        Patient.objects.filter(id__in=[each.id for each in made]).update(recorded_at=at)
        Patient.objects.filter(id=made[0].id).update(erased_at=now())
        Patient.objects.filter(id=made[1].id).update(replaced_by=made[2].id)

        assert march(hilltop, "patients.new") == (14, 14)


def test_active_patients_are_counted_once_with_the_doctor_who_saw_them_first(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        ids = [each.id for each in patients(26)]
        Patient.objects.filter(id=ids[0]).update(replaced_by=ids[1])
        for at in (TUESDAY, "2031-03-06T10:00"):
            appointments(hilltop, at, 13, patient_ids=ids[:13])
        appointments(hilltop, "2031-03-20T10:00", 26, patient_ids=ids, provider_id=hilltop.other_doctor_id)

        assert march(hilltop, "patients.active") == (25, 25)
        by_doctor = told(hilltop, "patients.active", first=FIRST, last=LAST, group=Grouping.DOCTOR)

    assert {cell.id: cell.value for cell in by_doctor.cells} == {hilltop.doctor_id: 12, hilltop.other_doctor_id: 13}


def test_of_somebody_erased_nothing_is_counted_and_a_merge_changes_no_total(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        ids = [each.id for each in patients(20)]
        appointments(hilltop, TUESDAY, 20, patient_ids=ids)
        Patient.objects.filter(id=ids[0]).update(replaced_by=ids[1])
        merged = march(hilltop, "appointments.booked")
        Patient.objects.filter(id=ids[2]).update(erased_at=now())

        assert merged == (20, 20)
        assert march(hilltop, "appointments.booked") == (19, 19)


@pytest.mark.parametrize(("day", "hours"), [(date(2031, 3, 30), 23), (date(2031, 10, 26), 25), (date(2031, 3, 29), 24)])
def test_a_day_has_the_hours_that_the_clock_gives_it(hilltop: Clinic, day: date, hours: int) -> None:
    """An appointment a half hour before the day, one at each half hour of it, and one after it."""
    with inside(hilltop.id):
        begins = berlin(f"{day}T00:00")
        for half in range(-1, 2 * hours + 1):
            [row] = appointments(hilltop, f"{day}T12:00", 1)
            moved = begins + half * timedelta(minutes=30)
            Appointment.objects.filter(id=row.id).update(
                starts_at=moved, ends_at=moved + timedelta(minutes=30), recorded_at=moved
            )

        around = (begins - timedelta(days=1), begins + timedelta(days=3))
        rows = appointed(hilltop.who[Role.ADMIN], *around, BERLIN)

    assert [each.number for each in rows] == [1, 2 * hours, 1]
    assert rows[1].day == day


@pytest.mark.parametrize(("day", "hours"), [(date(2031, 3, 30), 23), (date(2031, 10, 26), 25), (date(2031, 3, 29), 24)])
def test_who_receives_day_and_night_offers_the_hours_that_the_clock_gives(
    hilltop: Clinic, day: date, hours: int
) -> None:
    with inside(hilltop.id):
        receives(hilltop.doctor_id, ("00:00", "00:00"))
        around = (berlin(f"{day}T00:00") - timedelta(days=2), berlin(f"{day}T00:00") + timedelta(days=3))
        offered = {each.day: each.offered for each in time_of_doctors(hilltop.who[Role.ADMIN], *around, BERLIN)}

    assert offered[day] == hours * 60


@pytest.mark.parametrize("day", [date(2031, 3, 30), date(2031, 10, 26)])
def test_whatever_is_counted_belongs_to_the_day_of_the_clock_that_was_changed(hilltop: Clinic, day: date) -> None:
    """A minute after it begins and a minute before it ends, and a minute to each side of that."""
    begins, ends = (berlin(f"{at}T00:00") for at in (day, day + timedelta(days=1)))
    minute = timedelta(minutes=1)
    around = (begins - minute, begins + minute, ends - minute, ends + minute)
    with inside(hilltop.id):
        for at, patient in zip(around, patients(4), strict=True):
            Patient.objects.filter(id=patient.id).update(recorded_at=at)
            records(hilltop, at, 1)
            [screening] = screenings(1)
            Screening.objects.filter(id=screening.id).update(made_at=at)

        whole = Source(hilltop.who[Role.ADMIN], Period(day - timedelta(days=1), day + timedelta(days=1)), BERLIN)
        counted = {
            each.__name__: sum(fact.tally.total for fact in each(whole) if fact.day == day)
            for each in (facts.new_patients, facts.written, facts.screenings)
        }

    assert counted == {"new_patients": 2, "written": 2, "screenings": 2}


@pytest.mark.parametrize(
    ("metric", "number", "counted"),
    [
        ("screening.volume", 60, 60),
        ("screening.yield", 0.2, 60),
        ("screening.abstention_rate", 0.25, 60),
        ("screening.override_rate", 0.375, 32),
    ],
)
def test_screenings_by_what_came_of_them(hilltop: Clinic, metric: str, number: float, counted: int) -> None:
    """Of 60 screenings 15 abstained; 20 answers were accepted, 12 overridden; 12 were deficient, 20 just not."""
    with inside(hilltop.id):
        screenings(15, outcome="abstained")
        [later] = records(hilltop, berlin("2031-03-20T10:00"), 1)
        screenings(20, decision="accepted", confirmed_value=200.0, confirmed_record=later)
        screenings(12, decision="overridden", confirmed_value=199.9, confirmed_record=later)
        screenings(13)

        assert march(hilltop, metric) == (number, counted)


def test_a_deficiency_that_was_withdrawn_is_no_yield(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        right, wrong = records(hilltop, berlin("2031-03-20T10:00"), 2)
        screenings(15, confirmed_value=150.0, confirmed_record=right)
        screenings(45, confirmed_value=150.0, confirmed_record=wrong)
        Record.objects.filter(id=wrong.id).update(status=Standing.ENTERED_IN_ERROR)

        assert march(hilltop, "screening.yield") == (0.25, 60)


def test_a_technician_counts_what_was_made_at_their_laboratories_alone(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        own, other = (Laboratory.objects.create(name=name, code=name) for name in ("Blood", "Bone"))
        technician = hilltop.who[Role.LAB].account_id or NIL
        add_staff(by=hilltop.who[Role.ADMIN], laboratory_id=own.id, account_id=technician, now=now())
        for number, laboratory in ((12, own), (40, other), (30, None)):
            screenings(number, laboratory=laboratory)
        asked: dict[str, Any] = {"first": FIRST, "last": LAST, "group": Grouping.LABORATORY}

        theirs = told(hilltop, "screening.volume", Role.LAB, **asked)
        all_of_them = told(hilltop, "screening.volume", **asked)

        assert [(cell.id, cell.value) for cell in theirs.cells] == [(own.id, 12)]
        assert [(cell.id, cell.value) for cell in all_of_them.cells] == [(own.id, 12), (other.id, 40), (None, 30)]
