"""A doctor who stops leaves nobody with an appointment that nobody keeps (PRV-01)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event as Signal
from typing import Any
from uuid import UUID

import pytest

from chiron.identity.public import Role
from chiron.kernel import db
from chiron.kernel.clock import now
from chiron.registry.models import Assignment, Provider
from chiron.scheduling.models import Appointment
from chiron.scheduling.services.taking import take
from chiron.scheduling.tests.crowd import STARTS, WAYS, in_process, rush, waiting_for_turns, wishes_of
from chiron.scheduling.tests.factories import booked, receives
from chiron.tenancy.public import inside
from tests.town import Clinic
from tests.waiting import until

GONE = {"family": "Asante", "given": ["Kwabena"], "active": False}
NINE, TEN = (STARTS[0].isoformat(), STARTS[2].isoformat())


@pytest.fixture
def clinic(hilltop: Clinic) -> Clinic:
    """Hilltop, whose two doctors receive, and nobody is assigned to anybody."""
    with inside(hilltop.id):
        Assignment.objects.update(until=now())
        receives(hilltop.doctor_id)
        receives(hilltop.other_doctor_id)
    return hilltop


def promised(clinic: Clinic, at: str, **said: Any) -> Appointment:
    with inside(clinic.id):
        return booked(clinic, at, now=now(), **said).appointment


def leave(clinic: Clinic, doctor_id: UUID, to: UUID | None = None) -> Any:
    client, query = clinic.client(Role.ADMIN), f"?reassign_to={to}" if to else ""
    return client.put(f"/api/doctors/{doctor_id}{query}", GONE, content_type="application/json")


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def stands(clinic: Clinic, doctor_id: UUID) -> tuple[bool, list[UUID]]:
    """Whether the doctor is active, and their appointments."""
    with inside(clinic.id):
        theirs = Appointment.objects.filter(provider=doctor_id).order_by("starts_at").values_list("id", flat=True)
        return Provider.objects.get(id=doctor_id).active, list(theirs)


def test_who_is_expected_by_somebody_does_not_leave(clinic: Clinic) -> None:
    late, early = promised(clinic, TEN, patient_id=clinic.other_patient_id), promised(clinic, NINE)

    answer = leave(clinic, clinic.doctor_id)

    assert problem(answer) == (409, "provider-in-use")
    assert answer.json()["in_the_way"] == [
        {"kind": "appointments", "id": str(early.id), "patient_id": str(clinic.patient_id)},
        {"kind": "appointments", "id": str(late.id), "patient_id": str(clinic.other_patient_id)},
    ]
    assert stands(clinic, clinic.doctor_id) == (True, [early.id, late.id])


def test_what_is_cancelled_or_has_passed_stands_in_nobodys_way(clinic: Clinic) -> None:
    promised(clinic, NINE)
    with inside(clinic.id):
        Appointment.objects.update(starts_at=now() - timedelta(hours=2), ends_at=now() - timedelta(hours=1))
    cancelled = promised(clinic, TEN)
    body = {"reason": "Moves away"}
    path = f"/api/appointments/{cancelled.id}/cancel"
    assert clinic.client(Role.RECEPTIONIST).post(path, body, content_type="application/json").status_code == 200

    assert leave(clinic, clinic.doctor_id).status_code == 200


def test_another_doctor_takes_the_appointments_over_at_their_times(clinic: Clinic) -> None:
    early, late = promised(clinic, NINE), promised(clinic, TEN)

    assert leave(clinic, clinic.doctor_id, to=clinic.other_doctor_id).status_code == 200

    assert stands(clinic, clinic.doctor_id) == (False, [])
    assert stands(clinic, clinic.other_doctor_id) == (True, [early.id, late.id])
    with inside(clinic.id):
        assert [each.starts_at for each in Appointment.objects.order_by("starts_at")] == [
            early.starts_at, late.starts_at,
        ]  # fmt: skip


def test_where_the_other_is_not_free_for_all_of_them_none_is_moved(clinic: Clinic) -> None:
    early, late = promised(clinic, NINE), promised(clinic, TEN)
    promised(clinic, TEN, patient_id=clinic.other_patient_id, provider_id=clinic.other_doctor_id)

    assert problem(leave(clinic, clinic.doctor_id, to=clinic.other_doctor_id)) == (409, "doctor-busy")

    assert stands(clinic, clinic.doctor_id) == (True, [early.id, late.id])


def test_who_does_not_receive_takes_no_appointments_over(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
    appointment = promised(hilltop, NINE)

    answer = leave(hilltop, hilltop.doctor_id, to=hilltop.other_doctor_id)

    assert problem(answer) == (422, "invalid")
    assert answer.json()["errors"][0]["loc"] == ["query", "reassign_to"]
    assert stands(hilltop, hilltop.doctor_id) == (True, [appointment.id])


def test_who_waits_for_a_doctor_that_leaves_books_nothing(lakeside: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    [wish] = wishes_of(lakeside, WAYS[0], 1, doctors=1, slots=1)
    has_chosen, has_left = Signal(), Signal()

    def take_turns_late(alias: str, *keys: str) -> None:
        has_chosen.set()
        assert has_left.wait(30)
        db.take_turns(alias, *keys)

    monkeypatch.setattr("chiron.scheduling.services.expiry.take_turns", take_turns_late)
    with ThreadPoolExecutor(1) as booking:
        told = booking.submit(rush, in_process(lakeside), WAYS[0], [wish])
        assert has_chosen.wait(30)
        left = leave(lakeside, wish.doctor_id)
        has_left.set()

    assert (left.status_code, told.result()[0]) == (200, {"not-found": 1})
    assert stands(lakeside, wish.doctor_id) == (False, [])


def test_who_leaves_waits_for_who_is_just_booking(lakeside: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    [wish] = wishes_of(lakeside, WAYS[0], 1, doctors=1, slots=1)
    has_turn = Signal()

    def take_when_somebody_waits(appointment: Appointment) -> None:
        has_turn.set()
        until(waiting_for_turns)
        take(appointment)

    monkeypatch.setattr("chiron.scheduling.services.book.take", take_when_somebody_waits)
    with ThreadPoolExecutor(1) as booking:
        told = booking.submit(rush, in_process(lakeside), WAYS[0], [wish])
        assert has_turn.wait(30)
        left = leave(lakeside, wish.doctor_id)

    assert (problem(left), told.result()[0]) == ((409, "provider-in-use"), {"got it": 1})
    assert stands(lakeside, wish.doctor_id)[0]
