"""Two at one batch at once: committed for real, in an organization of their own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.registry.tests.test_races import until_somebody_waits
from chiron.screening import tasks
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import Batch, Screening
from chiron.screening.services import batches
from chiron.screening.tests.factories import batch_of, counts_of
from chiron.tenancy.public import inside
from tests.town import Clinic

ACTS: list[Callable[[UUID], Any]] = [
    lambda batch_id: tasks.run_batch(batch_id=batch_id, after=0),
    lambda batch_id: batches.end_stuck_batches(now()),
]


@pytest.mark.parametrize("act", ACTS, ids=["the same job", "the end of what is stuck"])
def test_who_comes_while_a_batch_is_worked_on_waits_and_finds_it_done(
    lakeside: Clinic, bundle: Bundle, monkeypatch: pytest.MonkeyPatch, act: Callable[[UUID], Any]
) -> None:
    monkeypatch.setattr(batches, "enqueue", lambda *job, **said: None)
    with inside(lakeside.id):
        batch_id = batch_of(None, lakeside.who[Role.ADMIN], counts_of(2)).id
        Batch.objects.filter(id=batch_id).update(updated_at=now() - timedelta(hours=25))
    go_on, begun = batches._go_on, threading.Event()

    def slowly(*of: Any) -> None:
        begun.set()
        until_somebody_waits()
        go_on(*of)

    def come() -> None:
        begun.wait(30)
        try:
            with inside(lakeside.id):
                act(batch_id)
        finally:
            connections.close_all()

    monkeypatch.setattr(batches, "_go_on", slowly)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(come)
        with inside(lakeside.id):
            tasks.run_batch(batch_id=batch_id, after=0)
        coming.result(timeout=60)

    with inside(lakeside.id):
        found = Batch.objects.get(id=batch_id)
        assert (found.state, found.done, found.version) == ("finished", 2, 3)
        assert Screening.objects.count() == 2
