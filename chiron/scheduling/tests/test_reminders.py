"""Reminders: asked for with the change, told once when it is time, taken back when it is not true any more (REM)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError
from django.db.models import QuerySet

from chiron.identity.email import set_email
from chiron.identity.models import Account
from chiron.identity.public import Role
from chiron.kernel.db import CLINICAL, atomic, roll_back
from chiron.kernel.ids import NIL
from chiron.notifications.models import Delivery, Notification
from chiron.notifications.services.sending import send
from chiron.scheduling.models import AppointmentType, Reminder, ReminderRule
from chiron.scheduling.rules import reminding_at
from chiron.scheduling.services.attend import cancel
from chiron.scheduling.services.reminding import tell_due
from chiron.scheduling.services.reschedule import reschedule
from chiron.scheduling.tests.factories import BERLIN, NOW, berlin, booked, receives
from chiron.scheduling.words import Late, Reckoning
from chiron.tenancy.public import inside
from tests.town import Clinic

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
KOFI = "kofi@example.org"


@pytest.fixture
def clinic(hilltop: Clinic) -> Iterator[Clinic]:
    """Hilltop, where a doctor receives daily, reminders go a day before, and the first patient has an address."""
    account = Account.objects.get(id=hilltop.who[Role.PATIENT].account_id or NIL)
    set_email(account, KOFI)
    account.save()
    mail.outbox = []
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        yield hilltop


def rule(minutes: int = 1440, **said: Any) -> ReminderRule:
    return ReminderRule.objects.create(minutes_before=minutes, **said)


def reminders() -> list[tuple[int, int, str, str]]:
    rows = Reminder.objects.order_by("version", "due_at", "channel")
    return [(each.version, each.minutes_before, each.state, each.reason) for each in rows]


def deliveries() -> "QuerySet[Delivery]":
    return Delivery.objects.filter(notification__kind="appointment.reminder")


def sent(now: datetime) -> list[Any]:
    """The reminders that are mailed when everything is done that is due; of bookings is told too."""
    mail.outbox = []
    for delivery_id in deliveries().filter(state="waiting").values_list("id", flat=True):
        send(delivery_id=delivery_id, now=now)
    return list(mail.outbox)


@pytest.mark.parametrize(
    ("at", "minutes", "elapsed", "clock"),
    [
        ("2031-03-04T10:00", 1440, "2031-03-03T09:00", "2031-03-03T09:00"),
        ("2031-03-30T10:00", 1440, "2031-03-29T08:00", "2031-03-29T09:00"),  # clocks are put forward that night
        ("2031-10-26T10:00", 1440, "2031-10-25T09:00", "2031-10-25T08:00"),  # and back
        ("2031-03-31T02:30", 1440, "2031-03-30T00:30", "2031-03-30T01:30"),  # 02:30 never came the day before
        ("2031-10-27T02:30", 1440, "2031-10-26T01:30", "2031-10-26T00:30"),  # it came twice: the first counts
        ("2031-03-30T10:00", 120, "2031-03-30T06:00", "2031-03-30T06:00"),
    ],
)
def test_a_day_before_is_so_many_hours_or_the_same_time_of_the_clock(
    at: str, minutes: int, elapsed: str, clock: str
) -> None:
    starts_at = berlin(at)

    instants = [reminding_at(starts_at, minutes, each, BERLIN) for each in (Reckoning.ELAPSED, Reckoning.CLOCK)]

    assert instants == [datetime.fromisoformat(f"{each}+00:00") for each in (elapsed, clock)]


def test_a_patient_is_reminded_when_it_is_time_and_once(clinic: Clinic) -> None:
    rule()
    appointment = booked(clinic, "2031-03-06T10:00").appointment
    due = appointment.starts_at - DAY

    assert (tell_due(due - MINUTE), reminders()) == (0, [(1, 1440, "waiting", "")])
    assert [tell_due(due) for _ in range(3)] == [1, 0, 0]

    assert reminders() == [(1, 1440, "told", "")]
    [told] = Notification.objects.filter(kind="appointment.reminder")
    assert (told.account_id, told.resource_id) == (clinic.who[Role.PATIENT].account_id, appointment.id)
    [message] = sent(due)
    assert (message.to, message.subject) == ([KOFI], "You have an appointment")
    assert "Thursday, March 6, 2031\n10:00\u202fAM (Central European Standard Time)" in message.body
    assert sent(due) == []


def test_nothing_is_asked_for_by_a_booking_that_fails(clinic: Clinic) -> None:
    rule()

    with atomic(CLINICAL):
        booked(clinic, "2031-03-06T10:00")
        roll_back(CLINICAL)

    assert reminders() == []


def test_each_rule_of_the_type_and_else_those_of_the_clinic(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Check-up", minutes=30)
    rule(2880)
    rule(120, type=kind)
    rule(60, type=kind, channel="app")

    booked(clinic, "2031-03-06T10:00", type_id=kind.id)
    booked(clinic, "2031-03-07T10:00")

    assert {(each.appointment.type_id, each.minutes_before, each.channel) for each in Reminder.objects.all()} == {
        (kind.id, 120, "email"), (kind.id, 60, "app"), (None, 2880, "email")
    }  # fmt: skip


def test_a_reminder_of_a_version_is_one_row(clinic: Clinic) -> None:
    rule()
    booked(clinic, "2031-03-06T10:00")
    twin = Reminder.objects.get()
    twin.pk = None

    with pytest.raises(IntegrityError, match="reminded_once_of_a_version"), atomic(CLINICAL):
        Reminder.objects.bulk_create([Reminder(**{
            "appointment_id": twin.appointment_id, "version": 1, "patient_id": twin.patient_id, "channel": "email",
            "minutes_before": 1440, "starts_at": twin.starts_at, "due_at": twin.due_at,
        })])  # fmt: skip


def test_what_was_moved_or_cancelled_is_not_reminded_of(clinic: Clinic) -> None:
    rule()
    desk = clinic.who[Role.RECEPTIONIST]
    first = booked(clinic, "2031-03-06T10:00").appointment
    second = booked(clinic, "2031-03-07T10:00").appointment
    moved_to = datetime.fromisoformat("2031-03-12T10:00")

    reschedule(by=desk, appointment_id=first.id, wall=moved_to, if_match=None, now=NOW)
    cancel(by=desk, appointment_id=second.id, reason="", if_match=None, now=NOW)

    assert {each[:1] + each[2:] for each in reminders()} == {
        (1, "withdrawn", "moved"), (1, "withdrawn", "cancelled"), (2, "waiting", "")
    }  # fmt: skip
    assert tell_due(berlin("2031-03-08T10:00")) == 0
    assert tell_due(berlin("2031-03-11T10:00")) == 1
    [message] = sent(berlin("2031-03-11T10:00"))
    assert "March 12, 2031" in message.body


def test_what_was_told_but_not_mailed_is_not_mailed_once_it_is_moved(clinic: Clinic) -> None:
    rule()
    appointment = booked(clinic, "2031-03-06T10:00").appointment
    due = appointment.starts_at - DAY
    tell_due(due)

    reschedule(
        by=clinic.who[Role.RECEPTIONIST], appointment_id=appointment.id,
        wall=datetime.fromisoformat("2031-03-12T10:00"), if_match=None, now=due,
    )  # fmt: skip

    assert sent(due) == []
    assert [each.state for each in deliveries()] == ["expired"]


def test_moving_there_and_back_reminds_of_each_time_once(clinic: Clinic) -> None:
    rule()
    rule(120)
    desk = clinic.who[Role.RECEPTIONIST]
    appointment = booked(clinic, "2031-03-06T10:00").appointment
    due = appointment.starts_at - DAY
    tell_due(due)

    for day in (7, 6):
        reschedule(
            by=desk,
            appointment_id=appointment.id,
            wall=datetime.fromisoformat(f"2031-03-0{day}T10:00"),
            if_match=None,
            now=due,
        )

    waiting = [(version, minutes) for version, minutes, state, _ in reminders() if state == "waiting"]
    assert waiting == [(3, 120)]


@pytest.mark.parametrize(("late", "state"), [(Late.SEND, "told"), (Late.SKIP, "skipped")])
def test_who_books_within_the_offset_is_reminded_at_once_or_not_as_the_rule_says(
    late: Late, state: str, clinic: Clinic
) -> None:
    rule(late=late)

    booked(clinic, "2031-03-04T10:00", now=berlin("2031-03-04T08:00"))
    tell_due(berlin("2031-03-04T08:01"))

    assert reminders() == [(1, 1440, state, "booked-late" if late is Late.SKIP else "")]


@pytest.mark.parametrize("minutes", [5, 15])
def test_a_reminder_just_before_is_told_by_the_next_look_at_what_is_due(clinic: Clinic, minutes: int) -> None:
    rule(minutes)
    starts_at = booked(clinic, "2031-03-06T10:00").appointment.starts_at

    assert tell_due(starts_at - timedelta(minutes=minutes) + timedelta(minutes=1)) == 1

    assert reminders() == [(1, minutes, "told", "")]


def test_after_an_interruption_what_helps_is_told_and_the_rest_expires(clinic: Clinic) -> None:
    rule()
    rule(120)
    early, late = booked(clinic, "2031-03-06T10:00").appointment, booked(clinic, "2031-03-06T11:00").appointment
    back = berlin("2031-03-06T09:50")

    assert tell_due(back) == 4

    found = {(each.appointment_id, each.minutes_before): (each.state, each.reason) for each in Reminder.objects.all()}
    assert found == {
        (early.id, 1440): ("expired", "too-late"), (early.id, 120): ("expired", "too-late"),
        (late.id, 1440): ("expired", "overtaken"), (late.id, 120): ("told", ""),
    }  # fmt: skip
    assert len(sent(back)) == 1


def test_one_who_cannot_be_reached_stops_nobody(clinic: Clinic) -> None:
    rule()
    other: Any = {"patient_id": clinic.other_patient_id}
    booked(clinic, "2031-03-06T09:00", **other)
    booked(clinic, "2031-03-06T10:00")
    booked(clinic, "2031-03-06T11:00", **other)
    due = berlin("2031-03-05T11:00")

    assert tell_due(due) == 3

    assert [each[2:] for each in reminders()] == [("skipped", "no-account"), ("told", ""), ("skipped", "no-account")]
    assert [message.to for message in sent(due)] == [[KOFI]]


def test_a_reminder_in_the_app_is_no_mail(clinic: Clinic) -> None:
    rule(channel="app")
    booked(clinic, "2031-03-06T10:00")

    tell_due(berlin("2031-03-05T10:00"))

    [told] = Notification.objects.filter(kind="appointment.reminder")
    assert told.read_at is None
    assert sent(NOW + 9 * DAY) == []
