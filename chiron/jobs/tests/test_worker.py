"""Workers as processes of their own: every job is done once, whoever is killed (promise R4)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
from django.conf import settings

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.jobs.models import Queued
from chiron.jobs.queries import queue_state
from chiron.jobs.services import NotDead, enqueue, enqueue_from_accounts, try_again
from chiron.jobs.tests.tasks import fail, note, slow
from chiron.jobs.worker import Worker
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic, cursor
from chiron.kernel.errors import NotFound, NotPermitted
from chiron.kernel.ids import new_id
from chiron.tenancy.public import inside
from tests import waiting
from tests.town import Clinic

OPERATOR = Caller(operator=True)
until = partial(waiting.until, seconds=60)
PROGRAM = """
import django
django.setup()
from django.core.management import call_command
import chiron.jobs.tests.tasks
{more}
from chiron.jobs import worker
worker.HEARTBEAT, worker.SILENCE, worker.RECOVER_EVERY = 0.2, 1.5, 0.3
call_command("worker", concurrency=2)
"""


@pytest.fixture
def clinic(lakeside: Clinic, django_db_blocker: Any) -> Iterator[Clinic]:
    """A clinic of its own with an empty queue, where everything commits."""
    with django_db_blocker.unblock():
        yield lakeside
        with atomic(CLINICAL), cursor(CLINICAL) as session:
            session.execute("SET LOCAL search_path TO public")
            session.execute("DELETE FROM procrastinate_jobs")


@contextmanager
def worker(more: str = "") -> Iterator["subprocess.Popen[bytes]"]:
    """A worker of this session's databases, which may know more jobs."""
    ours = {
        "CHIRON_HOME": str(settings.HOME.path),
        "POSTGRES_DB": settings.DATABASE_PREFIX,
        "ENVIRONMENT": "testing",
        "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"],
    }
    program = PROGRAM.format(more=more)
    started = subprocess.Popen([sys.executable, "-c", program], cwd=settings.BASE_DIR, env=os.environ | ours)
    try:
        yield started
    finally:
        started.terminate()
        with suppress(subprocess.TimeoutExpired):
            started.wait(20)
        started.kill()


def done(clinic: Clinic) -> int:
    with inside(clinic.id):
        return Event.objects.using(CLINICAL).filter(action="tests.noted").count()


def left() -> int:
    with atomic(CLINICAL):
        return Queued.objects.filter(task_name__startswith="tests.").exclude(status="failed").count()


def ask(clinic: Clinic, job: Any, times: int) -> None:
    for _ in range(times):
        with inside(clinic.id):
            enqueue(job, thing_id=new_id())


def test_a_worker_does_what_was_asked_for_here_and_in_accounts(clinic: Clinic) -> None:
    ask(clinic, note, 5)
    with atomic(ACCOUNTS):
        enqueue_from_accounts(note, organization_id=clinic.id, thing_id=new_id())

    with worker():
        until(lambda: done(clinic) == 6)
        ask(clinic, note, 1)
        until(lambda: done(clinic) == 7)

    assert left() == 0


def test_a_worker_that_is_asked_to_stop_finishes_what_it_does(clinic: Clinic) -> None:
    ask(clinic, slow, 20)

    with worker() as started:
        until(lambda: done(clinic) > 0)
        started.terminate()
        assert started.wait(20) == 0

    assert done(clinic) + left() == 20


def has_done_more(clinic: Clinic, than: int) -> bool:
    return done(clinic) > than or left() == 0


@pytest.mark.parametrize(("jobs", "kills"), [(60, 3), pytest.param(1000, 15, marks=pytest.mark.stress)])
def test_every_job_is_done_once_whichever_worker_is_killed(
    clinic: Clinic, jobs: int, kills: int, shown: Callable[[str, str], None]
) -> None:
    ask(clinic, slow, jobs)

    for number in range(kills):
        with worker() as killed:
            enough = jobs * number // (kills + 1)
            until(partial(has_done_more, clinic, enough))
            killed.send_signal(signal.SIGKILL)
            killed.wait()
    with worker(), worker():
        until(lambda: left() == 0, seconds=300)

    assert (done(clinic), queue_state().dead) == (jobs, 0)
    shown("R4", f"{jobs:,} jobs, {kills} workers killed (SIGKILL) at work: {done(clinic):,} effects, {left()} stuck")


def test_a_job_that_fails_is_tried_again_and_then_dead_until_somebody_looks(
    clinic: Clinic, capfd: pytest.CaptureFixture[str]
) -> None:
    ask(clinic, fail, 1)

    with worker():
        until(lambda: queue_state().dead == 1)

    with atomic(CLINICAL):
        [dead] = Queued.objects.filter(task_name="tests.fail")
    assert (dead.attempts, done(clinic)) == (2, 0)
    assert "Ama Owusu" not in "".join(capfd.readouterr())
    with pytest.raises(NotPermitted):
        try_again(by=clinic.who[Role.ADMIN], job_id=dead.id)
    try_again(by=OPERATOR, job_id=dead.id)
    assert queue_state().waiting == 1
    with pytest.raises(NotDead):
        try_again(by=OPERATOR, job_id=dead.id)
    with pytest.raises(NotFound):
        try_again(by=OPERATOR, job_id=0)


def test_a_worker_in_this_process_starts_and_stops(clinic: Clinic) -> None:
    ask(clinic, note, 3)
    ours = Worker()

    ours.start()
    try:
        until(lambda: done(clinic) == 3)
    finally:
        ours.stop()

    assert left() == 0


TICK = """
from chiron.audit.public import record_platform
from chiron.jobs.public import job
from chiron.kernel.access import Caller
tick = job("tests.tick", every="* * * * * *")(lambda: record_platform(Caller(), "tests.ticked", resource="tests"))
"""


def test_what_asks_for_itself_is_done_once_though_several_work(clinic: Clinic) -> None:
    ticks = Event.objects.using(ACCOUNTS).filter(action="tests.ticked")
    started = time.monotonic()

    with worker(TICK), worker(TICK):
        until(lambda: ticks.count() >= 4)

    assert ticks.count() <= time.monotonic() - started + 1


def test_what_is_due_later_waits(clinic: Clinic) -> None:
    with inside(clinic.id):
        enqueue(note, thing_id=new_id(), due=now().replace(year=now().year + 1))
    ask(clinic, note, 1)

    with worker():
        until(lambda: done(clinic) == 1)

    assert left() == 1
