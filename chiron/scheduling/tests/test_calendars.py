"""What calendars are told: invitations, and the clocks of all zones, read back by a reader that is not ours."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from io import StringIO
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil.tz import tzical  # type: ignore[import-untyped]
from icalendar import Calendar

from chiron.kernel.ids import new_id
from chiron.scheduling.calendars import Method, invitation, time_zone
from chiron.scheduling.models import Appointment
from chiron.scheduling.tests.factories import berlin
from chiron.scheduling.wallclock import offsets_of
from chiron.scheduling.words import Status

FIRST, LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
ODD = (
    "Africa/Cairo", "Africa/Casablanca", "America/New_York", "America/Santiago", "Antarctica/Troll", "Asia/Beirut",
    "Asia/Gaza", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Berlin", "Europe/Dublin", "Pacific/Apia", "UTC",
)  # fmt: skip
NEAR = [timedelta(seconds=each) for each in (-86400, -3601, -3600, -1, 0, 1, 3599, 3600, 86400)]


def appointment(status: Status = Status.BOOKED) -> Appointment:
    return Appointment(
        id=new_id(), version=3, status=status, starts_at=berlin("2031-03-30T01:30"), ends_at=berlin("2031-03-30T03:30"),
        zone="Europe/Berlin", updated_at=FIRST,
    )  # fmt: skip


def clocks_that_differ(name: str) -> tuple[int, list[datetime]]:
    """How many instants around the turns of a zone were looked at, and at which a reader's clock shows another time.

    A reader that is given a wall time which comes twice takes the first, so the second is not asked about.
    """
    zone = ZoneInfo(name)
    text = time_zone(zone, FIRST, LAST).to_ical().decode()
    read = tzical(StringIO(f"BEGIN:VCALENDAR\r\n{text}END:VCALENDAR\r\n")).get()
    turns = [until for _, _, until in offsets_of(FIRST, LAST, zone)]
    instants = [turn + near for turn in turns for near in NEAR]
    walls = [each.astimezone(zone) for each in instants if each < LAST]
    asked = [each for each in walls if not each.fold]
    return len(asked), [each for each in asked if each.replace(tzinfo=read).utcoffset() != each.utcoffset()]


def all_zones() -> list[str]:
    """Every zone of the IANA database; of those that are the same clock under several names, one."""
    rules = files("tzdata").joinpath("zoneinfo")
    names = sorted(available_timezones() - {"Factory", "localtime"})
    return list({rules.joinpath(*name.split("/")).read_bytes(): name for name in names}.values())


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.stress)])
def test_a_calendar_knows_the_clock_of_its_zone(every: bool) -> None:
    zones = all_zones() if every else ODD
    found = {name: clocks_that_differ(name) for name in zones}

    assert {name: wrong for name, (_, wrong) in found.items() if wrong} == {}
    looked_at = sum(count for count, _ in found.values())
    assert looked_at > 8 * len(zones)


def test_the_clocks_of_a_calendar_follow_each_other_without_a_gap() -> None:
    parts = time_zone(ZoneInfo("Africa/Casablanca"), FIRST, LAST).subcomponents

    assert len(parts) == 14
    assert [each["TZOFFSETFROM"].to_ical() for each in parts[1:]] == [
        each["TZOFFSETTO"].to_ical() for each in parts[:-1]
    ]
    begin = [each["DTSTART"].to_ical() for each in parts]
    assert begin == sorted(set(begin))


def test_an_invitation_says_the_wall_times_between_which_clocks_are_put_forward() -> None:
    text = invitation(appointment(), method=Method.REQUEST, organizer="desk@example.org", attendee="kofi@example.org")

    calendar = Calendar.from_ical(text)
    [event] = calendar.events
    assert calendar["METHOD"] == "REQUEST"
    assert (event["SEQUENCE"], event["STATUS"]) == (2, "CONFIRMED")
    assert (event["ORGANIZER"], event["ATTENDEE"]) == ("mailto:desk@example.org", "mailto:kofi@example.org")
    assert b"DTSTART;TZID=Europe/Berlin:20310330T013000\r\n" in text
    assert b"DTEND;TZID=Europe/Berlin:20310330T033000\r\n" in text


def test_what_is_cancelled_is_taken_out_of_the_calendar_it_was_in() -> None:
    cancelled = appointment(Status.CANCELLED)

    calendar = Calendar.from_ical(invitation(cancelled, method=Method.CANCEL))

    assert (calendar["METHOD"], calendar.events[0]["STATUS"]) == ("CANCEL", "CANCELLED")
    assert calendar.events[0]["UID"] == str(cancelled.id)


def test_words_are_escaped_and_long_lines_folded() -> None:
    title = "Rendez-vous; à 10 h, étage 2\n" + "é" * 80

    text = invitation(appointment(), method=Method.REQUEST, title=title)

    assert max(map(len, text.split(b"\r\n"))) <= 75
    assert "SUMMARY:Rendez-vous\\; à 10 h\\, étage 2\\n".encode() in text.replace(b"\r\n ", b"")
    assert Calendar.from_ical(text).events[0]["SUMMARY"] == title
