"""A file of blood counts under workers that are killed at every step: each row is screened once (ML-10, R4)."""

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chiron.files.models import File
from chiron.identity.public import Role
from chiron.jobs.tests.test_worker import worker
from chiron.kernel.db import CLINICAL, atomic, cursor
from chiron.scheduling.tests.test_reminders_killed import DIES
from chiron.screening.models import Batch, BatchRow, Screening
from chiron.screening.tests.factories import batch_of, counts_of
from chiron.tenancy.public import inside
from tests.town import Clinic
from tests.waiting import until

FEW = """
from chiron.jobs import queue
from chiron.screening.services import batches
batches.AT_A_TIME = {at_a_time}
"""
STEPS = {
    "some of a lot classified": "dying(batches, 'classify', {middle}, True)",
    "committed, not forgotten by the queue": "dying(queue, 'perform', 2, True)",
    "the last lot done, not committed": "dying(batches, 'notify', 1, True)",
}


@pytest.fixture
def clinic(lakeside: Clinic, django_db_blocker: Any) -> Iterator[Clinic]:
    """A clinic of its own with an empty queue, where everything commits."""
    with django_db_blocker.unblock():
        yield lakeside
        with atomic(CLINICAL), cursor(CLINICAL) as session:
            session.execute("SET LOCAL search_path TO public")
            session.execute("DELETE FROM procrastinate_jobs")


@pytest.mark.parametrize(
    ("rows", "at_a_time", "steps"),
    [(12, 4, list(STEPS)[:1]), pytest.param(5_000, 200, list(STEPS), marks=pytest.mark.stress)],
)
def test_each_row_is_screened_once_though_workers_are_killed(
    clinic: Clinic, rows: int, at_a_time: int, steps: list[str], shown: Callable[[str, str], None]
) -> None:
    with inside(clinic.id):
        batch = batch_of(None, clinic.who[Role.ADMIN], counts_of(rows, "broken"))
    few = FEW.format(at_a_time=at_a_time)

    def is_over() -> bool:
        with inside(clinic.id):
            return Batch.objects.get(id=batch.id).state != "running"

    for step in steps:
        with worker(few + DIES + STEPS[step].format(middle=at_a_time + at_a_time // 2)) as dying:
            until(lambda dying=dying: dying.poll() is not None or is_over(), seconds=120)  # type: ignore[misc]
            assert dying.poll() == -signal.SIGKILL
    with worker(few), worker(few):
        until(is_over, seconds=400)

    with inside(clinic.id):
        found = Batch.objects.get(id=batch.id)
        assert (found.state, found.done, found.classified + found.abstained, found.refused) == (
            "finished", rows + 1, rows, 1,
        )  # fmt: skip
        lines = list(BatchRow.objects.order_by("line").values_list("line", flat=True))
        assert lines == list(range(2, rows + 3))
        assert Screening.objects.count() == rows
        assert File.objects.get(id=batch.file_id).state == "erased"
    shown("R4", f"{rows:,} blood counts of a file, {len(steps)} workers killed (SIGKILL): each is screened once")
