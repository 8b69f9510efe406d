"""Hours, holidays, types and rooms in the administration: listed, said and said anew as through the API."""

import pytest
from django.test import Client

from chiron.identity.public import Role
from chiron.scheduling.models import AppointmentType, Closure, ExtraHours, Room, Schedule
from chiron.scheduling.tests.factories import booked, receives
from chiron.tenancy.public import inside
from tests.desk import faults, filled
from tests.town import Clinic

AT = "/admin/scheduling"
HOURS = {
    "time_zone": "Europe/Berlin", "slot_minutes": "30", "weekly": "monday | 09:00 | 12:30\nFriday | 22:00 | 02:00",
    "leave": "2031-03-10T00:00 | 2031-03-11T00:00 | Training", "extra": "2031-03-12 | 10:00 | 11:00",
}  # fmt: skip
HOLIDAY = {"title": "Carnival", "begins": "2031-03-04T10:00", "ends": "2031-03-05T00:00"}


@pytest.fixture
def browser(hilltop: Clinic) -> Client:
    return hilltop.desk(Role.ADMIN)


def page(browser: Client, path: str) -> str:
    answer = browser.get(f"{AT}/{path}")
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


def edited(browser: Client, path: str, **typed: str) -> int:
    form = browser.get(f"{AT}/{path}")
    return browser.post(f"{AT}/{path}", filled(form, **typed)).status_code


def test_hours_are_said_whole_shown_and_said_anew(browser: Client, hilltop: Clinic) -> None:
    said = HOURS | {"doctor": str(hilltop.doctor_id)}
    assert browser.post(f"{AT}/schedule/add/", said).status_code == 302
    with inside(hilltop.id):
        schedule = Schedule.objects.get()
        assert schedule.weekly == {"monday": [["09:00", "12:30"]], "friday": [["22:00", "02:00"]]}
        assert (Closure.objects.count(), ExtraHours.objects.count()) == (1, 1)

    shown = page(browser, f"schedule/{schedule.id}/change/")
    assert all(word in shown for word in ("Europe/Berlin", "09:00", "22:00", "Training"))
    assert "Europe/Berlin" in page(browser, "schedule/")
    assert "10:00" in page(browser, "extrahours/")
    assert edited(browser, f"schedule/{schedule.id}/edit/", slot_minutes="15") == 302
    with inside(hilltop.id):
        again = Schedule.objects.get()
        assert (again.slot_minutes, again.version, again.weekly) == (15, 2, schedule.weekly)
        assert (Closure.objects.count(), ExtraHours.objects.count()) == (1, 1)


def test_hours_that_make_no_sense_come_back_and_are_not_written(browser: Client, hilltop: Clinic) -> None:
    said = HOURS | {"doctor": str(hilltop.doctor_id)}
    for wrong in ({"time_zone": "Europe/Atlantis"}, {"weekly": "someday | 09:00 | 10:00"}, {"weekly": "monday | 9"}):
        answer = browser.post(f"{AT}/schedule/add/", said | wrong)
        assert (answer.status_code, faults(answer) != {}) == (422, True)

    with inside(hilltop.id):
        assert Schedule.objects.count() == 0


def test_a_holiday_is_said_with_what_lies_under_it_and_removed(browser: Client, hilltop: Clinic) -> None:
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        booked(hilltop, "2031-03-04T11:00")

    assert browser.post(f"{AT}/closure/add/", HOLIDAY).status_code == 302
    with inside(hilltop.id):
        holiday = Closure.objects.get()
    shown = page(browser, f"closure/{holiday.id}/change/")
    assert "Carnival" in shown
    assert "2031-03-04 11:00" in shown
    assert "Carnival" in page(browser, "closure/")
    assert edited(browser, f"closure/{holiday.id}/edit/", title="Storm") == 302
    assert "Storm" in page(browser, f"closure/{holiday.id}/change/")
    assert edited(browser, f"closure/{holiday.id}/remove/") == 302
    with inside(hilltop.id):
        assert Closure.objects.count() == 0


def test_types_and_rooms_are_said_and_taken_out_of_use(browser: Client, hilltop: Clinic) -> None:
    assert browser.post(f"{AT}/appointmenttype/add/", {**usual(browser), "name": "Check-up"}).status_code == 302
    assert browser.post(f"{AT}/room/add/", {"name": "Laser", "active": "on"}).status_code == 302
    with inside(hilltop.id):
        kind, room = AppointmentType.objects.get(), Room.objects.get()
        assert (kind.name, kind.minutes, kind.active, room.active) == ("Check-up", 30, True, True)

    assert "Check-up" in page(browser, "appointmenttype/")
    assert "Laser" in page(browser, f"room/{room.id}/change/")
    assert edited(browser, f"appointmenttype/{kind.id}/edit/", active="", after_minutes="15") == 302
    assert edited(browser, f"room/{room.id}/edit/", active="") == 302
    twice = browser.post(f"{AT}/room/add/", {"name": "Laser", "active": "on"})
    assert (twice.status_code, faults(twice)) == (409, {"__all__": ["Another room has that name."]})
    with inside(hilltop.id):
        kind, room = AppointmentType.objects.get(), Room.objects.get()
        assert (kind.active, kind.after_minutes, kind.version, room.active) == (False, 15, 2, False)


def usual(browser: Client) -> dict[str, str]:
    """The form of a new type, as it stands."""
    return filled(browser.get(f"{AT}/appointmenttype/add/"))


def test_who_only_oversees_reads_and_changes_nothing(hilltop: Clinic) -> None:
    officer = hilltop.desk(Role.PRIVACY_OFFICER)

    assert officer.get(f"{AT}/closure/").status_code == 200
    assert officer.post(f"{AT}/closure/add/", HOLIDAY).status_code == 403
    with inside(hilltop.id):
        assert Closure.objects.count() == 0
