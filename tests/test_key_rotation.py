"""The key of access tokens turns under load, in two serving processes one after the other (promise A4)."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from typing import Any

import pytest
from django.conf import settings

from chiron.identity.keys import new_key
from chiron.identity.public import Role
from chiron.identity.tests.factories import new_member, signed_in
from tests.serving import Serving, serving
from tests.town import Clinic
from tests.waiting import until

REQUESTS, CLIENTS, EACH = 10_000, 4, 25


@dataclass
class Balancer:
    """Sends each call to the next server; takes a server out once the calls under way there are answered."""

    servers: dict[int, Serving] = field(default_factory=dict)
    under_way: dict[int, int] = field(default_factory=dict)
    calls: int = 0
    changed: Condition = field(default_factory=Condition)

    def call(self, method: str, path: str, **of: Any) -> tuple[int, bytes]:
        with self.changed:
            self.calls += 1
            here = sorted(self.servers)[self.calls % len(self.servers)]
            self.under_way[here] += 1
        try:
            answer = self.servers[here].call(method, path, **of)
            return answer.status, answer.read()
        finally:
            with self.changed:
                self.under_way[here] -= 1
                self.changed.notify_all()

    def put(self, number: int, server: Serving) -> None:
        with self.changed:
            self.servers[number], self.under_way[number] = server, 0

    @contextmanager
    def without(self, number: int) -> Iterator[None]:
        with self.changed:
            idle = self.servers.pop(number)
            self.changed.wait_for(lambda: self.under_way[number] == 0, timeout=30)
        idle.kill()
        yield


@dataclass
class Load:
    """Somebody signed in, who reads, and refreshes now and then; what was refused, and the tokens they took."""

    balancer: Balancer
    access: str
    refresh: str
    stop: Event
    answered: int = 0
    renewed: int = 0
    refused: list[tuple[str, int]] = field(default_factory=list)

    def run(self) -> None:
        while not self.stop.is_set():
            status, _ = self.balancer.call("GET", "/api/users/me", token=self.access)
            self._count("me", status)
            if self.answered % EACH == 0:
                self._renew()

    def _renew(self) -> None:
        body, said = json.dumps({"refresh": self.refresh}), {"Content-Type": "application/json"}
        status, content = self.balancer.call("POST", "/api/auth/refresh", body=body, headers=said)
        self._count("refresh", status)
        if status == 200:
            tokens = json.loads(content)
            self.access, self.refresh, self.renewed = tokens["access"], tokens["refresh"], self.renewed + 1

    def _count(self, what: str, status: int) -> None:
        self.answered += 1
        self.refused += [] if status == 200 else [(what, status)]


def settle(loads: list[Load], requests: int) -> None:
    """Wait until everybody has tokens of after this moment, and so many calls were answered."""
    before = [load.renewed for load in loads]
    until(lambda: all(load.renewed > was + 1 for load, was in zip(loads, before, strict=True)))
    until(lambda: sum(load.answered for load in loads) >= requests, seconds=120)


@pytest.mark.stress
def test_no_valid_request_fails_while_the_key_turns(lakeside: Clinic, shown: Callable[[str, str], None]) -> None:
    old, new, stop = settings.JWT_SIGNING_KEY, new_key(), Event()
    steps = [(old, new), (new, old), (new, "")]
    balancer = Balancer()
    with ExitStack() as running:

        def start(key: str, accepted: str) -> Serving:
            return running.enter_context(serving(JWT_SIGNING_KEY=key, JWT_ACCEPTED_KEYS=accepted))

        for number in range(2):
            balancer.put(number, start(old, ""))
        opened = [signed_in(new_member(lakeside.id, Role.RECEPTIONIST)) for _ in range(CLIENTS)]
        loads = [Load(balancer, each.access, each.refresh, stop) for each in opened]
        threads = [Thread(target=load.run) for load in loads]
        running.callback(stop.set)
        for thread in threads:
            thread.start()

        for at, (key, accepted) in enumerate(steps):
            for number in range(2):
                with balancer.without(number):
                    balancer.put(number, start(key, accepted))
            settle(loads, REQUESTS * (at + 1) // len(steps))
        stop.set()
        for thread in threads:
            thread.join(30)

    answered, refused = sum(load.answered for load in loads), [each for load in loads for each in load.refused]
    assert refused == []
    assert answered >= REQUESTS
    shown("A4", f"{answered:,} valid requests while the key turned in two processes, {len(refused)} refused")
