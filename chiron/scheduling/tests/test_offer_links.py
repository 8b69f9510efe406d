"""Links in the mail of an offer: opening one changes nothing, its button acts once, as long as it is one (SCH-30)."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.core import mail
from django.test import Client

from chiron.audit.models import Event
from chiron.identity.email import set_email
from chiron.identity.models import Account
from chiron.identity.public import Role
from chiron.kernel import clock
from chiron.kernel.db import CLINICAL
from chiron.kernel.ids import NIL
from chiron.notifications.models import Delivery
from chiron.notifications.services.sending import send
from chiron.scheduling.fitting import Where
from chiron.scheduling.models import Appointment, WaitlistEntry
from chiron.scheduling.services.offering import offer_next
from chiron.scheduling.tests.factories import NOW, booked, receives, waits
from chiron.tenancy.public import inside
from tests.town import Clinic


@pytest.fixture
def clinic(hilltop: Clinic, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    account = Account.objects.get(id=hilltop.who[Role.PATIENT].account_id or NIL)
    set_email(account, "kofi@example.org")
    account.save()
    monkeypatch.setattr(clock, "now", lambda: NOW)
    mail.outbox = []
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        yield hilltop


def links() -> dict[str, str]:
    """The paths of the links in the mail of the next offer."""
    offer_next(Where(), NOW)
    send(delivery_id=Delivery.objects.get(notification__kind="appointment.offered").id, now=NOW)
    [message] = mail.outbox
    found = re.findall(r"http://127\.0\.0\.1:8000(/mail/offer/\S+)", str(message.body))
    return dict(zip(("accept", "decline"), found, strict=True))


def standing() -> tuple[str, str]:
    return Appointment.objects.latest("id").status, WaitlistEntry.objects.get().status


def test_opening_a_link_changes_nothing(clinic: Clinic) -> None:
    waits(clinic)
    both, events = links(), Event.objects.using(CLINICAL).count()

    for link in both.values():
        for method in ("get", "head"):
            assert getattr(Client(), method)(link).status_code == 200

    assert (standing(), Event.objects.using(CLINICAL).count()) == (("held", "waiting"), events)


@pytest.mark.parametrize(
    ("what", "after", "title"),
    [
        ("accept", ("booked", "booked"), "You are expected"),
        ("decline", ("cancelled", "waiting"), "Thank you for telling us"),
    ],
)
def test_its_button_acts_once(what: str, after: tuple[str, str], title: str, clinic: Clinic) -> None:
    waits(clinic)
    both = links()

    asked, done = Client().get(both[what]).content.decode(), Client().post(both[what])

    assert "Tuesday, March 4, 2031" in asked
    assert '<form method="post">' in asked
    assert (done.status_code, title in done.content.decode()) == (200, True)
    assert standing() == after
    for link in both.values():
        for method in ("get", "post"):
            assert getattr(Client(), method)(link).status_code == 404
    assert standing() == after


def test_accepting_by_link_gives_up_the_later_appointment(clinic: Clinic) -> None:
    later = booked(clinic, "2031-03-05T09:00").appointment
    waits(clinic, last=date(2031, 3, 5), earlier_than=later.id)

    Client().post(links()["accept"])

    assert Appointment.objects.get(id=later.id).status == "cancelled"
    assert standing() == ("booked", "booked")


def test_a_link_dies_the_moment_the_offer_expires(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    waits(clinic)
    both = links()
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=1))

    for link in both.values():
        for method in ("get", "post"):
            assert getattr(Client(), method)(link).status_code == 404

    assert standing() == ("held", "waiting")


def test_whatever_we_did_not_sign_is_nothing(clinic: Clinic) -> None:
    waits(clinic)
    both = links()
    accept, decline = (link.rpartition("/")[2] for link in both.values())
    bent = accept[:-1] + ("B" if accept[-1] == "A" else "A")

    for forged in ("A", "nonsense", "A" * 120, bent, accept[:52] + decline[52:]):
        assert Client().post(f"/mail/offer/{forged}").status_code == 404
    assert Client().post(f"/mail/appointment/{accept}").status_code == 404

    assert standing() == ("held", "waiting")
