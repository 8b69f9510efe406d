"""A sealer that is killed, at any statement and at any moment, forks nothing and accuses nobody (promise U3)."""

import os
import random
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event as Signal
from typing import Any, NoReturn
from uuid import UUID

import psycopg
import pytest
from django.db import connections

from chiron.audit import copies
from chiron.audit.findings import Finding
from chiron.audit.public import seal
from chiron.audit.sealing import publish, seal_trail
from chiron.audit.tests.factories import examined, read_patient, rows
from chiron.audit.tests.test_sealing import eventually, unsealed
from chiron.audit.trails import Trail, connect
from chiron.kernel import durable

WRITERS = 4
HELD = """
    SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
     WHERE l.locktype = 'advisory' AND d.datname = current_database()
"""


@pytest.mark.parametrize(("kills", "each"), [(10, 25), pytest.param(200, 1_500, marks=pytest.mark.stress)])
def test_sealers_killed_at_random_moments_leave_one_whole_history(
    clinic: UUID, kills: int, each: int, shown: Callable[[str, str], None]
) -> None:
    launcher = in_a_process(lambda: kill_at_random(clinic, kills))
    alarms: list[Finding] = []
    looks = 0

    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(written, clinic, each) for _ in range(WRITERS)]
        while os.waitpid(launcher, os.WNOHANG) == (0, 0) or not all(future.done() for future in writing):
            alarms, looks = alarms + examined(clinic, bound=timedelta(hours=1)).findings, looks + 1
            if all(future.done() for future in writing):
                os.waitpid(launcher, 0)
                break
        assert [future.result() for future in writing] == [None] * WRITERS

    report = sealed_to_the_end(clinic)
    assert (alarms, report.findings) == ([], [])
    assert report.events == report.leaves == WRITERS * each
    assert report.heads == report.copies
    assert rows(clinic, "SELECT count(*), max(seq) FROM audit_leaf") == [(report.events, report.events - 1)]
    shown(
        "U3",
        f"{kills} sealers killed at random moments while {WRITERS} threads wrote {report.events:,} events: 0 forks, "
        f"0 of {report.copies} published heads contradicted, {len(alarms)} alarms in {looks} verifications meanwhile",
    )


def test_a_sealer_killed_before_and_after_every_statement_leaves_one_whole_history(
    clinic: UUID, shown: Callable[[str, str], None]
) -> None:
    read_patient(clinic, 2)
    seal("clinical", clinic)
    survived, step = False, 0

    while not survived:
        read_patient(clinic)
        survived, step = killed_at(clinic, step + 1) == 0, step + 1
        assert examined(clinic, bound=timedelta(hours=1)).findings == []

    report = sealed_to_the_end(clinic)
    assert step > 20, "a pass has at least ten points at which it can be killed before and after"
    assert (report.findings, report.leaves) == ([], 2 + step)
    assert report.heads == report.copies
    shown("U3", f"killed at each of {step - 1} points before and after every statement, and within a copy: 0 findings")


def in_a_process(act: Callable[[], None]) -> int:
    """A copy of this process that does that and ends; it leaves alone the connections it was born with."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            act()
            os._exit(0)
        finally:
            os._exit(1)
    return child


def kill_at_random(clinic: UUID, kills: int) -> None:
    """So many sealers, one after the other, each killed within a twentieth of a second."""
    clock = Signal()
    for _ in range(kills):
        sealer = in_a_process(lambda: seal_for_ever(clinic))
        clock.wait(random.random() / 20)
        os.kill(sealer, signal.SIGKILL)
        os.waitpid(sealer, 0)


def seal_for_ever(clinic: UUID) -> NoReturn:
    while True:
        seal("clinical", clinic, limit=random.randrange(1, 50))


def killed_at(clinic: UUID, step: int) -> int:
    """The exit status of a process that seals once and is killed at its `step`-th point; 0 where it has fewer."""
    _, status = os.waitpid(in_a_process(lambda: pass_that_dies(clinic, step)), 0)
    assert status in (0, signal.SIGKILL)
    assert eventually(lambda: rows(clinic, HELD) == [(0,)])
    return status


def pass_that_dies(clinic: UUID, step: int) -> None:
    """One pass; every statement has a point before and one after it, and so does every write to the copies."""
    points = iter(range(step))

    def point() -> None:
        if next(points, None) == step - 1:
            os.kill(os.getpid(), signal.SIGKILL)

    def between(act: Callable[..., Any]) -> Callable[..., Any]:
        def acted(*args: Any, **kwargs: Any) -> Any:
            point()
            done = act(*args, **kwargs)
            point()
            return done

        return acted

    def torn(handle: int, lines: bytes) -> int:
        done = os.write(handle, lines[: (len(lines) + 1) // 2])
        point()
        return done

    class Mortal(psycopg.Cursor[Any]):
        execute = between(psycopg.Cursor.execute)
        copy = between(psycopg.Cursor.copy)

    class Files:
        """The module `os`, whose writes are cut in two."""

        write, fsync = staticmethod(torn), staticmethod(between(os.fsync))

        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

    vars(copies)["os"] = vars(durable)["os"] = Files()
    with connect("clinical") as connection:
        connection.cursor_factory = Mortal
        seal_trail(connection, Trail(clinic))


def written(clinic: UUID, times: int) -> None:
    try:
        read_patient(clinic, times)
    finally:
        connections.close_all()


def sealed_to_the_end(clinic: UUID) -> Any:
    """The report once everything is sealed; the servers of the killed may hold the lock for a moment."""

    def is_sealed() -> bool:
        seal("clinical", clinic)
        return unsealed(clinic) == 0

    assert eventually(is_sealed)
    with connect("clinical") as connection:
        publish(connection, Trail(clinic))  # as the sealer does when it starts
    return examined(clinic, bound=timedelta(0))
