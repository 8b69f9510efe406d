"""The calendar in the administration: a doctor's week, the list of a day, and that looking is an event."""

from typing import Any

import pytest
from django.test import Client
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.scheduling.admin_calendar import HEADS, ON_A_PAGE
from chiron.scheduling.models import Appointment, AppointmentType
from chiron.scheduling.services.attend import cancel
from chiron.scheduling.services.hold import hold
from chiron.scheduling.sheets import FONT, printable, sheet
from chiron.scheduling.tests.factories import NOW, booked, receives
from chiron.tenancy.public import inside
from tests.town import Clinic

WEEK, DAY = "/admin/scheduling/appointment/", "/admin/scheduling/appointment/day/"


@pytest.fixture(autouse=True)
def monday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "chiron.scheduling.admin_calendar.clock", type("Monday", (), {"now": staticmethod(lambda: NOW)})
    )


@pytest.fixture
def clinic(hilltop: Clinic) -> Clinic:
    """Hilltop, whose first doctor receives from nine to five."""
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
    return hilltop


@pytest.fixture
def desk(clinic: Clinic) -> Client:
    return clinic.desk(Role.ADMIN)


def cells(answer: Any) -> dict[tuple[str, str], list[str]]:
    """Whom the week shows, by day and hour."""
    days = [f"{head['day']:%m-%d}" for head in answer.context["heads"]]
    return {
        (day, hour): [f"{visit['begins']} {visit['patient']}" for visit in cell["visits"]]
        for hour, row in answer.context["rows"]
        for day, cell in zip(days, row, strict=True)
        if cell["visits"]
    }


def newest(clinic: Clinic) -> tuple[str, list[Any]]:
    with inside(clinic.id):
        event = Event.objects.using("clinical").latest("id")
        return event.action, event.subjects


def test_a_week_shows_who_comes_in_which_hour(clinic: Clinic, desk: Client) -> None:
    with inside(clinic.id):
        booked(clinic, "2031-03-04T09:30")
        booked(clinic, "2031-03-04T09:00", patient_id=clinic.other_patient_id)
        booked(clinic, "2031-03-09T16:30")
        booked(clinic, "2031-03-10T10:00")

    answer = desk.get(WEEK)

    assert cells(answer) == {
        ("03-04", "09:00"): ["09:00 Esi Boateng", "09:30 Kofi Mensah"],
        ("03-09", "16:00"): ["16:30 Kofi Mensah"],
    }
    assert answer.context["week"] == "2031, week 10"
    assert [head["today"] for head in answer.context["heads"]] == [True] + [False] * 6
    assert [hour for hour, _ in answer.context["rows"]] == [f"{hour:02}:00" for hour in range(9, 17)]
    assert "Osei" in answer.content.decode()
    assert newest(clinic) == ("appointment.listed", sorted([clinic.patient_id, clinic.other_patient_id]))


def test_a_week_before_and_after_are_a_link_away(clinic: Clinic, desk: Client) -> None:
    with inside(clinic.id):
        booked(clinic, "2031-03-10T10:00")

    after = desk.get(desk.get(WEEK).context["after"])

    assert cells(after) == {("03-10", "10:00"): ["10:00 Kofi Mensah"]}
    assert cells(desk.get(after.context["before"])) == {}


def test_the_list_of_a_day_says_who_comes_when_for_what_and_where(clinic: Clinic, desk: Client) -> None:
    with inside(clinic.id):
        kind = AppointmentType.objects.create(name="First visit", minutes=45)
        booked(clinic, "2031-03-04T11:00", type_id=kind.id)
        ended = booked(clinic, "2031-03-04T13:00").appointment
        cancel(by=clinic.who[Role.ADMIN], appointment_id=ended.id, reason="", if_match=None, now=NOW)

    answer = desk.get(f"{DAY}?doctor={clinic.doctor_id}&day=2031-03-04")

    [visit] = answer.context["page"]
    assert (visit["begins"], visit["ends"], visit["patient"], visit["type"]) == (
        "11:00",
        "11:45",
        "Kofi Mensah",
        "First visit",
    )
    assert "Tuesday 4 March 2031" in answer.content.decode()
    assert newest(clinic) == ("appointment.listed", [clinic.patient_id])


