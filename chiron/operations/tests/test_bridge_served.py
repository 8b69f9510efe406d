"""The bridge under the server it is made for: what is large passes without being collected, in both directions."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Event

import pytest
from django.conf import settings

from chiron.operations.tests.large import PART, PARTS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
MEGABYTE = 1024


class Served:
    """The application in a process of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process, self.port = process, port

    def connect(self) -> "closing[HTTPConnection]":
        return closing(HTTPConnection("127.0.0.1", self.port, timeout=30))

    def memory(self) -> int:
        """The most that the answering process ever held, in kilobytes."""
        main = self.process.pid
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        lines = [line for pid in children for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
        return max(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(port), "--no-log"]
    target = ["--workers-kill-timeout", "1", "chiron.operations.tests.large:application"]
    with subprocess.Popen([*command, *target], cwd=settings.BASE_DIR) as process:
        while not answers(port):
            assert process.poll() is None
            Event().wait(0.05)
        yield Served(process, port)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)


def test_a_large_answer_waits_for_its_reader(served: Served) -> None:
    before, read = served.memory(), 0

    with served.connect() as connection:
        connection.request("GET", "/")
        answer = connection.getresponse()
        while part := answer.read(1024 * 1024):
            read += len(part)

    assert read == PARTS * len(PART)
    assert served.memory() - before < 50 * MEGABYTE


def test_a_large_body_waits_for_the_application(served: Served) -> None:
    before = served.memory()

    with served.connect() as connection:
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", str(PARTS * len(PART)))
        connection.endheaders()
        for _ in range(PARTS):
            connection.send(PART)
        told = connection.getresponse().read()

    assert told == str(PARTS * len(PART)).encode()
    assert served.memory() - before < 50 * MEGABYTE


def test_who_reads_no_further_leaves_the_server_to_others(served: Served) -> None:
    with served.connect() as stopped, served.connect() as other:
        stopped.request("GET", "/")
        with stopped.getresponse() as answer:
            answer.read(10)
            other.request("POST", "/", body=b"short")

            assert other.getresponse().read() == b"5"


def test_the_head_of_an_answer_has_no_body_and_leaves_the_connection_in_order(served: Served) -> None:
    with served.connect() as connection:
        for method, body in (("HEAD", b""), ("POST", b"3"), ("HEAD", b"")):
            connection.request(method, "/", body=b"abc" if method == "POST" else None)
            assert connection.getresponse().read() == body


def test_a_client_is_told_to_continue(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        told = client.recv(100)
        client.sendall(b"abc")
        answered = client.recv(1000)

    assert told == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answered.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answered.endswith(b"\r\n\r\n3")
