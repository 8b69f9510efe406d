"""Holidays take time away once, whoever says them, and leave it to people what becomes of the appointments there."""

from typing import Any
from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.ids import NIL
from chiron.notifications.public import Kind, Notification
from chiron.scheduling.models import Appointment, AppointmentType, Closure, Reservation
from chiron.scheduling.tests.factories import booked, receives
from chiron.scheduling.tests.test_api import HOURS, TUESDAY, call, monday, problem, slots, told
from chiron.tenancy.public import inside
from tests.town import Clinic

__all__ = ["monday"]

CARNIVAL = {"title": "Carnival", "from": "2031-03-04T10:00:00", "until": "2031-03-05T00:00:00"}


def said(clinic: Clinic, asked: str = "", **more: Any) -> Any:
    return call(clinic, Role.RECEPTIONIST, "post", f"/holidays{asked}", CARNIVAL | more)


def department(clinic: Clinic, name: str, parent_id: str | None = None) -> str:
    body = {"name": name, "parent_id": parent_id}
    return str(call(clinic, Role.ADMIN, "post", "/departments", body).json()["department"]["id"])


def works(clinic: Clinic, department_id: str, since: str, until: str | None = None) -> None:
    body = {"department_id": department_id, "since": since, "until": until}
    answer = call(clinic, Role.ADMIN, "post", f"/providers/{clinic.doctor_id}/departments", body)
    assert answer.status_code == 201, answer.content


def test_a_holiday_is_said_read_changed_and_taken_back(hilltop: Clinic) -> None:
    made = said(hilltop)
    path = f"/holidays/{made.json()['holiday']['id']}"
    whole = CARNIVAL | {"id": path.removeprefix("/holidays/"), "department_id": None}

    assert (made.status_code, made.headers["Location"]) == (201, f"/api{path}")
    assert made.json() == {"holiday": whole | {"version": 1}, "affected": [], "next": None}
    assert call(hilltop, Role.PATIENT, "get", "/holidays").json() == {
        "holidays": [whole | {"version": 1}],
        "next": None,
    }
    changed = call(hilltop, Role.ADMIN, "put", path, CARNIVAL | {"title": "Storm"}, **{"If-Match": '"1"'})
    assert changed.json()["holiday"] == whole | {"title": "Storm", "version": 2}
    assert call(hilltop, Role.DOCTOR, "get", path).json()["holiday"]["title"] == "Storm"
    assert problem(call(hilltop, Role.ADMIN, "delete", path, **{"If-Match": '"1"'})) == (412, "stale-version")
    assert call(hilltop, Role.ADMIN, "delete", path).status_code == 204
    assert problem(call(hilltop, Role.ADMIN, "get", path)) == (404, "not-found")


def test_doctors_say_no_holidays_and_nobody_reaches_leave_as_one(hilltop: Clinic) -> None:
    told(hilltop)
    with inside(hilltop.id):
        leave = Closure.objects.get().id

    assert problem(call(hilltop, Role.DOCTOR, "post", "/holidays", CARNIVAL)) == (403, "not-permitted")
    assert problem(call(hilltop, Role.ADMIN, "delete", f"/holidays/{leave}")) == (404, "not-found")
    assert problem(said(hilltop, until="2031-03-04T10:00:00")) == (422, "invalid")
    with inside(hilltop.id):
        assert Closure.objects.count() == 1


def test_a_holiday_takes_its_time_from_every_doctor_and_only_once(hilltop: Clinic) -> None:
    told(hilltop)
    said(hilltop)
    said(hilltop, **{"from": "2031-03-04T09:30:00", "until": "2031-03-04T10:30:00"})

    assert slots(hilltop, "2031-03-04") == ["2031-03-04T09:00:00+01:00"]
    booking = TUESDAY | {"doctor_id": str(hilltop.doctor_id)}
    assert problem(call(hilltop, Role.PATIENT, "post", "/appointments/book", booking)) == (409, "outside-availability")


def test_a_department_closes_for_those_below_it_while_they_work_there(hilltop: Clinic) -> None:
    told(hilltop)
    hospital = department(hilltop, "Hospital")
    heart, eyes = department(hilltop, "Heart", hospital), department(hilltop, "Eyes", hospital)
    works(hilltop, heart, "2031-01-01", "2031-03-31")
    april = {"from": "2031-03-25T00:00:00", "until": "2031-05-01T00:00:00"}

    said(hilltop, department_id=eyes)
    assert len(slots(hilltop, "2031-03-04")) == 4
    said(hilltop, department_id=hospital, **april)

    assert slots(hilltop, "2031-03-25") == []
    assert len(slots(hilltop, "2031-04-01")) == 4


