"""The same time of the week, again and again: at one time of the clock, all or nothing, or what is possible."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.errors import NotFound
from chiron.kernel.ids import new_id
from chiron.records.models import Record
from chiron.scheduling.errors import SeriesRefused
from chiron.scheduling.models import Appointment, AppointmentType, Closure, Reservation
from chiron.scheduling.rules import days_of_series
from chiron.scheduling.services.reschedule import reschedule
from chiron.scheduling.services.series import Date, book_series, cancel_series
from chiron.scheduling.tests.factories import BERLIN, NOW, booked, receives
from chiron.scheduling.words import OnConflict
from chiron.tenancy.public import inside
from tests.town import Clinic

MARCH = days_of_series(date(2031, 3, 11), every=1, count=4, until=None)
"""Four Tuesdays; before the last of them clocks are put forward."""


@pytest.fixture
def clinic(hilltop: Clinic) -> Any:
    """Hilltop, whose two doctors receive all day and all night; the test runs inside it."""
    with inside(hilltop.id):
        receives(hilltop.doctor_id, ("00:00", "00:00"))
        receives(hilltop.other_doctor_id, ("00:00", "00:00"))
        yield hilltop


def series(clinic: Clinic, *, role: Role = Role.RECEPTIONIST, **said: Any) -> list[Date]:
    """A series of the clinic's first patient with its first doctor, at three in the afternoon."""
    wish: dict[str, Any] = {
        "provider_id": clinic.doctor_id, "patient_id": clinic.patient_id, "days": MARCH, "clock": time(15),
        "conflict": OnConflict.FAIL, "now": NOW,
    }  # fmt: skip
    return book_series(by=clinic.who[role], **(wish | said))


def told(dates: list[Date]) -> list[str]:
    return [each.refusal.code if each.refusal else "done" for each in dates]


def series_of(dates: list[Date]) -> UUID:
    """The one series to which all that were booked belong."""
    [series_id] = {each.appointment.series_id for each in dates if each.appointment}
    assert series_id
    return series_id


def written() -> tuple[int, int, int]:
    return Appointment.objects.count(), Reservation.objects.count(), Record.objects.count()


def test_three_o_clock_stays_three_o_clock_when_clocks_change(clinic: Clinic) -> None:
    dates = series(clinic)

    rows = list(Appointment.objects.filter(series_id=series_of(dates)).order_by("starts_at"))
    assert [f"{each.starts_at:%m-%d %H:%M}" for each in rows] == [
        "03-11 14:00", "03-18 14:00", "03-25 14:00", "04-01 13:00",
    ]  # fmt: skip
    assert [each.starts_at.astimezone(BERLIN).hour for each in rows] == [15] * 4
    assert len({each.record_id for each in rows}) == 4
    assert written() == (4, 8, 4)


def test_all_or_nothing_names_each_date_that_does_not_go(clinic: Clinic) -> None:
    booked(clinic, "2031-03-18T15:00", patient_id=clinic.other_patient_id)
    booked(clinic, "2031-04-01T15:00", provider_id=clinic.other_doctor_id)
    before = written()

    with pytest.raises(SeriesRefused) as refused:
        series(clinic)

    assert refused.value.members == {
        "refused": [{"date": "2031-03-18", "code": "doctor-busy"}, {"date": "2031-04-01", "code": "patient-busy"}]
    }
    assert written() == before


def test_the_others_are_booked_where_that_is_asked(clinic: Clinic) -> None:
    booked(clinic, "2031-03-18T15:00", patient_id=clinic.other_patient_id)

    dates = series(clinic, conflict=OnConflict.SKIP)

    assert told(dates) == ["done", "doctor-busy", "done", "done"]
    assert Appointment.objects.filter(series_id=series_of(dates)).count() == 3
    assert written() == (4, 8, 4)


def test_a_series_of_which_nothing_can_be_booked_is_refused(clinic: Clinic) -> None:
    Closure.objects.create(from_day=date(2031, 3, 1), from_time=time(0), until_day=date(2031, 5, 1), until_time=time(0))

    with pytest.raises(SeriesRefused):
        series(clinic, conflict=OnConflict.SKIP)

    assert written() == (0, 0, 0)


def test_asking_writes_nothing_but_that_somebody_asked(clinic: Clinic) -> None:
    booked(clinic, "2031-03-18T15:00", patient_id=clinic.other_patient_id)
    before = written()

    dates = series(clinic, conflict=OnConflict.LIST)

    assert told(dates) == ["done", "doctor-busy", "done", "done"]
    assert written() == before
    newest = Event.objects.using("clinical").latest("id")
    assert (newest.action, newest.subjects) == ("series.looked_at", [clinic.patient_id])


