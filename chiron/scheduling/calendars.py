"""Appointments as calendars read them (RFC 5545), without a word of what they are about.

An event says when, and whether it still is: no name, no reason, no type, no place. Its UID is the appointment's and its
SEQUENCE the appointment's version, so that whoever has an older one follows.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress

from chiron.scheduling.models import Appointment
from chiron.scheduling.wallclock import offsets_of
from chiron.scheduling.words import Status

PRODUCT = "-//Chiron//Appointments//EN"
TITLE = "Appointment"
REFRESH = timedelta(hours=1)
MARGIN = timedelta(days=7)
"""How far around its events a calendar knows the clock of their zone."""


class Method(StrEnum):
    """What an invitation asks its reader to do (RFC 5546)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


def feed_of(appointments: Sequence[Appointment]) -> bytes:
    """A calendar of all of them; those that were cancelled say so."""
    calendar = _calendar(appointments)
    calendar.add("REFRESH-INTERVAL", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", "PT1H")
    return _written(calendar)


def invitation(
    appointment: Appointment, *, method: Method, organizer: str = "", attendee: str = "", title: str = TITLE
) -> bytes:
    """A calendar with one appointment, to be attached to a letter of type ``text/calendar; method=…``.

    ``organizer`` and ``attendee`` are e-mail addresses, of who sends the letter and who gets it; without them readers
    show the event but do not answer. ``title`` is what it is called, in the reader's language.
    """
    calendar = _calendar([appointment], title=title)
    calendar.add("METHOD", method.value)
    [event] = calendar.events
    event["STATUS"] = "CANCELLED" if method is Method.CANCEL else event["STATUS"]
    for name, address in (("ORGANIZER", organizer), ("ATTENDEE", attendee)):
        if address:
            event.add(name, vCalAddress(f"mailto:{address}"))
    return _written(calendar)


def time_zone(zone: ZoneInfo, first: datetime, last: datetime) -> Timezone:
    """What the clock of a zone shows between two instants: each offset from the second on at which it holds."""
    part = Timezone()
    part.add("TZID", zone.key)
    before: timedelta | None = None
    for offset, since, _ in offsets_of(first, last, zone):
        at = since.astimezone(zone)
        observed = TimezoneDaylight() if at.dst() else TimezoneStandard()
        observed.add("DTSTART", (since + (offset if before is None else before)).replace(tzinfo=None))
        observed.add("TZOFFSETFROM", offset if before is None else before)
        observed.add("TZOFFSETTO", offset)
        observed.add("TZNAME", at.tzname() or zone.key)
        part.add_component(observed)
        before = offset
    return part


def _written(calendar: Calendar) -> bytes:
    content: bytes = calendar.to_ical()
    return content


def _calendar(appointments: Sequence[Appointment], *, title: str = TITLE) -> Calendar:
    calendar = Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    for zone, first, last in _zones(appointments):
        calendar.add_component(time_zone(zone, first, last))
    for each in appointments:
        calendar.add_component(_event(each, title))
    return calendar


def _zones(appointments: Iterable[Appointment]) -> list[tuple[ZoneInfo, datetime, datetime]]:
    """Each zone on whose clock one was agreed, and the instants between which these are."""
    spans: dict[str, tuple[datetime, datetime]] = {}
    for each in appointments:
        first, last = spans.get(each.zone, (each.starts_at, each.ends_at))
        spans[each.zone] = min(first, each.starts_at), max(last, each.ends_at)
    return [
        (ZoneInfo(name), _midnight(first - MARGIN), _midnight(last + MARGIN))
        for name, (first, last) in sorted(spans.items())
    ]


def _midnight(instant: datetime) -> datetime:
    day: date = instant.astimezone(UTC).date()
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


STATUS = {Status.CANCELLED: "CANCELLED", Status.PENDING: "TENTATIVE"}


def _event(appointment: Appointment, title: str) -> Event:
    zone, ended = ZoneInfo(appointment.zone), appointment.status == Status.CANCELLED
    event = Event()
    event.add("UID", str(appointment.id))
    event.add("SEQUENCE", appointment.version - 1)
    event.add("DTSTAMP", appointment.updated_at.astimezone(UTC))
    event.add("DTSTART", appointment.starts_at.astimezone(zone))
    event.add("DTEND", appointment.ends_at.astimezone(zone))
    event.add("SUMMARY", title)
    event.add("STATUS", STATUS.get(Status(appointment.status), "CONFIRMED"))
    event.add("TRANSP", "TRANSPARENT" if ended else "OPAQUE")
    event.add("CLASS", "PRIVATE")
    return event
