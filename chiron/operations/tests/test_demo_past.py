"""The demo clinic's past: its numbers have something to tell, once, and nobody was in two places."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from chiron.analytics.periods import Grain
from chiron.analytics.queries import Asked, read_metric
from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL
from chiron.kernel.errors import Invalid, NotFound
from chiron.kernel.ids import new_id
from chiron.operations.demo import Demo
from chiron.operations.demo_day import give_day
from chiron.operations.demo_past import days_before, give_past
from chiron.operations.demo_screenings import count_of, measured
from chiron.operations.mock.dice import Dice
from chiron.registry.public import Person, create_patient
from chiron.registry.services.patients import Entry
from chiron.scheduling.errors import DoctorBusy, PatientBusy
from chiron.scheduling.models import Appointment, AppointmentChange, Reservation
from chiron.scheduling.public import Span, Status, VisitArrival, admit_visits
from chiron.screening.blood.reading import read_count
from chiron.tenancy.public import inside
from tests.town import Clinic

MONDAY = datetime(2026, 6, 1, 8, tzinfo=UTC)
NOON, ONE = MONDAY.replace(hour=12), MONDAY.replace(hour=13)


@pytest.fixture
def demo(hilltop: Clinic, monkeypatch: pytest.MonkeyPatch) -> Demo:
    """Hilltop with enough patients, as if it were the demo, and a shorter past without notes."""
    monkeypatch.setattr("chiron.operations.demo_past.WEEKS", 15)
    monkeypatch.setattr("chiron.operations.demo_past._write_notes", lambda *_: None)
    admin = hilltop.who[Role.ADMIN]
    with inside(hilltop.id):
        for number in range(20):
            entry = Entry(person=Person(family=f"Mensah {number}", given=["Ama"]))
            create_patient(by=admin, entry=entry, now=now())
    return Demo(hilltop.organization, admin)


def visit(clinic: Clinic, **said: Any) -> VisitArrival:
    usual: dict[str, Any] = {
        "provider_id": clinic.doctor_id, "patient_id": clinic.patient_id, "type_id": None, "span": Span(NOON, ONE),
        "status": Status.FULFILLED, "recorded_at": MONDAY,
    }  # fmt: skip
    return VisitArrival(**usual | said)


def counted(clinic: Clinic) -> tuple[int, int, int]:
    with inside(clinic.id):
        return tuple(each.objects.count() for each in (Appointment, AppointmentChange, Reservation))  # type: ignore[return-value]


def test_the_first_page_has_numbers_to_show_and_the_past_is_given_once(demo: Demo, hilltop: Clinic) -> None:
    at = datetime(2027, 3, 3, 9, tzinfo=UTC)
    give_day(demo, at)
    give_past(demo, at)
    before = counted(hilltop)
    give_past(demo, at)

    with inside(hilltop.id):
        booked = read_metric(demo.admin, "appointments.booked", Asked(grain=Grain.WEEK), at)
        missed = read_metric(demo.admin, "appointments.no_show_rate", Asked(grain=Grain.MONTH), at)
    assert counted(hilltop) == before
    assert [each.period for each in booked.cells if each.value is None] == []
    assert sum(each.value is not None for each in missed.cells) >= 2


def test_a_small_clinic_has_no_past(hilltop: Clinic) -> None:
    demo = Demo(hilltop.organization, hilltop.who[Role.ADMIN])
    give_day(demo, now())
    before = counted(hilltop)

    give_past(demo, now())

    assert counted(hilltop) == before


def test_a_visit_that_was_over_comes_with_its_steps_and_takes_its_time_only_if_it_took_place(hilltop: Clinic) -> None:
    by = hilltop.who[Role.ADMIN]
    with inside(hilltop.id):
        missed = visit(hilltop, patient_id=hilltop.other_patient_id, status=Status.NO_SHOW)
        admit_visits(by=by, visits=[visit(hilltop), missed], zone="Europe/Berlin", now=ONE)

        rows = list(Appointment.objects.order_by("id"))
        steps = AppointmentChange.objects.order_by("appointment_id", "version").values_list("status", "at")
        told = Event.objects.using(CLINICAL).filter(action="appointment.arrived")
        assert [(row.status, row.agreed_time.hour, row.provider_time is None) for row in rows] == [
            ("fulfilled", 14, False), ("noshow", 14, True)
        ]  # fmt: skip
        assert list(steps) == [("booked", MONDAY), ("fulfilled", ONE), ("booked", MONDAY), ("noshow", ONE)]
        assert Counter(each for event in told for each in event.subjects) == {
            hilltop.patient_id: 1, hilltop.other_patient_id: 1
        }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"patient_id": "other"}, DoctorBusy),
        ({"provider_id": "other"}, PatientBusy),
        ({"patient_id": new_id()}, NotFound),
        ({"provider_id": new_id()}, NotFound),
        ({"status": Status.BOOKED}, Invalid),
        ({"span": Span(NOON, ONE.replace(minute=1))}, Invalid),
    ],
)
def test_what_cannot_have_been_is_refused_whole(said: dict[str, Any], why: type[Exception], hilltop: Clinic) -> None:
    others = {"patient_id": hilltop.other_patient_id, "provider_id": hilltop.other_doctor_id}
    changed = {name: others[name] if value == "other" else value for name, value in said.items()}
    with inside(hilltop.id), pytest.raises(why):
        admit_visits(
            by=hilltop.who[Role.ADMIN],
            visits=[visit(hilltop), visit(hilltop, **changed)],
            zone="Europe/Berlin",
            now=ONE,
        )

    assert counted(hilltop) == (0, 0, 0)


def test_made_up_blood_counts_are_such_as_can_be() -> None:
    assert all(read_count(measured(count_of(Dice("test", number)))) for number in range(500))


def test_the_past_ends_yesterday() -> None:
    days = days_before(MONDAY.date(), 2)

    assert (str(days[0]), str(days[-1]), len(days)) == ("2026-05-18", "2026-05-31", 14)