def test_a_time_that_never_comes_or_comes_twice_is_refused_like_any_other(clinic: Clinic) -> None:
    spring = days_of_series(date(2031, 3, 23), every=1, count=3, until=None)
    autumn = days_of_series(date(2031, 10, 19), every=1, count=3, until=None)

    forward = series(clinic, days=spring, clock=time(2, 30), conflict=OnConflict.SKIP)
    back = series(clinic, days=autumn, clock=time(2, 30), conflict=OnConflict.LIST)
    first = series(clinic, days=autumn, clock=time(2, 30), utc_offset=datetime(2031, 7, 1, tzinfo=BERLIN).utcoffset())

    assert told(forward) == ["done", "time-never-comes", "done"]
    assert told(back) == ["done", "time-comes-twice", "done"]
    assert [f"{each.appointment.starts_at:%H:%M}" for each in first if each.appointment] == ["00:30", "00:30", "01:30"]


def test_what_is_past_too_far_or_outside_hours_is_a_refusal_of_its_date(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Therapy", minutes=30, horizon_days=14)
    days = days_of_series(date(2031, 2, 25), every=1, count=4, until=None)

    assert told(series(clinic, days=days, type_id=kind.id, conflict=OnConflict.LIST)) == [
        "not-in-the-future", "done", "done", "outside-availability",
    ]  # fmt: skip


def test_the_rest_of_a_series_is_cancelled_and_what_was_stays(clinic: Clinic) -> None:
    series_id = series_of(series(clinic))
    alone = booked(clinic, "2031-03-25T16:00").appointment

    dates = cancel_series(
        by=clinic.who[Role.PATIENT], series_id=series_id, since=date(2031, 3, 18), reason="Well again", now=NOW
    )

    assert told(dates) == ["done"] * 3
    assert list(Appointment.objects.filter(series_id=series_id).order_by("starts_at").values_list("status")) == [
        ("booked",), ("cancelled",), ("cancelled",), ("cancelled",),
    ]  # fmt: skip
    assert Appointment.objects.get(id=alone.id).status == "booked"
    assert Reservation.objects.count() == 4


def test_a_patient_cancels_those_for_which_it_is_not_too_late(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Therapy", minutes=30, cancel_minutes=9 * 24 * 60)
    series_id = series_of(series(clinic, type_id=kind.id))
    said: dict[str, Any] = {"by": clinic.who[Role.PATIENT], "series_id": series_id, "reason": "", "now": NOW}

    dates = cancel_series(since=None, **said)

    assert told(dates) == ["too-late-to-cancel", "done", "done", "done"]
    with pytest.raises(SeriesRefused):
        cancel_series(since=None, **said)
    assert Appointment.objects.filter(series_id=series_id, status="booked").count() == 1


def test_an_appointment_that_was_moved_is_cancelled_with_its_series(clinic: Clinic) -> None:
    dates = series(clinic)
    second, third = dates[1].appointment, dates[2].appointment
    assert second
    assert third
    reschedule(
        by=clinic.who[Role.ADMIN], appointment_id=second.id, wall=datetime.fromisoformat("2031-03-25T11:00"),
        provider_id=clinic.other_doctor_id, if_match=None, now=NOW,
    )  # fmt: skip

    cancelled = cancel_series(
        by=clinic.who[Role.ADMIN], series_id=series_of(dates), since=date(2031, 3, 25), reason="", now=NOW
    )

    assert [each.appointment.id for each in cancelled if each.appointment][:2] == [second.id, third.id]
    assert Reservation.objects.count() == 2


def test_a_series_of_somebody_else_is_not_there(clinic: Clinic) -> None:
    theirs = series_of(series(clinic, patient_id=clinic.other_patient_id))
    before = written()

    for series_id in (theirs, new_id()):
        with pytest.raises(NotFound):
            cancel_series(by=clinic.who[Role.PATIENT], series_id=series_id, since=None, reason="", now=NOW)

    assert written() == before


@pytest.mark.parametrize(
    ("every", "count", "until", "days"),
    [
        (1, None, date(2031, 3, 24), 2),
        (1, None, date(2031, 3, 25), 3),
        (2, None, date(2031, 3, 25), 2),
        (1, 52, None, 52),
        (1, None, date(2032, 3, 2), 52),
    ],
)
def test_a_series_has_so_many_days(every: int, count: int | None, until: date | None, days: int) -> None:
    assert len(days_of_series(date(2031, 3, 11), every=every, count=count, until=until)) == days


@pytest.mark.parametrize(
    ("first", "count", "until"),
    [
        (date(2031, 3, 11), 53, None),
        (date(2031, 3, 11), None, date(2032, 3, 9)),
        (date(2031, 3, 11), None, date(2031, 3, 10)),
        (date(9999, 12, 25), 2, None),
    ],
)
def test_a_series_without_end_or_day_makes_no_sense(first: date, count: int | None, until: date | None) -> None:
    with pytest.raises(ValueError, match=r"has no day|calendar"):
        days_of_series(first, every=1, count=count, until=until)
