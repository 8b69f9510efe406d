"""Killing PostgreSQL and the processes that answer, at any moment, under load: what was acknowledged is there, whole.

Promise R3. Processes are killed, the power is not cut: what the kernel was given is still written.
"""

import http.client
import json
import random
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from threading import Event
from typing import Any

import pytest

from tests.installation import Installation, installation
from tests.server import kill
from tests.serving import Ended, Serving, serving
from tests.town import PASSWORD
from tests.waiting import until

WRITERS, SERVERS, MOST_TRIES = 8, 3, 600
CREDENTIALS = json.dumps({"username": "hilltop-admin", "password": PASSWORD})


class Servers:
    """Several servers over one installation, of which some may be dead."""

    def __init__(self, where: Installation, number: int, workers: int) -> None:
        self.where, self._workers, self._stack, self._pool = where, workers, ExitStack(), ThreadPoolExecutor(number)
        self._starting: list[Future[None]] = []
        self.alive: list[Serving] = []
        self._turn = count()
        for _ in range(number):
            self.start_another()
        self.settle()

    def start_another(self) -> None:
        """Begin to start one; it takes calls once it answers."""
        self._starting.append(self._pool.submit(self._start))

    def _start(self) -> None:
        """Start one, again and again where it ends because PostgreSQL is away, as whoever watches over it does."""
        started = None
        while started is None:
            with suppress(Ended):
                options = ("--workers", str(self._workers))
                started = self._stack.enter_context(serving(*options, **self.where.environment))
        self.alive.append(started)

    def settle(self) -> None:
        """Wait for all that are being started."""
        for each in self._starting:
            each.result()

    def next(self) -> Serving:
        """The one whose turn it is."""
        until(lambda: self.alive)
        alive = list(self.alive)
        return alive[next(self._turn) % len(alive)]

    def kill_one(self) -> bool:
        """Kill one with all its processes and have another started; False where there is only one left."""
        if len(self.alive) < 2:
            return False
        self.alive.pop(random.randrange(len(self.alive))).kill()
        self.start_another()
        return True

    def close(self) -> None:
        """End all."""
        self.settle()
        self._pool.shutdown()
        self._stack.close()


class Writer:
    """Makes patients one after the other; what was not acknowledged is asked for again, under the same key."""

    def __init__(self, number: int, servers: Servers, ended: Event) -> None:
        self.number, self.servers, self.ended = number, servers, ended
        self.token = ""
        self.acknowledged: list[str] = []
        self.again, self.lost_answers = 0, 0

    def work(self) -> None:
        """Until the end."""
        for number in count():
            if self.ended.is_set():
                return
            key, tries = f"w{self.number}-{number}", 0
            while not self._write(key):
                tries += 1
                assert tries < MOST_TRIES, f"{key} was never acknowledged"
                Event().wait(0.05)
            self.again += tries > 0

    def _write(self, key: str) -> bool:
        body = json.dumps({"family": "Owusu", "given": [key]})
        status, answer, headers = self._call("/api/patients", body, {"Idempotency-Key": key})
        if status == 401:
            _, signed_in, _ = self._call("/api/auth/login", CREDENTIALS, {})
            self.token = signed_in.get("access", "")
        if status == 201:
            self.acknowledged.append(answer["patient"]["id"])
            self.lost_answers += "Idempotency-Replayed" in headers
        assert status in (0, 201, 401, 409, 503), (status, answer)
        return status == 201

    def _call(self, path: str, body: str, headers: dict[str, str]) -> tuple[int, Any, Any]:
        said = {"Content-Type": "application/json"} | headers
        with suppress(OSError, http.client.HTTPException):
            answer = self.servers.next().call("POST", path, self.token, body, said, seconds=10)
            with answer:
                return answer.status, json.loads(answer.read() or b"{}"), answer.headers
        return 0, {}, {}


@contextmanager
def writing(servers: Servers) -> Any:
    """Writers at work while the block runs."""
    ended = Event()
    writers = [Writer(number, servers, ended) for number in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        working = [pool.submit(writer.work) for writer in writers]
        try:
            yield writers
        finally:
            ended.set()
        for each in working:
            each.result(60)


def acknowledged(writers: list[Writer]) -> int:
    return sum(len(writer.acknowledged) for writer in writers)


def let_them_write(writers: list[Writer]) -> None:
    """Until a few more writes are acknowledged, and then some moment."""
    enough = acknowledged(writers) + random.randint(1, 4 * WRITERS)
    until(lambda: acknowledged(writers) >= enough, seconds=60)
    Event().wait(random.uniform(0, 0.05))


def damage(where: Installation, writers: list[Writer]) -> tuple[int, int, int]:
    """How many acknowledged patients are gone, how many have no event or only that, how many are there twice."""
    kept = {str(id) for (id,) in where.rows("SELECT id FROM registry_patient")}
    made = [str(id) for (id,) in where.rows("SELECT resource_id FROM audit_event WHERE action = 'patient.created'")]
    known = {id for writer in writers for id in writer.acknowledged}
    return len(known - kept), len(kept ^ set(made)) + len(made) - len(set(made)), len(kept - known)


@pytest.mark.parametrize(("kills", "number"), [(3, 2), pytest.param(100, SERVERS, marks=pytest.mark.stress)])
def test_what_was_acknowledged_survives_kills_at_any_point(
    kills: int, number: int, shown: Callable[[str, str], None]
) -> None:
    of_servers = 0
    with installation() as where:
        servers = Servers(where, number, workers=number - 1)
        try:
            with writing(servers) as writers:
                for each in range(kills):
                    let_them_write(writers)
                    if each % 3 == 1 and servers.kill_one():
                        of_servers += 1
                    else:
                        kill(where.server)
                        where.server.start()
                let_them_write(writers)
        finally:
            servers.close()
        lost, halves, twice = damage(where, writers)

    assert (lost, halves, twice) == (0, 0, 0)
    again, answered_again = sum(w.again for w in writers), sum(w.lost_answers for w in writers)
    assert again > 0
    shown(
        "R3",
        f"{kills - of_servers} times all processes of PostgreSQL and {of_servers} times all of a server killed under"
        f" {WRITERS} writers: {acknowledged(writers):,} writes acknowledged, {lost} lost, {halves} half-written;"
        f" {again} repeated by their key, of which {answered_again} had been done: {twice} done twice",
    )


@pytest.mark.stress
def test_a_server_that_acknowledges_too_early_is_found_out(shown: Callable[[str, str], None]) -> None:
    """The same kills, PostgreSQL set to lose: else the test above could not fail."""
    with installation(synchronous_commit="off") as where:
        servers = Servers(where, 2, workers=2)
        try:
            with writing(servers) as writers:
                for _ in range(15):
                    let_them_write(writers)
                    kill(where.server)
                    where.server.start()
                let_them_write(writers)
        finally:
            servers.close()
        lost, _, _ = damage(where, writers)

    assert lost > 0
    shown(
        "R3",
        f"with synchronous_commit=off 15 kills lost {lost} of {acknowledged(writers):,} acknowledged writes: the same"
        " harness finds it, and production refuses to start with that setting",
    )
