"""Restarting servers behind a balancer while people work: no call is dropped (promise R6)."""

import http.client
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from threading import Event, Thread
from typing import Any

import pytest

from chiron.identity.public import Role
from chiron.registry.models import Patient
from chiron.tenancy.public import inside
from tests.serving import Serving, serving
from tests.town import Clinic, renew_tokens
from tests.waiting import until

CALLERS, LONGEST_DRAIN = 4, 30
PERSON = {"family": "Owusu", "given": ["Ama"]}


class Balancer:
    """Sends calls to servers that say they are ready, as a proxy does: it asks each of them twenty times a second."""

    def __init__(self) -> None:
        self.servers: list[Serving] = []
        self.ready: list[Serving] = []
        self._turn, self._ended = count(), Event()

    def watch(self) -> None:
        """Ask until the end."""
        while not self._ended.wait(0.05):
            self.ready = [server for server in list(self.servers) if is_ready(server)]

    def end(self) -> None:
        """Ask no more."""
        self._ended.set()

    def next(self) -> Serving:
        """The server whose turn it is among those that are ready."""
        until(lambda: self.ready)
        ready = self.ready
        return ready[next(self._turn) % len(ready)]


def is_ready(server: Serving) -> bool:
    with suppress(OSError, http.client.HTTPException), server.call("GET", "/health/ready", seconds=2) as answer:
        return bool(answer.read() and answer.status == 200)
    return False


@contextmanager
def balancing() -> Iterator[Balancer]:
    balancer = Balancer()
    watching = Thread(target=balancer.watch)
    watching.start()
    try:
        yield balancer
    finally:
        balancer.end()
        watching.join()


class Caller:
    """Somebody at work, whose calls go through the balancer over connections that are kept open."""

    def __init__(self, balancer: Balancer, clinic: Clinic, ended: Event) -> None:
        self.balancer, self.clinic, self.ended = balancer, clinic, ended
        self.connections: dict[int, http.client.HTTPConnection] = {}
        self.answered, self.made = 0, 0
        self.failed: list[str] = []

    def work(self) -> None:
        """Make a patient, look at it, and so on; what fails is noted."""
        while not self.ended.is_set():
            made = self.call("POST", "/api/patients", json.dumps(PERSON))
            if made:
                self.made += 1
                self.call("GET", f"/api/patients/{made['patient']['id']}")
        self.hang_up()

    def work_slowly(self) -> None:
        """Make patients with requests that take longer to arrive than a server takes new ones."""
        body = json.dumps(PERSON).encode()
        while not self.ended.is_set():
            self.made += bool(self.call("POST", "/api/patients", slowly(body), {"Content-Length": str(len(body))}))
        self.hang_up()

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """The answer, or None where the call failed; a moment later, so that servers that start get a turn."""
        self.ended.wait(0.03)
        said = {"Authorization": f"Bearer {self.clinic.tokens[Role.ADMIN]}", "Content-Type": "application/json"}
        port = self.balancer.next().port
        connection = self.connections.setdefault(port, http.client.HTTPConnection("127.0.0.1", port, timeout=30))
        try:
            connection.request(method, path, body, said | (headers or {}))
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.failed.append(f"{method}: {type(error).__name__}")
            self.connections.pop(port).close()
            return None
        if answer.status not in (200, 201):
            self.failed.append(f"{method}: {answer.status}")
            return None
        self.answered += 1
        return json.loads(content)

    def hang_up(self) -> None:
        """Close what was kept open."""
        for connection in self.connections.values():
            connection.close()


def slowly(body: bytes) -> Iterator[bytes]:
    """A body whose second half comes one and a half seconds after the first."""
    yield body[: len(body) // 2]
    Event().wait(1.5)
    yield body[len(body) // 2 :]


def restart(balancer: Balancer, number: int, stack: ExitStack) -> float:
    """Replace one server as a deployment does; answers how long the old one took to leave."""
    old = balancer.servers[number]
    began = time.monotonic()
    os.kill(old.process.pid, signal.SIGTERM)
    assert old.process.wait(LONGEST_DRAIN) == 0
    drained = time.monotonic() - began
    balancer.servers[number] = fresh = stack.enter_context(serving(DRAIN_SECONDS="1"))
    until(lambda: fresh in balancer.ready)
    return drained


@pytest.mark.parametrize(("restarts", "pairs"), [(2, 1), pytest.param(50, 3, marks=pytest.mark.stress)])
def test_rolling_restarts_under_load_drop_no_call(
    lakeside: Clinic, restarts: int, pairs: int, shown: Callable[[str, str], None]
) -> None:
    ended, turns, sides = Event(), count(), [count() for _ in range(pairs)]
    drains: list[float] = []

    with ExitStack() as stack, balancing() as balancer, ThreadPoolExecutor(CALLERS + 1 + pairs) as pool:
        starting = [pool.submit(stack.enter_context, serving(DRAIN_SECONDS="1")) for _ in range(2 * pairs)]
        balancer.servers = [each.result() for each in starting]
        until(lambda: len(balancer.ready) == 2 * pairs)
        callers = [Caller(balancer, lakeside, ended) for _ in range(CALLERS + 1)]
        working = [pool.submit(caller.work) for caller in callers[1:]] + [pool.submit(callers[0].work_slowly)]

        def roll(pair: int) -> None:
            """Restart the two servers of a pair in turns, so that half of all are always there."""
            while next(turns) < restarts:
                drains.append(restart(balancer, 2 * pair + next(sides[pair]) % 2, stack))

        rolling: list[Future[None]] = [pool.submit(roll, pair) for pair in range(pairs)]
        while wait(rolling, timeout=60).not_done:
            renew_tokens(lakeside)
        ended.set()
        for each in rolling + working:
            each.result()

    failed = [failure for caller in callers for failure in caller.failed]
    made = sum(caller.made for caller in callers)
    with inside(lakeside.id):
        assert Patient.objects.count() == made
    assert (failed, len(drains)) == ([], restarts)
    assert callers[0].made > 0
    shown(
        "R6",
        f"{restarts} servers restarted under load: {sum(caller.answered for caller in callers):,} calls answered,"
        f" {len(failed)} failed; a server left within {max(drains):.1f} s",
    )


def test_a_process_that_dies_is_replaced_while_the_others_go_on(lakeside: Clinic) -> None:
    with serving("--workers", "2") as server:
        until(lambda: len(server.workers()) == 2)
        killed, other = server.workers()

        os.kill(killed, signal.SIGKILL)

        until(lambda: len(set(server.workers()) - {killed}) == 2)
        assert other in server.workers()
        until(lambda: is_ready(server))
        assert server.process.poll() is None


def test_every_process_says_at_once_that_the_server_leaves_and_a_second_signal_hurries_it(lakeside: Clinic) -> None:
    with serving("--workers", "2", DRAIN_SECONDS="60") as server:
        until(lambda: len(server.workers()) == 2 and is_ready(server))

        os.kill(server.process.pid, signal.SIGTERM)

        until(lambda: not is_ready(server))
        asked = [is_ready(server) for _ in range(20)]
        alive = server.call("GET", "/health/live")
        alive.read()
        os.kill(server.process.pid, signal.SIGTERM)
        left = server.process.wait(LONGEST_DRAIN)

    assert (asked, alive.status, left) == ([False] * 20, 200, 0)
