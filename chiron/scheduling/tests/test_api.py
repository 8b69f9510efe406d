"""A day at the front desk over HTTP: hours, slots, a booking and what becomes of it."""

import datetime
from typing import Any

import pytest

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.scheduling.diary import availability_of
from chiron.scheduling.models import Appointment, Schedule
from chiron.scheduling.tests.factories import NOW, booked, receives
from chiron.tenancy.public import inside
from tests.town import Clinic

HOURS: dict[str, Any] = {
    "available_days": {"tuesday": [["09:00", "11:00"]], "friday": [["22:00", "02:00"]]},
    "time_zone": "Europe/Berlin",
    "slot_minutes": 30,
    "exceptions": [
        {"kind": "closed", "from": "2031-03-11T00:00", "until": "2031-03-11T10:00", "title": "Training"},
        {"kind": "open", "day": "2031-03-05", "start": "14:00", "end": "15:00"},
    ],
}
SAID = HOURS | {
    "exceptions": [
        {"kind": "closed", "from": "2031-03-11T00:00:00", "until": "2031-03-11T10:00:00", "title": "Training"},
        {"kind": "open", "day": "2031-03-05", "start": "14:00:00", "end": "15:00:00"},
    ],
}
TUESDAY = {"appointment_date": "2031-03-04", "start_time": "10:30"}


