"""Reminders that are due: told and mailed by one worker, against the same rows locked and written by bare SQL.

The product tells a batch and then does a job for each mail, as a worker does, in a transaction of its own: address
opened, suppression asked for, letter written in its language, links signed. The carrier takes every mail at once, so
what is measured is ours. The floor locks one row, writes one line of text and updates the row, each durably.
"""

import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from bench.ground import Cost, alternating, measured, ratio
from bench.tenants import owner

REMINDERS, ROUNDS = 200, 7


def measure(reminders: int = REMINDERS, rounds: int = ROUNDS) -> None:
    """Measure in the installation that stands, and print the figures."""
    from django.test.utils import override_settings

    clinic = Expecting(reminders)
    with owner() as held, override_settings(EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend"):
        plain(held, reminders)
        pairs = alternating(rounds, clinic.remind, lambda: floor(held, reminders))
    rate = reminders * rounds / sum(own.wall for own, _ in pairs)
    print(f"reminders, {reminders:,} due at once, told and mailed by one worker, wall time")
    print(f"  {'told and mailed, of bare SQL':28} {ratio(pairs, 'wall')}   {rate:,.0f} reminders/s")


class Expecting:
    """A clinic with a patient who has many appointments."""

    def __init__(self, reminders: int) -> None:
        from chiron.identity.public import Role, add_membership, create_organization, make_account
        from chiron.kernel.access import Caller
        from chiron.kernel.clock import now
        from chiron.kernel.ids import new_id
        from chiron.registry.public import Entry, Person, create_patient, create_provider
        from chiron.scheduling.models import ReminderRule, Schedule
        from chiron.scheduling.words import WEEKDAYS
        from chiron.tenancy.public import inside

        name = f"o{new_id().hex[:30]}"
        self.reminders, self.day = reminders, now().date() + timedelta(days=2)
        self.organization = create_organization(by=Caller(operator=True), slug=name, name="Bench")
        self.by = Caller(organization_id=self.organization.id, account_id=new_id(), roles=frozenset({Role.ADMIN}))
        with inside(self.organization.id):
            person = Person(family="Osei")
            doctor = create_provider(by=self.by, person=person, role="doctor", specialty="", active=True, now=now())
            patient = create_patient(by=self.by, entry=Entry(person=Person(family="Mensah")), now=now())
            week = dict.fromkeys(WEEKDAYS, [["00:00", "00:00"]])
            Schedule.objects.create(provider_id=doctor.id, time_zone="UTC", slot_minutes=10, weekly=week)
            ReminderRule.objects.create(minutes_before=360 * 24 * 60)
        self.doctor_id, self.patient_id = doctor.id, patient.id
        account = make_account(username=name, email=f"{name}@example.org", password=name, now=now())
        member = add_membership(by=self.by, account=account, roles=[Role.PATIENT], now=now())
        type(member).objects.filter(id=member.id).update(patient_id=patient.id)

    def remind(self) -> Cost:
        """Another day's appointments, and what it takes to remind of them."""
        from chiron.jobs.running import perform
        from chiron.kernel.clock import now
        from chiron.kernel.ids import new_id
        from chiron.notifications.models import Delivery
        from chiron.notifications.tasks import send_delivery
        from chiron.scheduling.services.reminding import tell_due
        from chiron.tenancy.public import inside

        self.expect()
        with measured() as costs:
            with inside(self.organization.id):
                while tell_due(now()):
                    pass
                waiting = Delivery.objects.filter(state="waiting", notification__kind="appointment.reminder")
                due: list[UUID] = list(waiting.values_list("id", flat=True))
            for each in due:
                arguments: dict[str, Any] = {"delivery_id": each}
                perform(send_delivery, effect=new_id(), organization_id=self.organization.id, arguments=arguments)
        with inside(self.organization.id):
            sent = Delivery.objects.filter(id__in=due, state="sent").count()
        if sent != self.reminders:
            raise RuntimeError(f"{sent} of {self.reminders} were sent")
        return costs[0]

    def expect(self) -> None:
        from chiron.kernel.clock import now
        from chiron.scheduling.services.book import book
        from chiron.tenancy.public import inside

        with inside(self.organization.id):
            for number in range(self.reminders):
                wall = datetime.combine(self.day, datetime.min.time()) + timedelta(minutes=10 * number)
                book(by=self.by, provider_id=self.doctor_id, patient_id=self.patient_id, wall=wall, now=now())
        self.day += timedelta(days=self.reminders // 144 + 1)


def plain(held: "psycopg.Connection[Any]", reminders: int) -> None:
    """A table of mails to send, and nothing else."""
    held.execute("CREATE TABLE IF NOT EXISTS public.plain_mail (id int PRIMARY KEY, state text, body text)")
    held.execute(
        "INSERT INTO public.plain_mail SELECT n, 'waiting', '' FROM generate_series(1, %s) n ON CONFLICT DO NOTHING",
        [reminders],
    )
    held.commit()


def floor(held: "psycopg.Connection[Any]", reminders: int) -> Cost:
    """Each row locked, mailed and marked in a transaction of its own."""
    began = time.perf_counter()
    for number in range(1, reminders + 1):
        held.execute("SELECT state FROM public.plain_mail WHERE id = %s FOR UPDATE", [number])
        held.execute("UPDATE public.plain_mail SET state = 'sent', body = %s WHERE id = %s", ["You come.", number])
        held.commit()
    return Cost(time.perf_counter() - began, 0)
