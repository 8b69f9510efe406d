"""One port: the ASGI bridge against the same application under plain WSGI, both by Granian, in turns.

Processor time is that of the server's processes alone: PostgreSQL's and the clients' is the same for both.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from signal import SIGINT

from bench.api import make_scene, request
from bench.ground import Cost, alternating, ratio

CLIENTS = 4
TICKS = os.sysconf("SC_CLK_TCK")
SERVED = {"wsgi": "config.wsgi:application", "asgi": "config.asgi:application"}


def measure(rounds: int = 9, calls: int = 1000) -> None:
    """Measure in the installation that stands, and print the ratios: 1 is as good as plain WSGI."""
    scene = make_scene(20, "bridge")
    environ = request(scene, "GET", f"/api/patients/{scene.patient_id}")
    patient = (environ["PATH_INFO"], environ["HTTP_AUTHORIZATION"])
    print(f"bridge, {rounds} alternating rounds of {calls} requests by {CLIENTS} clients; 1 is as good as plain WSGI")
    print(f"  {'':22}processor time             wall time")
    with ExitStack() as stack:
        servers = {interface: stack.enter_context(server(interface)) for interface in SERVED}
        for name, (path, key) in (("GET patient", patient), ("GET health/live", ("/health/live", ""))):
            runs = {each: round_of(*servers[each], path, key, calls) for each in SERVED}
            for run in runs.values():
                run()
            pairs = alternating(rounds, runs["asgi"], runs["wsgi"])
            print(f"  {name:22}{ratio(pairs, 'processor'):27}{ratio(pairs, 'wall')}")


@contextmanager
def server(interface: str) -> Iterator[tuple[int, int]]:
    """A server of two processes with two threads each; its process id and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", interface, "--port", str(port), "--workers", "2"]
    threads = ["--blocking-threads", "2"] if interface == "wsgi" else []
    with open(os.devnull, "w") as nowhere:
        process = subprocess.Popen([*command, *threads, SERVED[interface]], stdout=nowhere, stderr=nowhere)
    try:
        deadline = time.monotonic() + 30
        while not answers(port):
            if time.monotonic() > deadline:
                raise SystemExit(f"The {interface} server does not answer.")
            time.sleep(0.2)
        yield process.pid, port
    finally:
        process.send_signal(SIGINT)
        process.wait(30)


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def round_of(pid: int, port: int, path: str, authorization: str, calls: int) -> Callable[[], Cost]:
    """A round of so many requests over connections that are kept."""

    def ask() -> None:
        connection = HTTPConnection("127.0.0.1", port)
        for _ in range(calls // CLIENTS):
            connection.request("GET", path, headers={"Authorization": authorization})
            answer = connection.getresponse()
            if answer.read() and answer.status != 200:
                raise SystemExit(f"The server answers {path} with {answer.status}.")
        connection.close()

    def run() -> Cost:
        wall, used = time.perf_counter(), processor_of_tree(pid)
        with ThreadPoolExecutor(CLIENTS) as clients:
            for each in [clients.submit(ask) for _ in range(CLIENTS)]:
                each.result()
        return Cost(time.perf_counter() - wall, processor_of_tree(pid) - used)

    return run


def processor_of_tree(pid: int) -> float:
    """Seconds of processor time that a process and its children have used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (int(fields[11]) + int(fields[12])) / TICKS + sum(processor_of_tree(int(child)) for child in children)