@pytest.fixture(autouse=True)
def monday(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Monday noon; whoever is asked about tokens knows nothing of it."""
    for module in ("api", "api_hours"):
        monkeypatch.setattr(f"chiron.scheduling.{module}.clock", type("Monday", (), {"now": staticmethod(lambda: NOW)}))


def call(clinic: Clinic, role: Role, method: str, path: str, body: Any = None, **headers: str) -> Any:
    sent = {} if body is None else {"data": body, "content_type": "application/json"}
    return getattr(clinic.client(role), method)(f"/api{path}", headers=headers, **sent)


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def told(clinic: Clinic) -> Any:
    """The doctor says when they receive."""
    answer = call(clinic, Role.DOCTOR, "put", "/doctors/availability", HOURS)
    assert answer.status_code == 200, answer.content
    return answer


def test_a_doctor_says_when_they_receive_and_everybody_can_read_it(hilltop: Clinic) -> None:
    answer = told(hilltop)

    assert answer.json() == {
        "availability": SAID | {"doctor_id": str(hilltop.doctor_id), "version": 1}, "affected": [], "next": None,
    }  # fmt: skip
    assert answer.headers["ETag"] == '"1"'
    for role, path in ((Role.DOCTOR, "availability"), (Role.LAB, f"{hilltop.doctor_id}/availability")):
        read = call(hilltop, role, "get", f"/doctors/{path}")
        assert read.json() == {"availability": answer.json()["availability"]}


def test_hours_are_said_by_the_doctor_the_desk_or_an_admin(hilltop: Clinic) -> None:
    path = f"/doctors/{hilltop.other_doctor_id}/availability"

    assert problem(call(hilltop, Role.DOCTOR, "put", path, HOURS)) == (403, "not-permitted")
    assert problem(call(hilltop, Role.PATIENT, "put", path, HOURS)) == (403, "not-permitted")
    with inside(hilltop.id):
        assert Schedule.objects.count() == 0
    assert call(hilltop, Role.RECEPTIONIST, "put", path, HOURS).status_code == 200
    stale = {"If-Match": '"7"'}
    assert problem(call(hilltop, Role.ADMIN, "put", path, HOURS, **stale)) == (412, "stale-version")


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Europe/Atlantis"},
        {"slot_minutes": 0},
        {"available_days": {"someday": []}},
        {"available_days": {"monday": [["09:00:30", "10:00"]]}},
        {"available_days": {"monday": [["09:00+01:00", "10:00"]]}},
        {"exceptions": [{"kind": "closed", "from": "2031-03-11T10:00", "until": "2031-03-11T10:00"}]},
        {"exceptions": [HOURS["exceptions"][1]] * 2},
    ],
)
def test_hours_that_make_no_sense_are_refused(wrong: dict[str, Any], hilltop: Clinic) -> None:
    answer = call(hilltop, Role.DOCTOR, "put", "/doctors/availability", HOURS | wrong)

    assert problem(answer) == (422, "invalid")
    with inside(hilltop.id):
        assert Schedule.objects.count() == 0


def test_appointments_that_do_not_fit_any_more_are_told_and_stand(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        inside_hours = booked(hilltop, "2031-03-04T10:00").appointment
        beyond = booked(hilltop, "2031-03-04T12:00").appointment

    answer = told(hilltop)

    assert [each["id"] for each in answer.json()["affected"]] == [str(beyond.id)]
    with inside(hilltop.id):
        assert set(Appointment.objects.values_list("id", "status")) == {
            (inside_hours.id, "booked"), (beyond.id, "booked"),
        }  # fmt: skip


def slots(clinic: Clinic, date: str, **more: str) -> list[str]:
    asked = "&".join(f"{name}={value}" for name, value in {"date": date, **more}.items())
    doctors = call(clinic, Role.PATIENT, "get", f"/appointments/available_doctors?{asked}").json()["doctors"]
    return [slot["start_time"] for doctor in doctors for slot in doctor["slots"]]


def test_slots_are_offered_with_the_offset_of_the_doctors_clock(hilltop: Clinic) -> None:
    told(hilltop)

    assert slots(hilltop, "2031-03-04") == [
        f"2031-03-04T{clock}:00+01:00" for clock in ("09:00", "09:30", "10:00", "10:30")
    ]
    assert slots(hilltop, "2031-03-05") == ["2031-03-05T14:00:00+01:00", "2031-03-05T14:30:00+01:00"]
    assert slots(hilltop, "2031-03-08") == [f"2031-03-08T0{hour}:00+01:00" for hour in ("0:00", "0:30", "1:00", "1:30")]
    assert slots(hilltop, "2031-03-11") == ["2031-03-11T10:00:00+01:00", "2031-03-11T10:30:00+01:00"]
    assert slots(hilltop, "2031-03-06") == []
    assert slots(hilltop, "2031-03-04", specialty="cardiology") == []


def test_every_slot_that_is_offered_books(hilltop: Clinic) -> None:
    told(hilltop)

    for date in ("2031-03-04", "2031-03-05", "2031-03-08"):
        for slot in slots(hilltop, date):
            wish = {"doctor_id": str(hilltop.doctor_id), "appointment_date": slot[:10], "start_time": slot[11:16]}
            answer = call(hilltop, Role.PATIENT, "post", "/appointments/book", wish)
            assert (answer.status_code, answer.json()["appointment"]["starts_at"]) == (201, slot)
        assert slots(hilltop, date) == []


def test_a_booking_answers_the_appointment_and_its_record(hilltop: Clinic) -> None:
    told(hilltop)
    wish = TUESDAY | {"doctor_id": str(hilltop.doctor_id), "patient_id": str(hilltop.patient_id), "reason": "Cough"}

    answer = call(hilltop, Role.RECEPTIONIST, "post", "/appointments/book", wish, **{"Idempotency-Key": "once"})
    again = call(hilltop, Role.RECEPTIONIST, "post", "/appointments/book", wish, **{"Idempotency-Key": "once"})

    assert answer.status_code == 201
    appointment, record = answer.json()["appointment"], answer.json()["health_record"]
    assert answer.headers["Location"] == f"/api/appointments/{appointment['id']}"
    assert appointment | {"id": "", "health_record_id": ""} == {
        "id": "", "doctor_id": str(hilltop.doctor_id), "patient_id": str(hilltop.patient_id), "type": None,
        "room_id": None, "status": "booked", "starts_at": "2031-03-04T10:30:00+01:00",
        "ends_at": "2031-03-04T11:00:00+01:00", "time_zone": "Europe/Berlin", "reason": "Cough",
        "cancellation_reason": "", "late": False, "held_until": None, "moves": 0, "series": None,
        "health_record_id": "",
        "possible": ["reschedule", "cancel", "check_in", "no_show"], "version": 1,
    }  # fmt: skip
    assert (record["id"], record["record_type"]) == (appointment["health_record_id"], "APPOINTMENT")
    assert again.json() == answer.json()
    with inside(hilltop.id):
        assert Appointment.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"start_time": "20:00"}, (409, "outside-availability")),
        ({"appointment_date": "2031-03-02"}, (422, "not-in-the-future")),
        ({"utc_offset": "+05:00"}, (422, "time-never-comes")),
        ({"doctor_id": "00000000-0000-0000-0000-000000000001"}, (404, "not-found")),
    ],
)
def test_what_cannot_be_booked_is_refused_in_words(
    wrong: dict[str, Any], refusal: tuple[int, str], hilltop: Clinic
) -> None:
    told(hilltop)

    answer = call(
        hilltop, Role.PATIENT, "post", "/appointments/book", TUESDAY | {"doctor_id": str(hilltop.doctor_id)} | wrong
    )

    assert problem(answer) == refusal
    with inside(hilltop.id):
        assert Appointment.objects.count() == 0


def test_a_time_that_clocks_skip_or_repeat_is_asked_back(hilltop: Clinic) -> None:
    always = {day: [["00:00", "00:00"]] for day in ("saturday", "sunday")}
    call(hilltop, Role.DOCTOR, "put", "/doctors/availability", HOURS | {"available_days": always})
    doctor = {"doctor_id": str(hilltop.doctor_id), "start_time": "02:30"}
    skipped, repeated = doctor | {"appointment_date": "2031-03-30"}, doctor | {"appointment_date": "2031-10-26"}

    assert problem(call(hilltop, Role.PATIENT, "post", "/appointments/book", skipped)) == (422, "time-never-comes")
    assert problem(call(hilltop, Role.PATIENT, "post", "/appointments/book", repeated)) == (422, "time-comes-twice")
    for offset in ("+02:00", "+01:00"):
        answer = call(hilltop, Role.PATIENT, "post", "/appointments/book", repeated | {"utc_offset": offset})
        assert answer.json()["appointment"]["starts_at"] == f"2031-10-26T02:30:00{offset}"


def test_an_appointment_goes_its_way(hilltop: Clinic) -> None:
    told(hilltop)
    with inside(hilltop.id):
        appointment = booked(hilltop, "2031-03-04T09:00").appointment
    path = f"/appointments/{appointment.id}"

    moved = call(hilltop, Role.PATIENT, "post", f"{path}/reschedule", TUESDAY).json()["appointment"]
    here = call(hilltop, Role.RECEPTIONIST, "post", f"{path}/check_in").json()["appointment"]
    done = call(hilltop, Role.DOCTOR, "post", f"{path}/complete")
    refused = call(hilltop, Role.RECEPTIONIST, "post", f"{path}/cancel", {"reason": "too late"})

    assert (moved["starts_at"], moved["moves"], here["status"]) == ("2031-03-04T10:30:00+01:00", 1, "checked-in")
    assert (done.json()["appointment"]["status"], done.headers["ETag"]) == ("fulfilled", '"4"')
    assert problem(refused) == (409, "illegal-transition")
    assert (refused.json()["standing"], refused.json()["allowed"]) == ("fulfilled", [])


def test_patients_see_their_own_appointments_and_doctors_those_of_their_diary(hilltop: Clinic) -> None:
    told(hilltop)
    call(hilltop, Role.ADMIN, "put", f"/doctors/{hilltop.other_doctor_id}/availability", HOURS)
    with inside(hilltop.id):
        mine = booked(hilltop, "2031-03-04T09:00").appointment
        theirs = booked(
            hilltop, "2031-03-04T09:30", patient_id=hilltop.other_patient_id, provider_id=hilltop.other_doctor_id
        ).appointment
        diary = booked(hilltop, "2031-03-04T10:00", patient_id=hilltop.other_patient_id).appointment

    def seen(role: Role, asked: str = "") -> list[str]:
        return [each["id"] for each in call(hilltop, role, "get", f"/appointments{asked}").json()["appointments"]]

    assert seen(Role.PATIENT) == [str(mine.id)]
    assert seen(Role.DOCTOR) == [str(mine.id), str(diary.id)]
    assert seen(Role.RECEPTIONIST) == [str(mine.id), str(theirs.id), str(diary.id)]
    assert seen(Role.RECEPTIONIST, f"?doctor_id={hilltop.other_doctor_id}") == [str(theirs.id)]
    assert seen(Role.RECEPTIONIST, "?from=2031-03-04T09:30:00%2B01:00&to=2031-03-04T10:00:00%2B01:00") == [
        str(theirs.id)
    ]
    assert problem(call(hilltop, Role.PATIENT, "get", f"/appointments/{theirs.id}")) == (404, "not-found")
    assert problem(call(hilltop, Role.BILLER, "get", "/appointments")) == (403, "not-permitted")


def test_looking_is_an_event_about_the_patients_seen(hilltop: Clinic) -> None:
    told(hilltop)
    with inside(hilltop.id):
        appointment = booked(hilltop, "2031-03-04T09:00").appointment

    call(hilltop, Role.RECEPTIONIST, "get", "/appointments")
    call(hilltop, Role.RECEPTIONIST, "get", f"/appointments/{appointment.id}")

    with inside(hilltop.id):
        events = Event.objects.using("clinical").order_by("id").values_list("action", "subjects")
        assert list(events)[-2:] == [
            ("appointment.listed", [hilltop.patient_id]), ("appointment.read", [hilltop.patient_id]),
        ]  # fmt: skip


@pytest.mark.parametrize("day", ["0001-01-01", "0001-01-02", "1899-12-31", "2200-01-01", "9999-12-30", "9999-12-31"])
def test_a_day_that_no_calendar_has_is_refused_wherever_it_is_said(hilltop: Clinic, day: str) -> None:
    slot = {"doctor_id": str(hilltop.doctor_id), "appointment_date": day, "start_time": "09:00"}
    leave = {"kind": "closed", "from": f"{day}T00:00", "until": f"{day}T12:00"}
    bodies: dict[str, Any] = {
        "/appointments/book": slot, "/appointments/hold": slot, "/appointments/series": slot | {"count": 2},
        "/appointments/waitlist": {"from": day, "until": day},
        "/holidays": {"from": f"{day}T00:00", "until": f"{day}T12:00"},
    }  # fmt: skip

    assert call(hilltop, Role.ADMIN, "get", f"/appointments/available_doctors?date={day}").status_code == 422
    assert (
        call(hilltop, Role.DOCTOR, "put", "/doctors/availability", HOURS | {"exceptions": [leave]}).status_code == 422
    )
    for path, body in bodies.items():
        assert call(hilltop, Role.ADMIN, "post", path, body).status_code == 422, path


def test_a_leave_of_years_is_looked_at_for_the_days_that_are_asked_only(hilltop: Clinic) -> None:
    leave = {"kind": "closed", "from": "2031-03-05T00:00", "until": "2041-03-01T00:00"}
    longer = leave | {"until": "2041-06-01T00:00"}
    assert (
        call(hilltop, Role.DOCTOR, "put", "/doctors/availability", HOURS | {"exceptions": [longer]}).status_code == 422
    )

    answer = call(hilltop, Role.DOCTOR, "put", "/doctors/availability", HOURS | {"exceptions": [leave]})

    assert answer.status_code == 200
    with inside(hilltop.id):
        schedule, day = Schedule.objects.get(provider_id=hilltop.doctor_id), datetime.date(2031, 3, 10)
        closed = availability_of(schedule, day, day).closed
    assert [(str(first), str(last)) for first, last in closed] == [("2031-03-08 00:00:00", "2031-03-13 00:00:00")]
