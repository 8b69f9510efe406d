"""Who is told what became of an appointment: patient and doctor, but not who made it so, and with the change only."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from chiron.identity.public import Role
from chiron.kernel.ids import NIL
from chiron.notifications.tests.factories import told, undone
from chiron.scheduling.fitting import Where
from chiron.scheduling.models import AppointmentType
from chiron.scheduling.services.attend import cancel, decline, no_show, proceed
from chiron.scheduling.services.hold import confirm
from chiron.scheduling.services.offering import offer_next
from chiron.scheduling.services.reschedule import reschedule
from chiron.scheduling.tests.factories import NOW, berlin, booked, held, receives, waits
from chiron.scheduling.words import Step
from chiron.tenancy.public import inside
from tests.town import Clinic

DESK, DOCTOR, PATIENT = Role.RECEPTIONIST, Role.DOCTOR, Role.PATIENT
ELEVEN = datetime.fromisoformat("2031-03-04T11:00")
LATER = berlin("2031-03-04T12:00")


@pytest.fixture
def clinic(hilltop: Clinic) -> Clinic:
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        receives(hilltop.other_doctor_id)
    return hilltop


def book_at_ten(clinic: Clinic, role: Role = DESK, **said: Any) -> UUID:
    with inside(clinic.id):
        return booked(clinic, role=role, **said).appointment.id


def kinds(clinic: Clinic, role: Role, about: UUID) -> list[str]:
    """The kinds of what somebody was told, all of one appointment."""
    found = told(clinic, role)
    assert {(resource, id) for _, resource, id in found} <= {("appointments", about)}
    return [kind for kind, _, _ in found]


@pytest.mark.parametrize(("role", "others"), [(DESK, [DOCTOR, PATIENT]), (PATIENT, [DOCTOR])])
def test_patient_and_doctor_are_told_of_what_is_booked_and_who_booked_it_is_not(
    clinic: Clinic, role: Role, others: list[Role]
) -> None:
    about = book_at_ten(clinic, role)

    assert {each: kinds(clinic, each, about) for each in (DESK, DOCTOR, PATIENT)} == {
        each: ["appointment.booked"] if each in others else [] for each in (DESK, DOCTOR, PATIENT)
    }


def test_what_is_moved_and_cancelled_is_told(clinic: Clinic) -> None:
    about, by = book_at_ten(clinic), clinic.who[DESK]

    with inside(clinic.id):
        reschedule(by=by, appointment_id=about, wall=ELEVEN, if_match=None, now=NOW)
        cancel(by=clinic.who[DOCTOR], appointment_id=about, reason="", if_match=None, now=NOW)

    assert kinds(clinic, PATIENT, about) == ["appointment.booked", "appointment.moved", "appointment.cancelled"]
    assert kinds(clinic, DOCTOR, about) == ["appointment.booked", "appointment.moved"]


def test_of_what_takes_place_in_their_presence_nobody_is_told(clinic: Clinic) -> None:
    about, by = book_at_ten(clinic), clinic.who[DESK]

    with inside(clinic.id):
        proceed(by=by, appointment_id=about, step=Step.CHECK_IN, if_match=None, now=LATER)
        proceed(by=by, appointment_id=about, step=Step.COMPLETE, if_match=None, now=LATER)

    assert kinds(clinic, PATIENT, about) == ["appointment.booked"]


def test_nobody_is_told_that_a_patient_was_missed(clinic: Clinic) -> None:
    about = book_at_ten(clinic)

    with inside(clinic.id):
        no_show(by=clinic.who[DESK], appointment_id=about, if_match=None, now=LATER)

    assert kinds(clinic, PATIENT, about) == ["appointment.booked"]


def test_a_doctor_is_told_of_what_is_moved_to_another(clinic: Clinic) -> None:
    about = book_at_ten(clinic)

    with inside(clinic.id):
        reschedule(
            by=clinic.who[DESK], appointment_id=about, wall=ELEVEN, provider_id=clinic.other_doctor_id,
            if_match=None, now=NOW,
        )  # fmt: skip

    assert kinds(clinic, DOCTOR, about) == ["appointment.booked", "appointment.moved"]


def test_of_what_needs_approval_the_patient_is_told_what_is_decided(clinic: Clinic) -> None:
    with inside(clinic.id):
        kind = AppointmentType.objects.create(name="First visit", minutes=30, needs_approval=True)
    first, by = book_at_ten(clinic, PATIENT, type_id=kind.id), clinic.who[DESK]

    with inside(clinic.id):
        proceed(by=by, appointment_id=first, step=Step.APPROVE, if_match=None, now=NOW)

    assert kinds(clinic, PATIENT, first) == ["appointment.booked"]
    assert kinds(clinic, DOCTOR, first) == ["appointment.booked", "appointment.booked"]


def test_of_what_is_not_approved_the_patient_is_told(clinic: Clinic) -> None:
    with inside(clinic.id):
        kind = AppointmentType.objects.create(name="First visit", minutes=30, needs_approval=True)
    about = book_at_ten(clinic, PATIENT, type_id=kind.id)

    with inside(clinic.id):
        decline(by=clinic.who[DESK], appointment_id=about, reason="", if_match=None, now=NOW)

    assert kinds(clinic, PATIENT, about) == ["appointment.cancelled"]


def test_what_is_only_held_is_told_to_nobody_until_it_is_confirmed(clinic: Clinic) -> None:
    with inside(clinic.id):
        given_up = held(clinic, "2031-03-04T09:00")
        cancel(by=clinic.who[DESK], appointment_id=given_up.id, reason="", if_match=None, now=NOW)
        kept = held(clinic)
    before = told(clinic, PATIENT)
    with inside(clinic.id):
        confirm(by=clinic.who[DESK], appointment_id=kept.id, if_match=None, now=NOW)

    assert before == []
    assert kinds(clinic, PATIENT, kept.id) == ["appointment.booked"]


def test_who_is_offered_freed_time_is_told_and_the_doctor_is_not(clinic: Clinic) -> None:
    with inside(clinic.id):
        waits(clinic)
        offer = offer_next(Where(), NOW)

    assert offer is not None
    assert kinds(clinic, PATIENT, offer.id) == ["appointment.offered"]
    assert kinds(clinic, DOCTOR, offer.id) == []


@pytest.mark.parametrize("step", ["book", "move", "cancel", "offer"])
def test_what_is_rolled_back_is_told_to_nobody(clinic: Clinic, step: str) -> None:
    by, about = clinic.who[DESK], NIL if step in ("book", "offer") else book_at_ten(clinic)
    before = told(clinic, PATIENT)

    def act() -> object:
        match step:
            case "book":
                return booked(clinic)
            case "move":
                return reschedule(by=by, appointment_id=about, wall=ELEVEN, if_match=None, now=NOW)
            case "cancel":
                return cancel(by=by, appointment_id=about, reason="", if_match=None, now=NOW)
            case _:
                return waits(clinic), offer_next(Where(), NOW)

    undone(clinic, act)

    assert told(clinic, PATIENT) == before
