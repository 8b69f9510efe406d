"""Holds and the waitlist over HTTP."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chiron.identity.public import Role
from chiron.scheduling.fitting import Where
from chiron.scheduling.models import AppointmentType, WaitlistEntry
from chiron.scheduling.services.offering import offer_next
from chiron.scheduling.tests.factories import NOW, receives
from chiron.scheduling.tests.test_api import call, problem
from chiron.tenancy.public import inside
from tests.town import Clinic

TUESDAY = {"appointment_date": "2031-03-04", "start_time": "10:30"}
WAITING = {"from": "2031-03-04", "until": "2031-03-04"}


class Clock:
    """What the clinic's clock shows; tests put it forward."""

    def __init__(self) -> None:
        self.shows = NOW

    def now(self) -> datetime:
        return self.shows


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("chiron.scheduling.api.clock", clock)
    monkeypatch.setattr("chiron.scheduling.api_waitlist.clock", clock)
    return clock


@pytest.fixture
def clinic(hilltop: Clinic, clock: Clock) -> Clinic:
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
    return hilltop


def test_a_hold_is_confirmed_with_its_record(clinic: Clinic) -> None:
    wish = TUESDAY | {"doctor_id": str(clinic.doctor_id), "reason": "Cough"}

    held = call(clinic, Role.PATIENT, "post", "/appointments/hold", wish)
    appointment = held.json()["appointment"]
    taken = call(clinic, Role.RECEPTIONIST, "post", "/appointments/book", wish | {"patient_id": str(clinic.patient_id)})
    confirmed = call(clinic, Role.PATIENT, "post", f"/appointments/{appointment['id']}/confirm")

    assert (held.status_code, held.headers["Location"]) == (201, f"/api/appointments/{appointment['id']}")
    assert (appointment["status"], appointment["held_until"]) == ("held", "2031-03-03T12:10:00+00:00")
    assert (appointment["health_record_id"], appointment["possible"]) == (None, ["confirm", "cancel"])
    assert problem(taken) == (409, "doctor-busy")
    assert confirmed.status_code == 200
    assert confirmed.json()["appointment"]["status"] == "booked"
    assert confirmed.json()["appointment"]["reason"] == "Cough"
    assert confirmed.json()["appointment"]["health_record_id"] == confirmed.json()["health_record"]["id"]


def test_what_expired_is_not_confirmed(clinic: Clinic, clock: Clock) -> None:
    held = call(clinic, Role.PATIENT, "post", "/appointments/hold", TUESDAY | {"doctor_id": str(clinic.doctor_id)})
    clock.shows = NOW + timedelta(minutes=10)

    late = call(clinic, Role.PATIENT, "post", f"/appointments/{held.json()['appointment']['id']}/confirm")

    assert problem(late) == (409, "hold-expired")


def test_staff_approve_or_decline_what_patients_book(clinic: Clinic) -> None:
    with inside(clinic.id):
        kind = AppointmentType.objects.create(name="Surgery", minutes=30, needs_approval=True)
    wish = TUESDAY | {"doctor_id": str(clinic.doctor_id), "type": str(kind.id)}
    appointment = call(clinic, Role.PATIENT, "post", "/appointments/book", wish).json()["appointment"]
    path = f"/appointments/{appointment['id']}"

    assert appointment["status"] == "pending"
    assert problem(call(clinic, Role.PATIENT, "post", f"{path}/approve")) == (403, "not-permitted")
    assert call(clinic, Role.RECEPTIONIST, "post", f"{path}/approve").json()["appointment"]["status"] == "booked"
    refused = call(clinic, Role.DOCTOR, "post", f"{path}/decline", {"reason": "Full"})
    assert problem(refused) == (409, "illegal-transition")
    assert refused.json()["standing"] == "booked"


def test_who_waits_is_offered_what_they_can_accept(clinic: Clinic) -> None:
    joined = call(clinic, Role.PATIENT, "post", "/appointments/waitlist", WAITING | {"times": [["15:00", "16:00"]]})
    entry = joined.json()["entry"]
    with inside(clinic.id):
        offer_next(Where(), NOW)

    read = call(clinic, Role.PATIENT, "get", f"/appointments/waitlist/{entry['id']}").json()["entry"]
    accepted = call(clinic, Role.PATIENT, "post", f"/appointments/{read['offer']['appointment_id']}/confirm")

    assert (joined.status_code, joined.headers["Location"]) == (201, f"/api/appointments/waitlist/{entry['id']}")
    assert entry | {"id": ""} == {
        "id": "", "patient_id": str(clinic.patient_id), "doctor_id": None, "department_id": None, "specialty": "",
        "type": None, "from": "2031-03-04", "until": "2031-03-04", "times": [["15:00", "16:00"]],
        "earlier_than": None, "priority": 5, "status": "waiting", "joined_at": "2031-03-03T12:00:00+00:00",
        "offer": None, "version": 1,
    }  # fmt: skip
    assert read["offer"] | {"appointment_id": ""} == {
        "appointment_id": "", "doctor_id": str(clinic.doctor_id), "starts_at": "2031-03-04T15:00:00+01:00",
        "held_until": "2031-03-03T13:00:00+00:00",
    }  # fmt: skip
    assert accepted.json()["appointment"]["status"] == "booked"
    assert call(clinic, Role.PATIENT, "get", "/appointments/waitlist").json() == {"waitlist": [], "next": None}


def test_staff_see_the_line_and_say_who_is_first(clinic: Clinic) -> None:
    ids = [
        call(clinic, Role.RECEPTIONIST, "post", "/appointments/waitlist", WAITING | {"patient_id": str(patient_id)})
        .json()["entry"]["id"]
        for patient_id in (clinic.patient_id, clinic.other_patient_id)
    ]  # fmt: skip

    first = call(clinic, Role.RECEPTIONIST, "put", f"/appointments/waitlist/{ids[1]}/priority", {"priority": 1})

    assert first.json()["entry"]["priority"] == 1
    for role, seen in ((Role.ADMIN, [ids[1], ids[0]]), (Role.DOCTOR, [ids[0]]), (Role.PATIENT, [ids[0]])):
        listed = call(clinic, role, "get", "/appointments/waitlist").json()["waitlist"]
        assert [each["id"] for each in listed] == seen
    left = call(clinic, Role.PATIENT, "post", f"/appointments/waitlist/{ids[0]}/leave")
    assert left.json()["entry"]["status"] == "left"


@pytest.mark.parametrize(
    "wrong",
    [
        {"until": "2031-03-03"},
        {"until": "2032-03-05"},
        {"times": [["12:00", "09:00"]]},
        {"doctor_id": "00000000-0000-0000-0000-000000000001", "specialty": "Cardiology"},
        {"priority": 1},
    ],
)
def test_wishes_that_make_no_sense_are_refused(wrong: dict[str, Any], clinic: Clinic) -> None:
    answer = call(clinic, Role.PATIENT, "post", "/appointments/waitlist", WAITING | wrong)

    assert problem(answer) == (422, "invalid")
    with inside(clinic.id):
        assert WaitlistEntry.objects.count() == 0
