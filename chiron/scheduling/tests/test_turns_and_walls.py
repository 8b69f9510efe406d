"""Why it takes both, turns and constraints: each taken away, and what is found then (promise R1)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import datetime
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError

from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, atomic, close_connections, cursor
from chiron.kernel.errors import DomainError
from chiron.postgres.owner import as_owner
from chiron.scheduling.models import Appointment
from chiron.scheduling.services.book import book
from chiron.scheduling.services.taking import take
from chiron.scheduling.tests.crowd import (
    STARTS,
    WAYS,
    Wish,
    deadlocks,
    doubles,
    in_process,
    on_the_day,
    rush,
    unlike,
    waiting_for_turns,
    wishes_of,
)
from chiron.scheduling.words import Of
from chiron.tenancy.public import inside, schema_of
from tests.town import Clinic
from tests.waiting import until


@contextmanager
def without_turns(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The mutant that waits for nobody."""
    with monkeypatch.context() as planted:
        planted.setattr("chiron.scheduling.services.expiry.take_turns", lambda alias, *keys: None)
        yield


def without_walls(clinic: Clinic) -> None:
    """The mutant whose database lets everybody be in two places."""
    with as_owner(CLINICAL), atomic(CLINICAL), cursor(CLINICAL) as owner:
        for of in Of:
            owner.execute(
                f"ALTER TABLE {schema_of(clinic.id)}.scheduling_reservation DROP CONSTRAINT {of}_in_one_place"
            )


@pytest.mark.parametrize(
    ("walls", "answers", "found"), [(True, ["doctor-busy", "got it"], 0), (False, ["got it"] * 2, 1)]
)
def test_who_forgets_to_wait_is_stopped_by_the_constraint_and_by_nothing_else(
    walls: bool, answers: list[str], found: int, lakeside: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two look at once, find the slot free, and take it."""
    wishes = wishes_of(lakeside, WAYS[0], 2, doctors=1, slots=1)
    both_have_looked = Barrier(2)
    if not walls:
        without_walls(lakeside)

    def take_when_both_have_looked(appointment: Appointment) -> None:
        both_have_looked.wait(30)
        take(appointment)

    monkeypatch.setattr("chiron.scheduling.services.book.take", take_when_both_have_looked)
    with without_turns(monkeypatch):
        got, _ = rush(in_process(lakeside), WAYS[0], wishes)

    assert sorted(got.elements()) == answers
    with inside(lakeside.id):
        assert (on_the_day(), doubles()) == (len(answers) - (not found), found)


@pytest.mark.parametrize("turns", [True, False])
def test_without_turns_those_who_promise_several_times_at_once_run_into_each_other(
    turns: bool, lakeside: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two book the same two slots, each both of them in one transaction, in opposite order."""
    first, second = wishes_of(lakeside, WAYS[0], 2, doctors=1, slots=2)
    before, begun = deadlocks(), list[UUID]()

    def book_both(own: Wish, starts: list[datetime]) -> str:
        said: dict[str, Any] = {"provider_id": own.doctor_id, "patient_id": own.patient_id, "now": now()}
        try:
            with inside(lakeside.id):
                book(by=lakeside.who[Role.ADMIN], wall=starts[0], **said)
                begun.append(own.patient_id)
                until(lambda: len(begun) == 2 or waiting_for_turns())
                book(by=lakeside.who[Role.ADMIN], wall=starts[1], **said)
        except (DomainError, OperationalError) as refused:
            return getattr(refused, "code", "deadlock")
        finally:
            close_connections()
        return "got both"

    with ThreadPoolExecutor(2) as people, nullcontext() if turns else without_turns(monkeypatch):
        told = people.map(book_both, (first, second), (STARTS[:2], STARTS[1::-1]))
        outcomes = sorted(told)

    assert outcomes == (["doctor-busy", "got both"] if turns else ["deadlock", "got both"])
    until(lambda: deadlocks() - before == (0 if turns else 1))
    with inside(lakeside.id):
        assert (on_the_day(), doubles(), unlike()) == (2, 0, 0)
