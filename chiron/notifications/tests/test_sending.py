"""Mail of notifications: what is sent, to whom, in which words, and what becomes of what cannot be (REM-04, REM-05)."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend

from chiron.identity.models import Account
from chiron.identity.public import Role
from chiron.identity.suppressions import Reason, Said, suppress
from chiron.identity.tests.factories import new_member
from chiron.kernel.access import Caller
from chiron.kernel.ids import new_id
from chiron.kernel.letters import Letter
from chiron.notifications.hooks import Hooks, Reader
from chiron.notifications.kinds import Channel, Kind
from chiron.notifications.models import Delivery, Preference, QuietHours
from chiron.notifications.public import notify
from chiron.notifications.services.sending import ATTEMPTS, send
from chiron.tenancy.public import inside
from tests.town import Town

NOW = datetime(2031, 3, 4, 12, tzinfo=UTC)
AMA = "ama@example.org"
REFUSALS: list[Exception] = []


class Server(BaseEmailBackend):
    """A mail server that says no as long as it has reasons."""

    def send_messages(self, messages: Any) -> int:
        if REFUSALS:
            raise REFUSALS.pop(0)
        mail.outbox += messages
        return len(messages)


@pytest.fixture(autouse=True)
def server(settings: Any) -> Iterator[None]:
    settings.EMAIL_BACKEND, settings.DEFAULT_FROM_EMAIL = f"{__name__}.Server", "clinic@hilltop.example"
    mail.outbox = []
    yield
    REFUSALS.clear()


@pytest.fixture
def ama(town: Town) -> Iterator[UUID]:
    """Somebody of Hilltop with an address; within Hilltop."""
    member = new_member(town.hilltop.id, Role.PATIENT, username="ama.owusu", email=AMA)
    with inside(town.hilltop.id):
        yield member.account_id


def told(account_id: UUID, kind: Kind = Kind.RESULT_SHARED, now: datetime = NOW) -> Delivery:
    notify(kind=kind, to=[account_id], resource="records", resource_id=new_id(), now=now)
    return Delivery.objects.get(notification__account_id=account_id)


def outcome(delivery: Delivery) -> tuple[str, str, int]:
    delivery.refresh_from_db()
    return delivery.state, delivery.reason, delivery.attempts


def test_a_mail_says_that_there_is_news_and_nothing_else(town: Town, ama: UUID) -> None:
    delivery = told(ama)

    assert send(delivery_id=delivery.id, now=NOW) is None

    [message] = mail.outbox
    assert (message.to, message.subject) == ([AMA], "There is something new for you")
    assert message.body == ("There is something new for you at Hilltop. Sign in to read it:\n\nhttp://127.0.0.1:8000\n")
    assert message.extra_headers["Message-ID"] == f"<{delivery.id}@hilltop.example>"
    assert message.extra_headers["List-Unsubscribe"].startswith("<http://127.0.0.1:8000/mail/stop/")
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert outcome(delivery) == ("sent", "", 1)
    assert (delivery.sent_at, delivery.provider_id) == (NOW, f"<{delivery.id}@hilltop.example>")


def test_it_is_sent_once(town: Town, ama: UUID) -> None:
    delivery = told(ama)

    for _ in range(3):
        assert send(delivery_id=delivery.id, now=NOW) is None

    assert len(mail.outbox) == 1


def test_it_is_written_in_the_readers_language(town: Town, ama: UUID) -> None:
    Account.objects.filter(id=ama).update(locale="fr")

    send(delivery_id=told(ama).id, now=NOW)

    [message] = mail.outbox
    assert message.subject == "Il y a du nouveau pour vous"


def test_quiet_hours_are_waited_for(town: Town, ama: UUID) -> None:
    QuietHours.objects.create(account_id=ama, begin=time(21), end=time(7), time_zone="Asia/Tokyo")
    delivery = told(ama)
    morning = datetime(2031, 3, 4, 22, tzinfo=UTC)

    assert send(delivery_id=delivery.id, now=NOW) == morning
    assert (mail.outbox, outcome(delivery)) == ([], ("waiting", "", 0))
    send(delivery_id=delivery.id, now=morning)

    assert (len(mail.outbox), outcome(delivery)) == (1, ("sent", "", 1))


@pytest.mark.parametrize("reason", ["bounced", "complained", "muted", "no-address", "disabled"])
def test_who_gets_no_mail_is_passed_by_with_the_reason(reason: str, town: Town, ama: UUID) -> None:
    delivery = told(ama)
    match reason:
        case "muted":
            Preference.objects.create(account_id=ama, kind=Kind.RESULT_SHARED, channel=Channel.EMAIL, on=False)
        case "no-address":
            Account.objects.filter(id=ama).update(email=None, email_index=None)
        case "disabled":
            Account.objects.filter(id=ama).update(is_active=False)
        case _:
            suppress(by=Caller(), said=[Said(AMA, Reason(reason), NOW)], now=NOW)

    assert send(delivery_id=delivery.id, now=NOW) is None

    said = "no-address" if reason == "disabled" else reason
    assert (mail.outbox, outcome(delivery)) == ([], ("suppressed", said, 0))


def test_a_server_that_is_away_is_tried_again_ever_later_and_then_staff_see_it(town: Town, ama: UUID) -> None:
    delivery, now, pauses = told(ama), NOW, []
    REFUSALS.extend([SMTPServerDisconnected("gone")] * ATTEMPTS)

    while again := send(delivery_id=delivery.id, now=now):
        pauses.append((again - now) // timedelta(minutes=1))
        now = again

    assert pauses == [1, 2, 4, 8, 16, 32, 60]
    assert (mail.outbox, outcome(delivery)) == ([], ("failed", "SMTPServerDisconnected", ATTEMPTS))


def test_a_server_that_comes_back_gets_it_once(town: Town, ama: UUID) -> None:
    delivery = told(ama)
    REFUSALS.append(ConnectionRefusedError())

    again = send(delivery_id=delivery.id, now=NOW)
    assert again == NOW + timedelta(minutes=1)
    assert outcome(delivery) == ("waiting", "", 1)
    assert send(delivery_id=delivery.id, now=again) is None

    assert (len(mail.outbox), outcome(delivery)) == (1, ("sent", "", 2))


@pytest.mark.parametrize(("code", "state", "reason"), [(550, "failed", "refused"), (450, "waiting", "")])
def test_an_address_that_is_refused_for_good_is_not_tried_again(
    code: int, state: str, reason: str, town: Town, ama: UUID
) -> None:
    delivery = told(ama)
    REFUSALS.append(SMTPRecipientsRefused({AMA: (code, b"no such user ama@example.org")}))

    send(delivery_id=delivery.id, now=NOW)

    assert outcome(delivery) == (state, reason, 1)


def test_what_is_true_no_more_is_not_mailed(town: Town, ama: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, UUID, Reader]] = []

    def nothing(kind: str, resource_id: UUID, reader: Reader) -> Letter | None:
        asked.append((kind, resource_id, reader))
        return None

    monkeypatch.setattr(Hooks, "letters", {"records": nothing})
    delivery = told(ama)

    send(delivery_id=delivery.id, now=NOW)

    assert (mail.outbox, outcome(delivery)) == ([], ("expired", "no-longer-so", 0))
    [(kind, resource_id, reader)] = asked
    assert (kind, resource_id) == ("result.shared", delivery.notification.resource_id)
    assert (reader.address, reader.locale, reader.zone.key, reader.clinic) == (AMA, "en", "Europe/Berlin", "Hilltop")


def test_a_calendar_goes_along_and_says_its_method(town: Town, ama: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    said = Letter("You have an appointment", "Come.\n", b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n", "REQUEST")
    monkeypatch.setattr(Hooks, "letters", {"records": lambda *_: said})

    send(delivery_id=told(ama).id, now=NOW)

    [message] = mail.outbox
    written = message.message()
    text, calendar = written.get_payload()
    assert text.get_payload() == "Come.\n"
    assert calendar["Content-Type"] == 'text/calendar; charset="utf-8"; method="REQUEST"'
    assert calendar.get_payload(decode=True) == said.calendar