def test_a_hold_that_has_expired_is_not_on_the_list(clinic: Clinic, desk: Client, monkeypatch: Any) -> None:
    with inside(clinic.id):
        wish: dict[str, Any] = {"provider_id": clinic.doctor_id, "patient_id": clinic.patient_id, "now": NOW}
        made = hold(by=clinic.who[Role.ADMIN], wall=NOW.replace(tzinfo=None, day=4), **wish)
        assert desk.get(f"{DAY}?day=2031-03-04").context["page"].object_list != []
        Appointment.objects.filter(id=made.id).update(held_until=NOW)

    assert desk.get(f"{DAY}?day=2031-03-04").context["page"].object_list == []


def test_a_long_day_has_pages(clinic: Clinic, desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chiron.scheduling.admin_calendar.ON_A_PAGE", 2)
    with inside(clinic.id):
        for hour in (9, 10, 11):
            booked(clinic, f"2031-03-04T{hour:02}:00")

    second = desk.get(f"{DAY}?day=2031-03-04&page=2")

    assert ON_A_PAGE == 100
    assert [visit["begins"] for visit in second.context["page"]] == ["11:00"]
    assert "Page 2 of 2" in second.content.decode()


def test_the_list_of_a_day_is_printed_whole(clinic: Clinic, desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chiron.scheduling.admin_calendar.ON_A_PAGE", 1)
    with inside(clinic.id):
        booked(clinic, "2031-03-04T11:00")
        booked(clinic, "2031-03-04T12:00", patient_id=clinic.other_patient_id)

    answer = desk.get(f"{DAY}pdf/?doctor={clinic.doctor_id}&day=2031-03-04")

    assert answer.headers["Content-Type"] == "application/pdf"
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.content.startswith(b"%PDF-")
    assert newest(clinic) == ("appointment.listed", sorted([clinic.patient_id, clinic.other_patient_id]))
    assert desk.get(f"{DAY}pdf/?day=yesterday").status_code == 422


def test_names_are_printed_in_the_letters_of_europe_and_its_neighbours() -> None:
    names = ["Łucja Wałęsa", "Ξένια Παπαδοπούλου", "Лев Толстой", "Gözde Çağlayan", "Đặng Thị Hồng", "דוד לוי"]
    font = TTFont(FONT)

    content = sheet("Dr. Osei", HEADS, [["09:00", "09:30", name, "", "", "Booked"] for name in names * 20])

    assert {letter for name in names for letter in name} <= set(map(chr, font.getBestCmap()))
    assert content.count(b"/Type /Page\n") == 3


def test_a_letter_that_the_font_lacks_is_a_box_and_not_left_out() -> None:
    assert printable("Asha \N{DEVANAGARI LETTER A}\N{DEVANAGARI LETTER SHA}", TTFont(FONT).getBestCmap()) == "Asha □□"


def test_an_appointment_has_a_page(clinic: Clinic, desk: Client) -> None:
    with inside(clinic.id):
        appointment = booked(clinic, "2031-03-04T11:00", reason="Cough").appointment

    answer = desk.get(f"{WEEK}{appointment.id}/change/")

    assert "2031-03-04 11:00" in answer.content.decode()
    assert "Cough" not in answer.content.decode()
    assert newest(clinic) == ("appointment.read", [clinic.patient_id])


def test_a_doctor_who_has_no_hours_and_a_day_that_is_none_are_answered(hilltop: Clinic) -> None:
    desk = hilltop.desk(Role.ADMIN)

    assert "No doctor has said" in desk.get(WEEK).content.decode()
    for wrong in ("day=9999-12-31", "day=yesterday", f"doctor={hilltop.other_doctor_id}", "day=0001-01-01"):
        assert desk.get(f"{WEEK}?{wrong}").status_code == 422
    assert desk.get(f"{DAY}?page=x").status_code == 200


def test_who_may_not_see_appointments_sees_no_calendar(clinic: Clinic) -> None:
    desk = clinic.desk(Role.PRIVACY_OFFICER)

    assert desk.get(WEEK).status_code == 403
    assert desk.get(DAY).status_code == 403
    assert "Calendar" not in desk.get("/admin/").content.decode()
