"""Every committed event gets one place in the tree, whatever happens meanwhile."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connections

from chiron.audit.copies import path_of
from chiron.audit.public import Sealer, lag, record, seal
from chiron.audit.sealing import Untrustworthy, publish, seal_trail
from chiron.audit.tests.factories import doctor, examined, owner, read_patient, rows, sealed_trail, tamper
from chiron.audit.trails import Trail, connect, within
from chiron.kernel.db import cursor
from chiron.tenancy.public import inside


def test_events_are_sealed_in_parts_of_the_limit(clinic: UUID) -> None:
    read_patient(clinic, 7)

    sealed = [seal("clinical", clinic, limit=3) for _ in range(4)]

    assert sealed == [3, 3, 1, 0]
    assert sizes(clinic) == [3, 6, 7]
    assert examined(clinic).is_intact


def test_sealing_nothing_signs_no_head(clinic: UUID) -> None:
    assert seal("clinical", clinic) == 0
    assert sizes(clinic) == []


def test_every_head_names_the_one_before(clinic: UUID) -> None:
    sealed_trail(clinic, 2, 1, 3)

    assert sizes(clinic) == [2, 3, 6]
    assert examined(clinic).is_intact
    assert path_of(str(clinic)).read_text().count("\n") == 3


def test_an_event_that_commits_late_is_sealed_late(clinic: UUID) -> None:
    """Its id and its transaction are older than what is sealed already; both are no reason to pass over it."""
    begun, go_on = Signal(), Signal()

    def slow_reader() -> None:
        with inside(clinic):
            record(doctor(clinic), "patient.read")
            with cursor("clinical") as held:
                held.execute("SELECT pg_current_xact_id()")
            begun.set()
            assert go_on.wait(20)
        connections.close_all()

    thread = Thread(target=slow_reader)
    thread.start()
    assert begun.wait(20)
    read_patient(clinic, 2)
    before = [seal("clinical", clinic), seal("clinical", clinic)]
    go_on.set()
    thread.join(20)
    after = [seal("clinical", clinic), seal("clinical", clinic)]

    assert before == [2, 0]
    assert after == [1, 0]
    assert unsealed(clinic) == 0


@pytest.mark.parametrize("each", [20, pytest.param(300, marks=pytest.mark.stress)])
def test_sixteen_writers_and_two_sealers_leave_one_whole_chain(clinic: UUID, each: int) -> None:
    written = 16 * each
    sealers = [Sealer(trails=lambda: [Trail(clinic)]) for _ in range(2)]

    for sealer in sealers:
        sealer.start()
    in_threads(16, lambda: read_patient(clinic, each))
    assert eventually(lambda: unsealed(clinic) == 0)
    for sealer in sealers:
        sealer.stop()

    report = examined(clinic, bound=timedelta(0))
    assert (report.is_intact, report.events, report.leaves) == (True, written, written)
    assert [seq for [seq] in rows(clinic, "SELECT seq FROM audit_leaf ORDER BY seq")] == list(range(written))
    assert report.heads == report.copies
    assert lag("clinical", clinic) == timedelta(0)


def test_competing_passes_never_trip_over_each_other(clinic: UUID) -> None:
    """Four sealers without a pause: whoever is not elected goes away with nothing, and no pass ever fails."""
    done = Signal()
    passes: list[int] = []

    def seal_until_done() -> None:
        while not done.is_set():
            passes.append(seal("clinical", clinic, limit=5))

    with ThreadPoolExecutor(4) as pool:
        sealing = [pool.submit(seal_until_done) for _ in range(4)]
        in_threads(4, lambda: read_patient(clinic, 25))
        assert eventually(lambda: unsealed(clinic) == 0)
        done.set()
        failures = [future.exception() for future in sealing]

    assert failures == [None] * 4
    assert sum(passes) == 100
    assert examined(clinic, bound=timedelta(0)).is_intact


def test_a_crash_at_any_statement_of_a_pass_forks_and_loses_nothing(clinic: UUID) -> None:
    sealed_trail(clinic, 2)
    read_patient(clinic, 3)
    survived = [step for step in range(1, 20) if crashing_pass(clinic, step)]
    with connect("clinical") as connection:
        publish(connection, Trail(clinic))  # as the sealer does when it starts

    report = examined(clinic, bound=timedelta(0))
    assert survived == list(range(survived[0], 20)), "the passes with fewer statements before the crash all failed"
    assert survived[0] > 8
    assert (report.is_intact, report.leaves, report.heads, report.copies) == (True, 5, 2, 2)


def test_only_one_sealer_is_elected(clinic: UUID) -> None:
    read_patient(clinic)

    with connect("clinical") as other, within(other, Trail(clinic)) as held:
        held.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"audit seal {Trail(clinic).schema}"])
        meanwhile = seal("clinical", clinic)
    afterwards = seal("clinical", clinic)

    assert (meanwhile, afterwards) == (0, 1)


def test_a_trail_restored_into_another_cluster_is_sealed_to_its_end(clinic: UUID) -> None:
    sealed_trail(clinic, 3)
    read_patient(clinic, 2)
    tamper(
        clinic,
        "UPDATE audit_event SET xid = xid + 1000000000000",
        "UPDATE audit_watermark SET system_identifier = 7, sealed_below = 9000000000000000000",
    )

    sealed = [seal("clinical", clinic, limit=1) for _ in range(3)]

    assert sealed == [1, 1, 0]
    assert unsealed(clinic) == 0


def test_nothing_is_built_on_a_head_that_was_tampered_with(clinic: UUID) -> None:
    sealed_trail(clinic, 3)
    tamper(clinic, "UPDATE audit_head SET root = sha256(root)")
    read_patient(clinic)

    with pytest.raises(Untrustworthy, match="the head of size 3 was not signed over its frontier"):
        seal("clinical", clinic)

    assert sizes(clinic) == [3]
    assert unsealed(clinic) == 1


def test_a_head_that_could_not_be_copied_is_copied_later(clinic: UUID, settings: Any, tmp_path: Path) -> None:
    heads, in_the_way = settings.AUDIT_HEADS_DIR, tmp_path / "file"
    in_the_way.touch()
    settings.AUDIT_HEADS_DIR = str(in_the_way)
    read_patient(clinic)
    with pytest.raises(OSError, match="file"):
        seal("clinical", clinic)
    settings.AUDIT_HEADS_DIR = heads
    sealed_trail(clinic, 2)

    report = examined(clinic)

    assert (report.is_intact, report.heads, report.copies) == (True, 2, 2)


def test_copying_twice_copies_once(clinic: UUID) -> None:
    sealed_trail(clinic, 2)
    before = path_of(str(clinic)).read_bytes()

    with connect("clinical") as connection:
        publish(connection, Trail(clinic))

    assert path_of(str(clinic)).read_bytes() == before


def test_the_lag_is_the_age_of_the_oldest_unsealed_event(clinic: UUID) -> None:
    empty = lag("clinical", clinic)
    read_patient(clinic, 2)
    [[age]] = rows(clinic, "SELECT clock_timestamp() - min(at) FROM audit_event")

    waiting = lag("clinical", clinic)
    seal("clinical", clinic)

    assert empty == timedelta(0)
    assert age <= waiting < age + timedelta(seconds=5)
    assert lag("clinical", clinic) == timedelta(0)


def test_the_sealer_survives_the_loss_of_its_connection(clinic: UUID) -> None:
    sealer = Sealer(trails=lambda: [Trail(clinic)])
    sealer.start()
    read_patient(clinic)
    assert eventually(lambda: unsealed(clinic) == 0)

    lost = sealer.connections["clinical"].info.backend_pid
    with connect("clinical") as another:
        another.execute("SELECT pg_terminate_backend(%s)", [lost])
    read_patient(clinic)

    assert eventually(lambda: unsealed(clinic) == 0)
    sealer.stop()


def test_the_sealer_waits_for_a_trail_that_is_not_there_yet(clinic: UUID) -> None:
    with owner(clinic) as held:
        held.execute("ALTER TABLE audit_watermark RENAME TO elsewhere")
    sealer = Sealer(trails=lambda: [Trail(clinic)])
    sealer.start()
    read_patient(clinic)
    with owner(clinic) as held:
        held.execute("ALTER TABLE elsewhere RENAME TO audit_watermark")

    assert eventually(lambda: unsealed(clinic) == 0)
    sealer.stop()


def crashing_pass(clinic: UUID, step: int) -> bool:
    """One pass whose connection is lost just before the given statement; whether it came to its end all the same."""
    countdown = iter(range(step))

    class Crashing(psycopg.Cursor[Any]):
        def lose_connection(self) -> None:
            if next(countdown, None) == step - 1:
                self.connection.close()

        def execute(self, *args: Any, **kwargs: Any) -> Any:
            self.lose_connection()
            return super().execute(*args, **kwargs)

        def copy(self, *args: Any, **kwargs: Any) -> Any:
            self.lose_connection()
            return super().copy(*args, **kwargs)

    with connect("clinical") as connection:
        connection.cursor_factory = Crashing
        try:
            seal_trail(connection, Trail(clinic))
        except psycopg.OperationalError:
            return False
    return True


def in_threads(number: int, act: Callable[[], None]) -> None:
    def in_thread() -> None:
        try:
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        for future in [pool.submit(in_thread) for _ in range(number)]:
            future.result()


def eventually(condition: Callable[[], bool], seconds: float = 30) -> bool:
    clock = Signal()
    return any(condition() or clock.wait(0.1) for _ in range(int(seconds * 10)))


def sizes(clinic: UUID) -> list[int]:
    return [size for [size] in rows(clinic, "SELECT size FROM audit_head ORDER BY size")]


def unsealed(clinic: UUID) -> int:
    missing = "SELECT count(*) FROM audit_event WHERE id NOT IN (SELECT event_id FROM audit_leaf)"
    [[count]] = rows(clinic, missing)
    return int(count)
