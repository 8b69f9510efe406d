"""What a type of appointment lets patients do, until when and how often; and who is waited for how long."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.scheduling import tasks
from chiron.scheduling.models import Appointment, AppointmentChange, AppointmentType, Reservation
from chiron.scheduling.services.attend import proceed, undo_no_show
from chiron.scheduling.services.release import overdue, release
from chiron.scheduling.tests.factories import NOW, booked, receives
from chiron.scheduling.tests.test_api import call, problem
from chiron.scheduling.words import Step
from chiron.tenancy.public import inside
from tests.town import Clinic

TEN = "2031-03-04T10:00"
WINDOW = {"cancel_minutes": 24 * 60, "moves_at_most": 1, "grace_minutes": 10, "release_minutes": 15}
ELEVEN = {"appointment_date": "2031-03-04", "start_time": "11:00"}


@pytest.fixture
def promised(hilltop: Clinic) -> Appointment:
    """An appointment at ten at Hilltop that may be cancelled a day before, moved once, and is missed by itself."""
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        kind = AppointmentType.objects.create(name="Planned", minutes=30, **WINDOW)
        return booked(hilltop, TEN, type_id=kind.id, now=NOW - timedelta(days=7)).appointment


def at(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """It is that time at the API."""
    monkeypatch.setattr("chiron.scheduling.api.clock", type("Then", (), {"now": staticmethod(lambda: now)}))


def now_stands(clinic: Clinic, appointment_id: UUID) -> tuple[str, bool, int, int]:
    """Its status, whether it was late, its version, and how many reservations there are."""
    with inside(clinic.id):
        found = Appointment.objects.get(id=appointment_id)
        return found.status, found.late, found.version, Reservation.objects.count()


def test_in_time_a_patient_cancels_alone(
    hilltop: Clinic, promised: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, promised.starts_at - timedelta(hours=24))

    answer = call(hilltop, Role.PATIENT, "post", f"/appointments/{promised.id}/cancel", {})

    assert answer.status_code == 200
    assert now_stands(hilltop, promised.id) == ("cancelled", False, 2, 0)


def test_a_second_later_the_patient_is_told_until_when_it_was_possible(
    hilltop: Clinic, promised: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, promised.starts_at - timedelta(hours=24) + timedelta(seconds=1))

    for step, body in (("cancel", {"reason": "Ill"}), ("reschedule", ELEVEN)):
        answer = call(hilltop, Role.PATIENT, "post", f"/appointments/{promised.id}/{step}", body)
        assert (problem(answer), answer.json()["cancel_minutes"]) == ((403, "too-late-to-cancel"), 1440)
        assert answer.json()["title"] == "It is too late to cancel this yourself: call the clinic."

    assert now_stands(hilltop, promised.id) == ("booked", False, 1, 2)


def test_staff_cancel_late_for_a_reason_and_that_is_kept(
    hilltop: Clinic, promised: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, promised.starts_at - timedelta(hours=1))
    path = f"/appointments/{promised.id}/cancel"

    assert problem(call(hilltop, Role.RECEPTIONIST, "post", path, {})) == (422, "reason-needed")
    assert now_stands(hilltop, promised.id) == ("booked", False, 1, 2)
    answer = call(hilltop, Role.RECEPTIONIST, "post", path, {"reason": "The patient called"})

    assert answer.json()["appointment"]["late"] is True
    assert now_stands(hilltop, promised.id) == ("cancelled", True, 2, 0)


def test_patients_move_it_as_often_as_they_may_and_staff_as_they_must(
    hilltop: Clinic, promised: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, promised.starts_at - timedelta(days=2))
    path, back = f"/appointments/{promised.id}/reschedule", ELEVEN | {"start_time": "10:00"}
    assert call(hilltop, Role.PATIENT, "post", path, ELEVEN).status_code == 200

    answer = call(hilltop, Role.PATIENT, "post", path, back)

    assert (problem(answer), answer.json()["moves_at_most"]) == ((403, "too-many-moves"), 1)
    assert now_stands(hilltop, promised.id) == ("booked", False, 2, 2)
    assert call(hilltop, Role.RECEPTIONIST, "post", path, back).json()["appointment"]["moves"] == 2


def test_where_it_was_before_is_told_of_the_same_appointment(
    hilltop: Clinic, promised: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved_at = promised.starts_at - timedelta(days=2)
    at(monkeypatch, moved_at)
    moved = call(hilltop, Role.PATIENT, "post", f"/appointments/{promised.id}/reschedule", ELEVEN).json()["appointment"]

    answer = call(hilltop, Role.PATIENT, "get", f"/appointments/{promised.id}/changes")

    who = {role: str(hilltop.who[role].account_id) for role in (Role.RECEPTIONIST, Role.PATIENT)}
    same = {"status": "booked", "doctor_id": str(hilltop.doctor_id)}
    assert answer.json()["changes"] == [
        same | {"version": 1, "starts_at": "2031-03-04T10:00:00+01:00", "at": "2031-02-24T12:00:00+00:00",
                "account_id": who[Role.RECEPTIONIST]},
        same | {"version": 2, "starts_at": "2031-03-04T11:00:00+01:00", "at": "2031-03-02T09:00:00+00:00",
                "account_id": who[Role.PATIENT]},
    ]  # fmt: skip
    assert (moved["id"], moved["health_record_id"]) == (str(promised.id), str(promised.record_id))


def test_a_patient_is_waited_for_before_they_are_missed(
    hilltop: Clinic, promised: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, late = f"/appointments/{promised.id}/no_show", promised.starts_at + timedelta(minutes=10)
    at(monkeypatch, late - timedelta(seconds=1))
    answer = call(hilltop, Role.DOCTOR, "post", path)
    assert (problem(answer), answer.json()["grace_minutes"]) == ((409, "not-yet"), 10)
    assert now_stands(hilltop, promised.id) == ("booked", False, 1, 2)

    at(monkeypatch, late)
    assert call(hilltop, Role.DOCTOR, "post", path).status_code == 200
    assert now_stands(hilltop, promised.id) == ("noshow", False, 2, 0)
    assert call(hilltop, Role.DOCTOR, "delete", path).status_code == 200

    assert now_stands(hilltop, promised.id) == ("booked", False, 3, 2)
    with inside(hilltop.id):
        said = Event.objects.using("clinical").filter(resource_id=promised.id).order_by("id")
        assert [each.action for each in said][-2:] == ["appointment.missed", "appointment.not_missed"]


def test_who_is_not_checked_in_by_then_is_missed_by_itself(
    hilltop: Clinic, promised: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = promised.starts_at + timedelta(minutes=15)
    with inside(hilltop.id):
        untyped = booked(hilltop, "2031-03-04T09:00").appointment
        assert overdue(late - timedelta(seconds=1)) == []
        assert overdue(late) == [promised.id]

        monkeypatch.setattr(tasks, "clock", type("Then", (), {"now": staticmethod(lambda: late)}))
        tasks.release_one(appointment_id=promised.id)
        tasks.release_one(appointment_id=promised.id)

        [missed] = AppointmentChange.objects.filter(status="noshow")
        assert (missed.appointment_id, missed.at, missed.account_id) == (promised.id, late, None)
    assert now_stands(hilltop, promised.id) == ("noshow", False, 2, 2)
    assert now_stands(hilltop, untyped.id)[0] == "booked"


def test_the_job_asks_for_each_that_is_overdue(
    hilltop: Clinic, promised: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, asked = promised.starts_at + timedelta(minutes=15), list[Any]()
    monkeypatch.setattr(tasks, "clock", type("Then", (), {"now": staticmethod(lambda: late)}))
    monkeypatch.setattr(tasks, "enqueue", lambda job, **said: asked.append((job.name, said)))

    tasks.release_missed()

    assert asked == [("scheduling.release_one", {"appointment_id": promised.id})]


def test_nobody_is_missed_who_is_here_or_came_after_all_or_was_forgotten_long_ago(
    hilltop: Clinic, promised: Appointment
) -> None:
    late, desk = promised.starts_at + timedelta(minutes=15), hilltop.who[Role.RECEPTIONIST]
    with inside(hilltop.id):
        assert overdue(promised.starts_at + timedelta(days=1, seconds=1)) == []
        release(promised.id, late)
        undo_no_show(by=desk, appointment_id=promised.id, if_match=None, now=late)
        assert overdue(late) == []
        proceed(by=desk, appointment_id=promised.id, step=Step.CHECK_IN, if_match=None, now=late)
        release(promised.id, late)
    assert now_stands(hilltop, promised.id)[0] == "checked-in"
