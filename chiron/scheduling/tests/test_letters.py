"""What mail says of appointments, in both languages: when, where, and not a word more (NOT-05, REM-09)."""

from collections.abc import Iterator
from datetime import timedelta
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

import pytest
from django.core import mail
from icalendar import Calendar

from chiron.identity.email import set_email
from chiron.identity.models import Account
from chiron.identity.public import Role
from chiron.kernel.ids import NIL
from chiron.kernel.letters import LANGUAGES
from chiron.notifications.kinds import MAILED, Kind
from chiron.notifications.models import Delivery, Notification
from chiron.notifications.public import notify
from chiron.notifications.services.sending import send
from chiron.scheduling.models import Appointment, AppointmentType, Reminder, ReminderRule
from chiron.scheduling.services.attend import cancel
from chiron.scheduling.services.reminding import tell_due
from chiron.scheduling.tests.factories import NOW, booked, held, receives
from chiron.tenancy.public import inside
from tests.town import Clinic

WHY, KIND, NOTE = "Recurring herpes", "Oncology follow-up", "Went to prison"
CANARIES = (WHY, KIND, NOTE, "Mensah", "Kofi", "Osei", "Kwame", "herpes", "Oncology", "hilltop-patient")
DAYS = {"en": "Tuesday, March 4, 2031\n10:00\u202fAM (Central European Standard Time)",
        "fr": "mardi 4 mars 2031\n10:00 (heure normale d’Europe centrale)"}  # fmt: skip
SUBJECTS = {
    "en": {"You have an appointment", "Your appointment has another time", "Your appointment was cancelled",
           "A time is free for you", "There is something new for you",
           "Please choose another time for your appointment"},
    "fr": {"Vous avez un rendez-vous", "Votre rendez-vous a changé d’horaire", "Votre rendez-vous a été annulé",
           "Un horaire est libre pour vous", "Il y a du nouveau pour vous",
           "Merci de choisir un autre horaire pour votre rendez-vous"},
}  # fmt: skip


@pytest.fixture
def clinic(hilltop: Clinic) -> Iterator[Clinic]:
    account = Account.objects.get(id=hilltop.who[Role.PATIENT].account_id or NIL)
    set_email(account, "reader@example.org")
    account.save()
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        yield hilltop


def mailed(clinic: Clinic, kind: Kind, resource: str, appointment: Appointment) -> Message:
    """The mail of that kind to the patient, as it goes over the wire."""
    Notification.objects.all().delete()
    mail.outbox = []
    account_id = clinic.who[Role.PATIENT].account_id or NIL
    notify(kind=kind, to=[account_id], resource=resource, resource_id=appointment.id, now=NOW)
    send(delivery_id=Delivery.objects.get().id, now=NOW)
    [message] = mail.outbox
    return message.message()  # type: ignore[no-any-return]


def said_in(part: Message) -> str:
    """The text of one part of a mail, decoded."""
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def parts_of(message: Message) -> list[str]:
    """Everything that is readable in a mail, decoded: its headers, its text, its calendar."""
    read = [said_in(part) for part in message.walk() if not part.is_multipart()]
    return [f"{name}: {value}" for part in message.walk() for name, value in part.items()] + read


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_mail_says_who_with_whom_or_why(language: str, clinic: Clinic) -> None:
    Account.objects.filter(id=clinic.who[Role.PATIENT].account_id or NIL).update(locale=language)
    kind = AppointmentType.objects.create(name=KIND, minutes=30)
    ReminderRule.objects.create(minutes_before=60 * 48)
    made = booked(clinic, reason=WHY, type_id=kind.id).appointment
    tell_due(NOW)
    assert Reminder.objects.get().state == "told"
    offer = held(clinic, "2031-03-04T14:00")

    sent = {
        each: mailed(clinic, each, "appointments", made)
        for each in (Kind.BOOKED, Kind.MOVED, Kind.ASKED, Kind.REMINDER)
    }
    sent[Kind.OFFERED] = mailed(clinic, Kind.OFFERED, "appointments", offer)
    cancel(by=clinic.who[Role.RECEPTIONIST], appointment_id=made.id, reason=NOTE, if_match=None, now=NOW)
    sent[Kind.CANCELLED] = mailed(clinic, Kind.CANCELLED, "appointments", made)
    sent[Kind.RESULT_SHARED] = mailed(clinic, Kind.RESULT_SHARED, "records", made)

    assert sent.keys() == MAILED
    assert {str(each["Subject"]) for each in map(decoded, sent.values())} == SUBJECTS[language]
    for each, message in sent.items():
        read = "\n".join(parts_of(message))
        assert [canary for canary in CANARIES if canary.lower() in read.lower()] == [], each
        if each not in (Kind.OFFERED, Kind.RESULT_SHARED):
            assert DAYS[language] in read, each


def decoded(message: Message) -> dict[str, str]:
    return {"Subject": str(make_header(decode_header(str(message["Subject"]))))}


def test_calendars_are_brought_up_to_date_by_what_comes_later(clinic: Clinic) -> None:
    made = booked(clinic).appointment
    first = calendar_of(mailed(clinic, Kind.BOOKED, "appointments", made))
    cancel(by=clinic.who[Role.RECEPTIONIST], appointment_id=made.id, reason="", if_match=None, now=NOW)
    last = calendar_of(mailed(clinic, Kind.CANCELLED, "appointments", made))

    assert [str(each["METHOD"]) for each in (first, last)] == ["REQUEST", "CANCEL"]
    [[before], [after]] = first.events, last.events
    assert str(before["UID"]) == str(after["UID"]) == str(made.id)
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)
    assert before["DTSTART"].dt == made.starts_at
    assert str(after["STATUS"]) == "CANCELLED"


def calendar_of(message: Message) -> Any:
    [part] = [each for each in message.walk() if each.get_content_type() == "text/calendar"]
    return Calendar.from_ical(said_in(part))


def test_news_of_a_booking_that_is_cancelled_by_now_is_not_mailed(clinic: Clinic) -> None:
    made = booked(clinic).appointment
    cancel(by=clinic.who[Role.RECEPTIONIST], appointment_id=made.id, reason="", if_match=None, now=NOW)
    mail.outbox = []

    for delivery in Delivery.objects.filter(notification__kind=Kind.BOOKED):
        send(delivery_id=delivery.id, now=NOW + timedelta(minutes=1))

    assert mail.outbox == []
    assert {each.state for each in Delivery.objects.filter(notification__kind=Kind.BOOKED)} <= {"expired", "suppressed"}
