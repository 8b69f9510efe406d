"""What mail says of appointments: when, and at which clinic. Not with whom, nor why, nor what kind of visit."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings

from chiron.kernel.letters import Letter, day_of, letter, time_of
from chiron.notifications.public import Kind, Reader
from chiron.scheduling.answers import link_for
from chiron.scheduling.calendars import Method, invitation
from chiron.scheduling.models import Appointment, Reminder
from chiron.scheduling.offer_links import Reply, reply_link
from chiron.scheduling.words import Answer, Reminded, Status

LETTERS = {
    Kind.BOOKED: ("booked", (Status.BOOKED, Status.PENDING)),
    Kind.MOVED: ("moved", (Status.BOOKED, Status.PENDING)),
    Kind.CANCELLED: ("cancelled", (Status.CANCELLED,)),
    Kind.ASKED: ("asked", (Status.BOOKED, Status.PENDING)),
    Kind.REMINDER: ("reminder", (Status.BOOKED,)),
    Kind.OFFERED: ("offered", (Status.HELD,)),
}
"""Each kind's letter, and where an appointment must stand for it to be still true."""

METHODS = dict.fromkeys((Kind.BOOKED, Kind.MOVED, Kind.REMINDER), Method.REQUEST) | {Kind.CANCELLED: Method.CANCEL}
"""What a calendar is asked to do."""


def letter_of(kind: str, appointment_id: UUID, reader: Reader) -> Letter | None:
    """What the mail of a notification about an appointment says; None where it stands otherwise by now."""
    name, standing = LETTERS[Kind(kind)]
    appointment = Appointment.objects.filter(id=appointment_id, status__in=standing).first()
    if appointment is None:
        return None
    facts = {
        "clinic": reader.clinic,
        "day": day_of(appointment.starts_at, reader.zone, reader.locale),
        "time": time_of(appointment.starts_at, reader.zone, reader.locale),
        "link": settings.PUBLIC_URL,
    }
    if kind == Kind.REMINDER:
        reminder = _told(appointment)
        if reminder is None:
            return None
        facts |= {each.value: link_for(reminder, appointment, each) for each in Answer}
    if kind == Kind.OFFERED:
        facts |= {each.value: reply_link(appointment, each) for each in Reply}
    said = letter("chiron.scheduling", name, reader.locale, **facts)
    return replace(said, **_calendar(Kind(kind), appointment, reader, facts))


def _calendar(kind: Kind, appointment: Appointment, reader: Reader, facts: dict[str, str]) -> dict[str, Any]:
    """The file that puts the appointment into the reader's calendar, or takes it out."""
    if kind not in METHODS:
        return {}
    title = letter("chiron.scheduling", "booked", reader.locale, **facts).subject
    method, sender = METHODS[kind], settings.DEFAULT_FROM_EMAIL
    content = invitation(appointment, method=method, organizer=sender, attendee=reader.address, title=title)
    return {"calendar": content, "method": method.value}


def _told(appointment: Appointment) -> Reminder | None:
    """The reminder of the time at which the appointment is now; none after it was moved."""
    told = Reminder.objects.filter(appointment=appointment, state=Reminded.TOLD, starts_at=appointment.starts_at)
    return told.order_by("due_at").last()
