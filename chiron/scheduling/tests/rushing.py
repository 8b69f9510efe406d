"""Doctors with patients who want only them, and many threads that all want something at once."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from uuid import UUID

from chiron.identity.public import Role
from chiron.kernel.db import close_connections
from chiron.kernel.errors import DomainError
from chiron.registry.public import Entry, Person, create_patient, create_provider
from chiron.scheduling.tests.factories import NOW, receives
from chiron.tenancy.public import inside
from tests.town import Clinic

THREADS = 48
Wish = TypeVar("Wish")


def people(clinic: Clinic, doctors: int, patients: int) -> dict[UUID, list[UUID]]:
    """So many doctors who receive, each with so many patients."""
    by = clinic.who[Role.ADMIN]

    def doctor() -> UUID:
        person = Person(family="Osei")
        made = create_provider(by=by, person=person, role="doctor", specialty="", active=True, now=NOW)
        receives(made.id)
        return made.id

    def patient() -> UUID:
        return create_patient(by=by, entry=Entry(person=Person(family="Mensah")), now=NOW).id

    with inside(clinic.id):
        return {doctor(): [patient() for _ in range(patients)] for _ in range(doctors)}


def at_once(clinic: Clinic, act: Callable[[Wish], Sequence[str]], wishes: Sequence[Wish]) -> Counter[str]:
    """What became of all wishes, each in a transaction of its own: what ``act`` says, or the code of the refusal."""

    def answers_to(part: Sequence[Wish]) -> list[str]:
        answers: list[str] = []
        try:
            for wish in part:
                try:
                    with inside(clinic.id):
                        said = act(wish)
                    answers += said
                except DomainError as refusal:
                    answers.append(refusal.code)
        finally:
            close_connections()
        return answers

    with ThreadPoolExecutor(THREADS) as threads:
        parts = threads.map(answers_to, [wishes[part::THREADS] for part in range(THREADS)])
        return Counter(answer for part in parts for answer in part)
