"""Holds that are confirmed, expire and are wanted by others, all at once: of each one thing becomes (promise R1)."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from chiron.identity.public import Role
from chiron.kernel.access import Caller
from chiron.kernel.db import close_connections
from chiron.kernel.errors import DomainError
from chiron.registry.public import Entry, Person, create_patient, create_provider
from chiron.scheduling.models import Appointment, Reservation
from chiron.scheduling.services.book import book
from chiron.scheduling.services.expiry import sweep
from chiron.scheduling.services.hold import confirm, hold
from chiron.scheduling.tests.factories import NOW, receives
from chiron.scheduling.words import Status
from chiron.tenancy.public import inside
from tests.town import Clinic

THREADS = 48
SLOTS = 10
OVER = NOW + timedelta(minutes=10)
IN_TIME = OVER - timedelta(seconds=1)
REFUSED = {"doctor-busy", "hold-expired", "illegal-transition", "stale-version", "nothing-expired"}
"""How whoever comes too late is told so."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that is held for one patient and wanted by another, whom nobody but this doctor sees."""

    doctor_id: UUID
    wall: datetime
    hold_id: UUID
    wanted_by: UUID


def confirms(by: Caller, slot: Slot) -> None:
    confirm(by=by, appointment_id=slot.hold_id, if_match=None, now=IN_TIME)


def books(by: Caller, slot: Slot) -> None:
    book(by=by, provider_id=slot.doctor_id, patient_id=slot.wanted_by, wall=slot.wall, now=OVER)


def holds_and_confirms(by: Caller, slot: Slot) -> None:
    wish = {"provider_id": slot.doctor_id, "patient_id": slot.wanted_by, "wall": slot.wall}
    held = hold(by=by, now=OVER, **wish)  # type: ignore[arg-type]
    confirm(by=by, appointment_id=held.id, if_match=None, now=OVER)


def sweeps(by: Caller, slot: Slot) -> None:
    if not sweep(OVER):
        raise NothingExpired


class NothingExpired(DomainError):
    code, title = "nothing-expired", "No hold has expired."


WAYS: list[Callable[[Caller, Slot], None]] = [confirms, books, holds_and_confirms]


def held_slots(clinic: Clinic, doctors: int) -> list[Slot]:
    """So many doctors, all of whose slots are held, each for a patient of its own."""
    by = clinic.who[Role.ADMIN]

    def patient() -> UUID:
        return create_patient(by=by, entry=Entry(person=Person(family="Mensah")), now=NOW).id

    slots = []
    with inside(clinic.id):
        for _ in range(doctors):
            person = Person(family="Osei")
            doctor = create_provider(by=by, person=person, role="doctor", specialty="", active=True, now=NOW)
            receives(doctor.id)
            for half in range(SLOTS):
                wall = datetime.fromisoformat("2031-03-04T09:00") + half * timedelta(minutes=30)
                held = hold(by=by, provider_id=doctor.id, patient_id=patient(), wall=wall, now=NOW)
                slots.append(Slot(doctor.id, wall, held.id, patient()))
    return slots


def answers_to(clinic: Clinic, attempts: list[tuple[Callable[[Caller, Slot], None], Slot]]) -> Counter[str]:
    """What became of the attempts of one thread."""
    answers: Counter[str] = Counter()
    try:
        for way, slot in attempts:
            try:
                with inside(clinic.id):
                    way(clinic.who[Role.ADMIN], slot)
                answers[way.__name__] += 1
            except DomainError as refusal:
                answers[refusal.code] += 1
    finally:
        close_connections()
    return answers


@pytest.mark.parametrize(("doctors", "each"), [(2, 8), pytest.param(10, 33, marks=pytest.mark.stress)])
def test_of_a_hold_that_is_confirmed_and_expires_at_once_one_thing_becomes(
    doctors: int, each: int, lakeside: Clinic, shown: Callable[[str, str], None]
) -> None:
    dice, slots = Random(16), held_slots(lakeside, doctors)
    attempts = [(way, slot) for slot in slots for way in WAYS for _ in range(each)]
    attempts += [(sweeps, slot) for slot in slots]
    dice.shuffle(attempts)

    with ThreadPoolExecutor(THREADS) as threads:
        parts = [attempts[part::THREADS] for part in range(THREADS)]
        answers = sum(threads.map(answers_to, [lakeside] * THREADS, parts), Counter[str]())

    got = answers["confirms"] + answers["books"] + answers["holds_and_confirms"]
    assert set(answers) <= {way.__name__ for way in WAYS} | {"sweeps"} | REFUSED
    assert (got, answers.total()) == (len(slots), len(attempts))
    with inside(lakeside.id):
        booked = Appointment.objects.filter(status=Status.BOOKED)
        assert len(set(booked.values_list("provider_id", "starts_at"))) == booked.count() == len(slots)
        confirmed = booked.filter(id__in=[slot.hold_id for slot in slots]).count()
        ended = Appointment.objects.filter(status=Status.CANCELLED, id__in=[slot.hold_id for slot in slots]).count()
        assert (confirmed, ended) == (answers["confirms"], len(slots) - answers["confirms"])
        assert Reservation.objects.count() == 2 * len(slots)
    shown(
        "R1",
        f"{len(attempts):,} times held, confirmed, expired and booked on {len(slots)} slots by {THREADS} threads:"
        f" {confirmed} confirmed in time, {ended} expired, one appointment each",
    )
