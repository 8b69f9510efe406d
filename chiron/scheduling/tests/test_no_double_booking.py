"""No double booking: however many want the same time at once, one gets it (promise R1)."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from random import Random
from time import perf_counter
from uuid import UUID

import pytest

from chiron.identity.public import Role
from chiron.kernel.db import close_connections
from chiron.kernel.errors import DomainError
from chiron.registry.public import Entry, Person, create_patient, create_provider
from chiron.scheduling.models import Appointment, Reservation
from chiron.scheduling.services.book import book
from chiron.scheduling.tests.factories import NOW, receives
from chiron.tenancy.public import inside
from tests.town import Clinic

THREADS = 48
STARTS = [datetime.fromisoformat(f"2031-03-04T{9 + half // 2:02}:{half % 2 * 30:02}") for half in range(10)]


def people(clinic: Clinic) -> dict[UUID, list[UUID]]:
    """Ten doctors who receive, each with five patients who want only them."""
    by = clinic.who[Role.ADMIN]

    def doctor() -> UUID:
        person = Person(family="Osei")
        made = create_provider(by=by, person=person, role="doctor", specialty="", active=True, now=NOW)
        receives(made.id)
        return made.id

    def patient() -> UUID:
        return create_patient(by=by, entry=Entry(person=Person(family="Mensah")), now=NOW).id

    with inside(clinic.id):
        return {doctor(): [patient() for _ in range(5)] for _ in range(10)}


def attempts_of(clinic: Clinic, wishes: list[tuple[UUID, UUID, datetime]]) -> list[str]:
    """What became of the attempts of one thread."""
    answers = []
    try:
        for provider_id, patient_id, wall in wishes:
            said = {"provider_id": provider_id, "patient_id": patient_id, "wall": wall}
            try:
                with inside(clinic.id):
                    book(by=clinic.who[Role.ADMIN], now=NOW, **said)  # type: ignore[arg-type]
                answers.append("booked")
            except DomainError as refusal:
                answers.append(refusal.code)
    finally:
        close_connections()
    return answers


def rush(clinic: Clinic, attempts: int) -> tuple[Counter[str], float]:
    """What became of all attempts, evenly on all slots in any order, and how many were answered in a second."""
    dice, waiting = Random(5), people(clinic)
    slots = [(doctor, start) for doctor in waiting for start in STARTS] * (attempts // 100)
    wishes = [(doctor, dice.choice(waiting[doctor]), start) for doctor, start in dice.sample(slots, len(slots))]
    with ThreadPoolExecutor(THREADS) as threads:
        began = perf_counter()
        parts = threads.map(attempts_of, [clinic] * THREADS, [wishes[part::THREADS] for part in range(THREADS)])
        answers = Counter(answer for part in parts for answer in part)
    return answers, attempts / (perf_counter() - began)


@pytest.mark.parametrize("attempts", [500, pytest.param(10_000, marks=pytest.mark.stress)])
def test_of_all_who_want_a_slot_one_gets_it(attempts: int, lakeside: Clinic, shown: Callable[[str, str], None]) -> None:
    answers, rate = rush(lakeside, attempts)

    assert answers == {"booked": 100, "doctor-busy": attempts - 100}
    with inside(lakeside.id):
        times = list(Appointment.objects.values_list("provider_id", "starts_at"))
        assert (len(times), len(set(times)), Reservation.objects.count()) == (100, 100, 200)
    shown("R1", f"{attempts:,} attempts on 100 slots by {THREADS} threads: one booking each, {rate:,.0f} a second")
