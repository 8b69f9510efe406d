"""What can be booked, and where: said by the desk, read by everybody, never removed."""

from typing import Any

import pytest

from chiron.identity.public import Role
from chiron.scheduling.models import AppointmentType, Room
from chiron.scheduling.tests.test_api import call, problem
from chiron.tenancy.public import inside
from tests.town import Clinic

TYPE: dict[str, Any] = {
    "name": "First visit", "minutes": 45, "before_minutes": 5, "after_minutes": 10, "notice_minutes": 120,
    "horizon_days": 90, "capacity": 1, "cancel_minutes": 1440, "moves_at_most": 2,
    "grace_minutes": 10, "release_minutes": 15, "hold_minutes": 20, "needs_approval": True, "active": True,
}  # fmt: skip


def test_a_type_is_said_by_the_desk_and_read_by_everybody(hilltop: Clinic) -> None:
    made = call(hilltop, Role.RECEPTIONIST, "post", "/appointment-types", TYPE)
    own = made.json()["appointment_type"]
    read = call(hilltop, Role.PATIENT, "get", f"/appointment-types/{own['id']}")

    assert (made.status_code, made.headers["Location"]) == (201, f"/api/appointment-types/{own['id']}")
    assert own == TYPE | {"id": own["id"], "version": 1}
    assert (read.json()["appointment_type"], read.headers["ETag"]) == (own, '"1"')


def test_what_is_not_offered_any_more_stays_and_is_listed_apart(hilltop: Clinic) -> None:
    path = call(hilltop, Role.ADMIN, "post", "/appointment-types", TYPE).headers["Location"].removeprefix("/api")
    call(hilltop, Role.ADMIN, "post", "/appointment-types", TYPE | {"name": "Check-up"})

    ended = call(hilltop, Role.RECEPTIONIST, "put", path, TYPE | {"active": False}, **{"If-Match": '"1"'})
    stale = call(hilltop, Role.RECEPTIONIST, "put", path, TYPE, **{"If-Match": '"1"'})

    def names(asked: str) -> list[str]:
        found = call(hilltop, Role.PATIENT, "get", f"/appointment-types{asked}").json()["appointment_types"]
        return [each["name"] for each in found]

    assert (ended.json()["appointment_type"]["version"], problem(stale)) == (2, (412, "stale-version"))
    assert names("") == ["Check-up", "First visit"]
    assert (names("?active=true"), names("?active=false")) == (["Check-up"], ["First visit"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"minutes": 0},
        {"minutes": 1441},
        {"capacity": 0},
        {"notice_minutes": -1},
        {"release_minutes": 9},
        {"name": " "},
        {"colour": 1},
    ],
)
def test_a_type_that_makes_no_sense_is_refused(wrong: dict[str, Any], hilltop: Clinic) -> None:
    answer = call(hilltop, Role.ADMIN, "post", "/appointment-types", TYPE | wrong)

    assert problem(answer) == (422, "invalid")
    with inside(hilltop.id):
        assert AppointmentType.objects.count() == 0


def test_a_name_is_that_of_one_type_and_of_one_room(hilltop: Clinic) -> None:
    for path, said in (("/appointment-types", TYPE), ("/rooms", {"name": "Ultrasound"})):
        call(hilltop, Role.ADMIN, "post", path, said)

    kind = call(hilltop, Role.ADMIN, "post", "/appointment-types", TYPE)
    room = call(hilltop, Role.ADMIN, "post", "/rooms", {"name": "Ultrasound"})

    assert problem(kind) == (409, "appointment-type-name-taken")
    assert problem(room) == (409, "room-name-taken")
    with inside(hilltop.id):
        assert (AppointmentType.objects.count(), Room.objects.count()) == (1, 1)


def test_a_room_stands_in_a_department_that_there_is(hilltop: Clinic, riverside: Clinic) -> None:
    here = call(hilltop, Role.ADMIN, "post", "/departments", {"name": "Heart"}).json()["department"]["id"]
    there = call(riverside, Role.ADMIN, "post", "/departments", {"name": "Heart"}).json()["department"]["id"]

    made = call(hilltop, Role.RECEPTIONIST, "post", "/rooms", {"name": "Ultrasound", "department_id": here})
    refused = call(hilltop, Role.RECEPTIONIST, "post", "/rooms", {"name": "Laser", "department_id": there})

    room = made.json()["room"]
    assert room == {
        "id": room["id"],
        "name": "Ultrasound",
        "department_id": here,
        "places": None,
        "active": True,
        "version": 1,
    }
    assert problem(refused) == (404, "not-found")
    assert [each["id"] for each in call(hilltop, Role.PATIENT, "get", "/rooms").json()["rooms"]] == [room["id"]]
    changed = call(hilltop, Role.ADMIN, "put", f"/rooms/{room['id']}", {"name": "Echo", "active": False})
    assert (changed.json()["room"]["name"], changed.headers["ETag"]) == ("Echo", '"2"')
    assert call(hilltop, Role.DOCTOR, "get", f"/rooms/{room['id']}").json()["room"]["active"] is False


def test_doctors_and_patients_say_neither(hilltop: Clinic) -> None:
    for role in (Role.DOCTOR, Role.PATIENT):
        assert problem(call(hilltop, role, "post", "/appointment-types", TYPE)) == (403, "not-permitted")
        assert problem(call(hilltop, role, "post", "/rooms", {"name": "Laser"})) == (403, "not-permitted")

    with inside(hilltop.id):
        assert (AppointmentType.objects.count(), Room.objects.count()) == (0, 0)