def test_a_department_with_a_holiday_or_a_room_is_not_removed(hilltop: Clinic) -> None:
    closed, furnished = department(hilltop, "Heart"), department(hilltop, "Eyes")
    said(hilltop, department_id=closed)
    call(hilltop, Role.ADMIN, "post", "/rooms", {"name": "Laser", "department_id": furnished})

    for each in (closed, furnished):
        assert problem(call(hilltop, Role.ADMIN, "delete", f"/departments/{each}")) == (409, "department-in-use")
        assert call(hilltop, Role.ADMIN, "get", f"/departments/{each}").status_code == 200


def three_on_tuesday(clinic: Clinic) -> list[UUID]:
    """Appointments at half past eight (before the holiday), ten and noon; one of another doctor's beside them."""
    with inside(clinic.id):
        receives(clinic.doctor_id, ("08:00", "17:00"))
        receives(clinic.other_doctor_id)
        return [
            booked(clinic, "2031-03-04T08:30").appointment.id,
            booked(clinic, "2031-03-04T10:00", patient_id=clinic.other_patient_id).appointment.id,
            booked(clinic, "2031-03-04T12:00").appointment.id,
        ]


def test_appointments_under_a_holiday_are_told_page_by_page_and_stand(hilltop: Clinic) -> None:
    _, ten, noon = three_on_tuesday(hilltop)

    made = said(hilltop)
    path = f"/holidays/{made.json()['holiday']['id']}/affected"
    first = call(hilltop, Role.RECEPTIONIST, "get", f"{path}?limit=1").json()
    second = call(hilltop, Role.RECEPTIONIST, "get", f"{path}?limit=1&cursor={first['next']}").json()

    affected = made.json()["affected"]
    assert affected[0] == {
        "id": str(ten), "doctor_id": str(hilltop.doctor_id), "patient_id": str(hilltop.other_patient_id),
        "starts_at": "2031-03-04T10:00:00+01:00", "ends_at": "2031-03-04T10:30:00+01:00", "decided": "", "version": 1,
    }  # fmt: skip
    assert [each["id"] for each in affected] == [str(ten), str(noon)]
    assert (first["affected"], second["affected"], second["next"]) == (affected[:1], affected[1:], None)
    with inside(hilltop.id):
        assert set(Appointment.objects.values_list("status", flat=True)) == {"booked"}
        [event] = Event.objects.using("clinical").filter(action="holiday.saved")
        assert set(event.subjects) == {hilltop.patient_id, hilltop.other_patient_id}


def test_a_dry_run_answers_the_same_and_changes_nothing(hilltop: Clinic) -> None:
    three_on_tuesday(hilltop)
    hours = f"/doctors/{hilltop.doctor_id}/availability"

    rehearsed = said(hilltop, "?dry_run=true")
    with inside(hilltop.id):
        assert Closure.objects.count() == 0
    rehearsed_hours = call(hilltop, Role.RECEPTIONIST, "put", f"{hours}?dry_run=true", HOURS)
    with inside(hilltop.id):
        assert Closure.objects.count() == 0
    standing = call(hilltop, Role.RECEPTIONIST, "get", hours).json()["availability"]

    assert (rehearsed.status_code, rehearsed.json()["affected"]) == (200, said(hilltop).json()["affected"])
    with inside(hilltop.id):
        Closure.objects.all().delete()
    assert rehearsed_hours.json() == call(hilltop, Role.RECEPTIONIST, "put", hours, HOURS).json()
    assert (standing["version"], "ETag" in rehearsed_hours.headers) == (1, False)


def decided(clinic: Clinic, choice: str, *ids: UUID, role: Role = Role.RECEPTIONIST, **more: Any) -> Any:
    body = {"choice": choice, "appointments": [{"id": str(each)} for each in ids], **more}
    return call(clinic, role, "post", "/appointments/decide", body)


