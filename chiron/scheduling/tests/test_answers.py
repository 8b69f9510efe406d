"""Links in reminders: opening one changes nothing, its button acts once, as long as nothing changed (REM-07)."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db.models import QuerySet
from django.test import Client

from chiron.audit.models import Event
from chiron.identity.email import set_email
from chiron.identity.models import Account
from chiron.identity.public import Role
from chiron.kernel import clock
from chiron.kernel.db import CLINICAL
from chiron.kernel.ids import NIL
from chiron.notifications.models import Delivery, Preference
from chiron.notifications.services.sending import send
from chiron.scheduling.models import Appointment, AppointmentType, Reminder, ReminderRule
from chiron.scheduling.services.reminding import tell_due
from chiron.scheduling.services.reschedule import reschedule
from chiron.scheduling.tests.factories import berlin, booked, receives
from chiron.tenancy.models import Organization
from chiron.tenancy.public import inside
from tests.town import Clinic

WHEN = berlin("2031-03-05T10:00")


@pytest.fixture
def clinic(hilltop: Clinic, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    account = Account.objects.get(id=hilltop.who[Role.PATIENT].account_id or NIL)
    set_email(account, "kofi@example.org")
    account.save()
    monkeypatch.setattr(clock, "now", lambda: WHEN)
    mail.outbox = []
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        ReminderRule.objects.create(minutes_before=1440)
        yield hilltop


def deliveries() -> "QuerySet[Delivery]":
    return Delivery.objects.filter(notification__kind="appointment.reminder")


def reminded(clinic: Clinic, **said: Any) -> dict[str, str]:
    """The paths of the links in the reminder of an appointment."""
    booked(clinic, "2031-03-06T10:00", **said)
    tell_due(WHEN)
    send(delivery_id=deliveries().get().id, now=WHEN)
    [message] = mail.outbox
    found = re.findall(r"http://127\.0\.0\.1:8000(/mail/appointment/\S+)", str(message.body))
    stop = message.extra_headers["List-Unsubscribe"].removeprefix("<http://127.0.0.1:8000").rstrip(">")
    return dict(zip(("confirm", "cancel"), found, strict=True)) | {"stop": stop}


def standing() -> tuple[str, str]:
    return Appointment.objects.get().status, Reminder.objects.get().answer


def test_opening_a_link_changes_nothing(clinic: Clinic) -> None:
    links = reminded(clinic)
    events = Event.objects.using(CLINICAL).count()

    for link in links.values():
        for method in ("get", "head"):
            answer = getattr(Client(), method)(link)
            assert answer.status_code == 200
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert "unsafe" not in answer.headers["Content-Security-Policy"]

    assert standing() == ("booked", "")
    assert (Event.objects.using(CLINICAL).count(), Preference.objects.count()) == (events, 0)


@pytest.mark.parametrize(("what", "after", "title"), [
    ("confirm", ("booked", "confirm"), "Thank you"),
    ("cancel", ("cancelled", "cancel"), "Your appointment is cancelled"),
])  # fmt: skip
def test_its_button_acts_once(what: str, after: tuple[str, str], title: str, clinic: Clinic) -> None:
    links = reminded(clinic)

    asked, done = Client().get(links[what]).content.decode(), Client().post(links[what])

    assert "Thursday, March 6, 2031" in asked
    assert '<form method="post">' in asked
    assert (done.status_code, title in done.content.decode()) == (200, True)
    assert standing() == after
    for link in (links["confirm"], links["cancel"]):
        for method in ("get", "post"):
            assert getattr(Client(), method)(link).status_code == 404
    assert standing() == after
    [event] = Event.objects.using(CLINICAL).filter(action__in=["appointment.answered", "appointment.cancelled"])
    assert event.account_id == clinic.who[Role.PATIENT].account_id


def test_a_link_dies_when_the_appointment_changes_or_begins(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    link = reminded(clinic)["cancel"]
    appointment = Appointment.objects.get()

    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: appointment.starts_at)
        assert Client().post(link).status_code == 404
    reschedule(
        by=clinic.who[Role.RECEPTIONIST], appointment_id=appointment.id,
        wall=datetime.fromisoformat("2031-03-07T10:00"), if_match=None, now=WHEN,
    )  # fmt: skip
    assert Client().post(link).status_code == 404

    assert Appointment.objects.get().status == "booked"


def test_who_is_too_late_to_cancel_is_told_to_call(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Check-up", minutes=30, cancel_minutes=2880)
    link = reminded(clinic, type_id=kind.id)["cancel"]

    answer = Client().post(link)

    assert (answer.status_code, "Please call the clinic" in answer.content.decode()) == (403, True)
    assert standing() == ("booked", "")


@pytest.mark.parametrize("forged", ["", "A", "nonsense", "\u00e9", "A" * 120, "A" * 5000])
def test_whatever_we_did_not_sign_is_nothing(forged: str, clinic: Clinic) -> None:
    links = reminded(clinic)
    tokens = [links["cancel"].rpartition("/")[2], links["stop"].rpartition("/")[2]]
    swapped = [f"/mail/stop/{tokens[0]}", f"/mail/appointment/{tokens[1]}"]
    bent = [f"/mail/appointment/{tokens[0][:-1]}{'B' if tokens[0][-1] == 'A' else 'A'}"]

    for link in [f"/mail/appointment/{forged}", f"/mail/stop/{forged}", *swapped, *bent]:
        for method in ("get", "post"):
            assert getattr(Client(), method)(link).status_code == 404
    assert standing() == ("booked", "")


def test_a_link_of_a_suspended_organization_is_dead(clinic: Clinic) -> None:
    link = reminded(clinic)["cancel"]
    Organization.objects.filter(id=clinic.id).update(suspended_at=WHEN)

    assert Client().post(link).status_code == 404
    assert standing() == ("booked", "")


def test_pages_speak_the_language_of_the_patient(clinic: Clinic) -> None:
    Account.objects.filter(id=clinic.who[Role.PATIENT].account_id or NIL).update(locale="fr")

    answer = Client().get(reminded(clinic)["cancel"]).content.decode()

    assert '<html lang="fr">' in answer
    assert "Annuler mon rendez-vous" in answer
    assert "jeudi 6 mars 2031" in answer


def test_one_click_ends_mail_of_that_kind_and_twice_is_once(clinic: Clinic) -> None:
    link = reminded(clinic)["stop"]

    for _ in range(2):
        answer = Client().post(link, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 200

    [said] = Preference.objects.all()
    assert (said.account_id, said.kind, said.channel, said.on) == (
        clinic.who[Role.PATIENT].account_id, "appointment.reminder", "email", False
    )  # fmt: skip
    booked(clinic, "2031-03-06T12:00")
    tell_due(WHEN + timedelta(hours=3))
    assert deliveries().count() == 1
