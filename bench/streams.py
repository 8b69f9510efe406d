"""A thousand open streams: how soon they are told, and what is left of the API's throughput, in the split form.

`serve --api` and `serve --live` run as in production; streams are kept by one process, read by another.
"""

import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT
from typing import Any
from uuid import UUID

from bench.api import make_scene, request
from bench.bridge import answers, round_of
from bench.ground import Cost, ratio
from bench.readers import hold

ROOT = Path(__file__).resolve().parents[1]
RATE = 100
Ask = Callable[..., Any]


def measure(streams: int = 1000, rounds: int = 7, calls: int = 2000, seconds: float = 10) -> None:
    """Measure in the installation that stands, and print percentiles and ratios."""
    scene = make_scene(20, "streams")
    members = make_members(scene.organization_id, streams)
    environ = request(scene, "GET", f"/api/patients/{scene.patient_id}")
    print(f"streams, {streams} of as many accounts, kept by one process, read by another")
    with server("--api", 2) as api, server("--live", 1) as live, readers(scene.organization_id) as ask:
        load = round_of(*api, environ["PATH_INFO"], fresh(scene), calls)
        load()
        opened(ask, live[1], members)
        told(ask, f"{RATE} commits a second, one account each", seconds, RATE, False)
        told(ask, "one commit a second that tells all", seconds, 1, True)
        ask("close")
        print(f"  {rounds} alternating rounds of {calls} GET patient by 4 clients; 1 is as without streams")
        print(f"  {'':30}processor time             wall time")
        pairs: dict[str, list[tuple[Cost, Cost]]] = {"none is told": [], f"{RATE} commits a second": []}
        for _ in range(rounds):
            load = round_of(*api, environ["PATH_INFO"], fresh(scene), calls)
            without = load()
            opened(ask, live[1], members)
            quiet, busy = load(), while_telling(ask, load)
            ask("close")
            for name, cost in zip(pairs, (quiet, busy), strict=True):
                pairs[name].append((cost, without))
        for name, found in pairs.items():
            print(f"  {name:30}{ratio(found, 'processor'):27}{ratio(found, 'wall')}")


def told(ask: Ask, name: str, seconds: float, rate: float, everybody: bool) -> None:
    """Measure and print how long it took from before the commit to the reader's end."""
    waits, missing = ask("tell", seconds, rate, everybody)
    at = [waits[min(len(waits) - 1, int(len(waits) * share))] for share in (0.5, 0.95, 0.99, 1)]
    figures = ", ".join(f"{name} {wait:.1f} ms" for name, wait in zip(("p50", "p95", "p99", "max"), at, strict=True))
    print(f"  {name:42}{len(waits)} told, {missing} missing: {figures}")


def while_telling(ask: Ask, load: Callable[[], Cost]) -> Cost:
    """The load, while accounts are told as often."""
    with ThreadPoolExecutor(1) as beside:
        telling = beside.submit(ask, "tell", 4, RATE, False)
        time.sleep(0.2)
        cost = load()
        telling.result()
    return cost


def make_members(organization_id: UUID, many: int) -> list[tuple[Any, Any, Any]]:
    """So many accounts of the organization, each with an open session."""
    from chiron.identity.public import Account, Membership, Session, begin
    from chiron.kernel.access import Caller
    from chiron.kernel.clock import now

    made = []
    for number in range(many):
        account = Account(username=f"streams-{number}")
        account.set_unusable_password()
        account.save(force_insert=True)
        membership = Membership(
            account=account, organization_id=organization_id, roles=["RECEPTIONIST"], approved_at=now()
        )
        membership.save(force_insert=True)
        started = begin(by=Caller(), account=account, membership=membership, now=now())
        made.append((Session.objects.get(id=started.session_id), account, membership))
    return made


def opened(ask: Ask, port: int, members: list[tuple[Any, Any, Any]]) -> None:
    """Open all streams, with tokens that are new; stop where one is refused."""
    from chiron.identity.tokens import issue
    from chiron.kernel.clock import now

    tokens = {account.id: issue(session, account, membership, now()) for session, account, membership in members}
    if (many := ask("open", port, tokens)) != len(members):
        raise SystemExit(f"{many} of {len(members)} streams were opened.")


def fresh(scene: Any) -> str:
    """The doctor's token, renewed: it lives for five minutes."""
    from chiron.identity.public import Membership, Session
    from chiron.identity.tokens import issue
    from chiron.kernel.clock import now

    membership = Membership.objects.select_related("account").get(provider_id=scene.provider_id)
    session = Session.objects.get(account=membership.account)
    return f"Bearer {issue(session, membership.account, membership, now())}"


@contextmanager
def readers(organization_id: UUID) -> Iterator[Ask]:
    """The process that reads; called with what it is to do."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=hold, args=(theirs, organization_id), daemon=True)
    process.start()
    theirs.close()

    def ask(*what: Any) -> Any:
        ours.send(what)
        return ours.recv()

    try:
        yield ask
    finally:
        ours.close()
        process.join(20)


@contextmanager
def server(form: str, workers: int) -> Iterator[tuple[int, int]]:
    """`chiron serve` in that form; its process id and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "manage.py", "serve", form, "--port", str(port), "--workers", str(workers)]
    with open(os.devnull, "w") as nowhere:
        process = subprocess.Popen(command, cwd=ROOT, stdout=nowhere, stderr=nowhere)
    try:
        deadline = time.monotonic() + 60
        while not answers(port):
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(f"The server ({form}) does not answer.")
            time.sleep(0.2)
        yield process.pid, port
    finally:
        process.send_signal(SIGINT)
        process.wait(30)
