"""Every slot that is offered can be booked, whatever it asks for and whatever stands around it (SCH-13), over HTTP."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chiron.identity.public import Role
from chiron.scheduling.models import Appointment
from chiron.scheduling.tests.test_api import call, monday, problem
from chiron.tenancy.public import inside
from tests.matrix.world import undone
from tests.town import Clinic

__all__ = ["monday"]

DAYS = ["2031-03-04", "2031-03-29", "2031-03-30", "2031-10-26"]
"""A usual day in Berlin, the day before and the day on which its clocks are put forward, and one they are put back."""

CLOCK = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
HOURS = st.lists(st.tuples(CLOCK, st.sampled_from([1, 2, 3, 5])), min_size=1, max_size=2).map(
    lambda pairs: [[start, f"{(int(start[:2]) + long) % 24:02}{start[2:]}"] for start, long in pairs]
)
TYPES = st.fixed_dictionaries({
    "minutes": st.sampled_from([10, 30, 45, 90]), "before_minutes": st.sampled_from([0, 5, 30]),
    "after_minutes": st.sampled_from([0, 10, 60]), "notice_minutes": st.sampled_from([0, 60]),
})  # fmt: skip


def made(clinic: Clinic, method: str, path: str, body: Any) -> Any:
    answer = call(clinic, Role.ADMIN, method, path, body)
    assert answer.status_code in (200, 201), answer.content
    return answer.json()


def offered(clinic: Clinic, day: str, wish: dict[str, str]) -> list[str]:
    asked = {"date": day, "type": wish["type"], "room_id": wish["room_id"], "patient_id": wish["patient_id"]}
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    doctors = call(clinic, Role.RECEPTIONIST, "get", f"/appointments/available_doctors?{query}").json()["doctors"]
    mine = [each for each in doctors if each["id"] == wish["doctor_id"]]
    return [slot["start_time"] for doctor in mine for slot in doctor["slots"]]


def book(clinic: Clinic, wish: dict[str, str], slot: str) -> Any:
    at = {"appointment_date": slot[:10], "start_time": slot[11:16], "utc_offset": slot[19:]}
    return call(clinic, Role.RECEPTIONIST, "post", "/appointments/book", wish | at)


def every_slot_books(clinic: Clinic, examples: int) -> int:
    """How many slots were booked, of days as awkward as they come."""
    done = 0

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(
        day=st.sampled_from(DAYS), hours=HOURS, step=st.sampled_from([15, 30, 40]), kind=TYPES,
        closed=st.lists(st.tuples(CLOCK, CLOCK).filter(lambda pair: pair[0] < pair[1]), max_size=2), data=st.data(),
    )  # fmt: skip
    def books(day: str, hours: Any, step: int, kind: Any, closed: Any, data: st.DataObject) -> None:
        nonlocal done
        with undone():
            wish = furnished(clinic, hours, step, kind, [(f"{day}T{start}", f"{day}T{end}") for start, end in closed])
            slots = offered(clinic, day, wish)
            for slot in slots:
                with undone():
                    answer = book(clinic, wish, slot)
                    assert (answer.status_code, answer.json().get("appointment", {}).get("starts_at")) == (201, slot)
            done += len(slots)
            while slots:
                other = data.draw(st.sampled_from([clinic.patient_id, clinic.other_patient_id]))
                wish |= {"patient_id": str(other)}
                if slots := offered(clinic, day, wish):
                    assert book(clinic, wish, data.draw(st.sampled_from(slots))).status_code == 201
                    done += 1

    books()
    return done


def furnished(clinic: Clinic, hours: Any, step: int, kind: Any, closed: list[tuple[str, str]]) -> dict[str, str]:
    """What is wished of a doctor with such hours, whose colleague has the room in the morning, as the patient has."""
    weekly = dict.fromkeys(["tuesday", "saturday", "sunday"], hours)
    own = {"available_days": weekly, "time_zone": "Europe/Berlin", "slot_minutes": step}
    made(clinic, "put", f"/doctors/{clinic.doctor_id}/availability", own)
    made(clinic, "put", f"/doctors/{clinic.other_doctor_id}/availability", own | {"slot_minutes": 60})
    for start, end in closed:
        made(clinic, "post", "/holidays", {"from": start, "until": end})
    type_id = made(clinic, "post", "/appointment-types", kind | {"name": "Visit"})["appointment_type"]["id"]
    room_id = made(clinic, "post", "/rooms", {"name": "One"})["room"]["id"]
    wish = {"type": type_id, "room_id": room_id, "patient_id": str(clinic.patient_id)}
    for day in DAYS:
        colleague = wish | {"doctor_id": str(clinic.other_doctor_id)}
        for slot in offered(clinic, day, colleague)[:1]:
            assert book(clinic, colleague, slot).status_code == 201
    return wish | {"doctor_id": str(clinic.doctor_id)}


def test_every_slot_that_is_offered_books_with_types_rooms_and_holidays(hilltop: Clinic) -> None:
    assert every_slot_books(hilltop, 12) > 12


@pytest.mark.stress
def test_every_slot_of_many_days_that_is_offered_books(hilltop: Clinic) -> None:
    assert every_slot_books(hilltop, 250) > 250


def test_a_room_and_a_patient_who_are_taken_are_not_offered(hilltop: Clinic) -> None:
    wish = furnished(hilltop, [["09:00", "11:00"]], 30, {"minutes": 30, "after_minutes": 15}, [])
    others = {"patient_id": str(hilltop.other_patient_id)}
    free_room = made(hilltop, "post", "/rooms", {"name": "Two"})["room"]["id"]
    at = "2031-03-04T"

    assert offered(hilltop, "2031-03-04", wish) == [f"{at}10:00:00+01:00", f"{at}10:30:00+01:00"]
    assert offered(hilltop, "2031-03-04", wish | others) == [f"{at}10:00:00+01:00", f"{at}10:30:00+01:00"]
    assert len(offered(hilltop, "2031-03-04", wish | others | {"room_id": free_room})) == 4
    assert len(offered(hilltop, "2031-03-04", wish | {"room_id": free_room})) == 3
    assert problem(book(hilltop, wish | others, f"{at}09:30:00+01:00")) == (409, "room-busy")
    with inside(hilltop.id):
        assert Appointment.objects.filter(provider_id=hilltop.doctor_id).count() == 0


@pytest.mark.parametrize("missing", ["room_id", "patient_id", "type"])
def test_slots_with_what_there_is_not_are_not_found(missing: str, hilltop: Clinic, riverside: Clinic) -> None:
    asked = f"/appointments/available_doctors?date=2031-03-04&{missing}={riverside.patient_id}"

    assert problem(call(hilltop, Role.RECEPTIONIST, "get", asked)) == (404, "not-found")