def test_staff_keep_cancel_or_ask_and_each_is_remembered(hilltop: Clinic) -> None:
    early, ten, noon = three_on_tuesday(hilltop)
    with inside(hilltop.id):
        kind = AppointmentType.objects.create(name="Visit", minutes=30, cancel_minutes=10_000)
        Appointment.objects.filter(id=noon).update(type=kind)
    holiday = said(hilltop).json()["holiday"]["id"]

    kept, cancelled, asked = (
        decided(hilltop, choice, each, reason="Carnival")
        for choice, each in (("keep", ten), ("cancel", noon), ("ask", early))
    )

    assert [each.json() for each in (kept, cancelled, asked)] == [
        {"decided": [str(each)], "refused": []} for each in (ten, noon, early)
    ]
    with inside(hilltop.id):
        asked_for = Notification.objects.filter(kind=Kind.ASKED, account_id=hilltop.who[Role.PATIENT].account_id or NIL)
        assert [each.resource_id for each in asked_for] == [early]
    left = call(hilltop, Role.RECEPTIONIST, "get", f"/holidays/{holiday}/affected").json()["affected"]
    assert [(each["id"], each["decided"], each["version"]) for each in left] == [(str(ten), "keep", 2)]
    shown = call(hilltop, Role.RECEPTIONIST, "get", f"/appointments/{noon}").json()["appointment"]
    assert (shown["status"], shown["cancellation_reason"], shown["late"]) == ("cancelled", "Carnival", False)
    with inside(hilltop.id):
        assert Reservation.objects.count() == 4


def test_what_stands_otherwise_than_was_seen_is_left_alone_and_told(hilltop: Clinic) -> None:
    early, ten, noon = three_on_tuesday(hilltop)
    decided(hilltop, "cancel", noon)
    body = {"choice": "cancel", "appointments": [{"id": str(early), "version": 7}, {"id": str(noon)}, {"id": str(ten)}]}

    answer = call(hilltop, Role.RECEPTIONIST, "post", "/appointments/decide", body)

    assert answer.json() == {
        "decided": [str(ten)],
        "refused": [
            {"id": str(early), "problem": "stale-version"}, {"id": str(noon), "problem": "illegal-transition"},
        ],
    }  # fmt: skip
    with inside(hilltop.id):
        assert Appointment.objects.get(id=early).status == "booked"


def test_nothing_is_decided_where_one_of_them_is_not_the_callers(hilltop: Clinic, riverside: Clinic) -> None:
    early, *_ = three_on_tuesday(hilltop)
    with inside(riverside.id):
        receives(riverside.doctor_id)
        theirs = booked(riverside).appointment.id

    assert problem(decided(hilltop, "cancel", early, theirs)) == (404, "not-found")
    assert problem(decided(hilltop, "cancel", early, role=Role.PATIENT)) == (403, "not-permitted")
    assert problem(decided(hilltop, "cancel", early, early)) == (422, "invalid")
    with inside(hilltop.id):
        assert Appointment.objects.get(id=early).status == "booked"


def test_a_patient_who_is_asked_may_still_move_it_and_is_asked_no_more(hilltop: Clinic) -> None:
    kind = {"name": "Check-up", "minutes": 30, "cancel_minutes": 10_000}
    type_id = call(hilltop, Role.ADMIN, "post", "/appointment-types", kind).json()["appointment_type"]["id"]
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        late = booked(hilltop, type_id=UUID(type_id)).appointment.id
    path = f"/appointments/{late}/reschedule"
    wish = {"appointment_date": "2031-03-05", "start_time": "09:00"}

    assert problem(call(hilltop, Role.PATIENT, "post", path, wish)) == (403, "too-late-to-cancel")
    decided(hilltop, "ask", late)

    assert call(hilltop, Role.PATIENT, "post", path, wish).status_code == 200
    with inside(hilltop.id):
        assert Appointment.objects.get(id=late).decided == ""


def test_hours_that_end_leave_a_list_of_the_doctors_own(hilltop: Clinic) -> None:
    early, ten, noon = three_on_tuesday(hilltop)

    changed = call(hilltop, Role.DOCTOR, "put", "/doctors/availability", HOURS)
    listed = call(hilltop, Role.DOCTOR, "get", f"/doctors/{hilltop.doctor_id}/affected")

    assert [each["id"] for each in changed.json()["affected"]] == [str(early), str(noon)]
    assert listed.json() == {"affected": changed.json()["affected"], "next": None}
    assert ten not in {UUID(each["id"]) for each in listed.json()["affected"]}
    nobodys = f"/doctors/{hilltop.other_doctor_id}/affected"
    assert call(hilltop, Role.DOCTOR, "get", nobodys).json() == {"affected": [], "next": None}


@pytest.mark.parametrize(("role", "title"), [(Role.RECEPTIONIST, "Training"), (Role.PATIENT, "")])
def test_why_a_doctor_is_on_leave_is_told_to_colleagues_only(role: Role, title: str, hilltop: Clinic) -> None:
    told(hilltop)

    read = call(hilltop, role, "get", f"/doctors/{hilltop.doctor_id}/availability").json()["availability"]

    assert [each.get("title") for each in read["exceptions"]] == [title, None]
