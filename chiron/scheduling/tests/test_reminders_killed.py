"""Reminders under two workers that are killed at every step: each has one effect (REM-01, R4).

The ledger is reconciled against a mail server of our own: what it was handed, by Message-ID, is exactly what was asked
for. A mail whose worker died between the server's yes and the commit comes again under the same Message-ID.
"""

import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from chiron.identity.email import set_email
from chiron.identity.models import Account
from chiron.identity.public import Role
from chiron.jobs.tests.test_worker import worker
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, atomic, cursor
from chiron.kernel.ids import NIL, new_id
from chiron.notifications.models import Delivery, Notification
from chiron.scheduling.models import Reminder, ReminderRule, Schedule
from chiron.scheduling.services.book import book
from chiron.scheduling.words import WEEKDAYS
from chiron.tenancy.public import inside
from tests.town import Clinic, drop_organization, make_clinic
from tests.waiting import until

EVERY_SECOND = """
from dataclasses import replace
from chiron.jobs import queue, registry
from chiron.notifications.services import sending
from chiron.scheduling import tasks
registry.JOBS["scheduling.remind"] = replace(registry.JOBS["scheduling.remind"], every="* * * * * *")
"""
DIES = """
import os, signal
def dying(module, name, times, after):
    act, calls = getattr(module, name), []
    def dies(*given, **named):
        calls.append(1)
        done = act(*given, **named) if after else None
        if len(calls) >= times:
            os.kill(os.getpid(), signal.SIGKILL)
        return done if after else act(*given, **named)
    setattr(module, name, dies)
"""
STEPS = {
    "told, not committed": "dying(tasks, 'tell_due', 1, True)",
    "accepted by the server, not committed": "dying(sending, 'send_mail', 3, True)",
    "committed, not forgotten by the queue": "dying(queue, 'perform', 4, True)",
    "not yet handed over": "dying(sending, 'send_mail', 3, False)",
}


class Mailbox:
    """A mail server that keeps the Message-ID of what it takes."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken[str(message_from_bytes(envelope.content)["Message-ID"])] += 1
        return "250 OK"


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    kept = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(kept, hostname="127.0.0.1", port=port)
    server.start()
    monkeypatch.setenv("EMAIL_URL", f"smtp://127.0.0.1:{port}")
    yield kept
    server.stop()


@pytest.fixture
def clinic(django_db_setup: None, django_db_blocker: Any) -> Iterator[Clinic]:
    """A clinic of its own with an empty queue, where everything commits."""
    with django_db_blocker.unblock():
        made = make_clinic(None)
        account = Account.objects.get(id=made.who[Role.PATIENT].account_id or NIL)
        set_email(account, f"{new_id().hex}@lakeside.example")
        account.save()
        yield made
        drop_organization(made.organization)
        with atomic(CLINICAL), cursor(CLINICAL) as session:
            session.execute("SET LOCAL search_path TO public")
            session.execute("DELETE FROM procrastinate_jobs")


def expected(clinic: Clinic, appointments: int) -> None:
    """A patient with so many appointments, all to be remembered at once."""
    tomorrow = datetime.combine(now().date() + timedelta(days=2), time())
    with inside(clinic.id):
        Schedule.objects.create(
            provider_id=clinic.doctor_id, time_zone="UTC", slot_minutes=10,
            weekly=dict.fromkeys(WEEKDAYS, [["00:00", "00:00"]]),
        )  # fmt: skip
        ReminderRule.objects.create(minutes_before=60 * 24 * 60)
        for number in range(appointments):
            wall = tomorrow + timedelta(minutes=10 * number)
            book(
                by=clinic.who[Role.RECEPTIONIST], provider_id=clinic.doctor_id, patient_id=clinic.patient_id,
                wall=wall, now=now(),
            )  # fmt: skip


def unsettled(clinic: Clinic) -> int:
    with inside(clinic.id):
        waiting = Reminder.objects.filter(state="waiting").count()
        return waiting + Delivery.objects.filter(state="waiting").count()


@pytest.mark.parametrize(
    ("appointments", "steps"),
    [(24, list(STEPS)[:2]), pytest.param(600, list(STEPS) * 3, marks=pytest.mark.stress)],
)
def test_each_reminder_has_one_effect_though_workers_are_killed_at_every_step(
    clinic: Clinic, mailbox: Mailbox, appointments: int, steps: list[str], shown: Callable[[str, str], None]
) -> None:
    expected(clinic, appointments)

    for step in steps:
        with worker(EVERY_SECOND + DIES + STEPS[step]) as dying:
            until(lambda dying=dying: dying.poll() is not None or unsettled(clinic) == 0, seconds=60)  # type: ignore[misc]
            assert dying.poll() in (-signal.SIGKILL, None)
    with worker(EVERY_SECOND), worker(EVERY_SECOND):
        until(lambda: unsettled(clinic) == 0, seconds=240)

    with inside(clinic.id):
        assert set(Reminder.objects.values_list("state", flat=True)) == {"told"}
        told = Notification.objects.filter(kind="appointment.reminder").count()
        assert Reminder.objects.count() == told == appointments
        mails = Delivery.objects.filter(notification__account_id=clinic.who[Role.PATIENT].account_id or NIL)
        ledger = {f"<{each.id}@localhost>": each for each in mails}
    assert len(ledger) == 2 * appointments, "one for the booking, one for the reminder"
    assert {each.state for each in ledger.values()} == {"sent"}
    assert {each.provider_id for each in ledger.values()} == set(ledger) == set(mailbox.taken)
    again = mailbox.taken.total() - len(ledger)
    assert again <= 2 * len(steps)
    shown(
        "R4",
        f"{appointments:,} reminders, {len(steps)} workers killed (SIGKILL) while they told and mailed: "
        f"{len(mailbox.taken):,} messages by Message-ID, none lost, {again} handed over again under the same id",
    )
