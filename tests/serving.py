"""The product served for real: processes of its own, over this worker's databases, reached over a socket."""

import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Any

from django.conf import settings

from tests.ground import environment_of_tests


class Serving:
    """A running server: its port, and the processes that answer."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process = process
        self.port = port

    def call(
        self,
        method: str,
        path: str,
        token: str = "",
        body: Any = None,
        headers: dict[str, str] | None = None,
        seconds: float = 60,
    ) -> Any:
        """The answer, its body to be read. A body may be an iterable of pieces where the headers say how long it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        said = {"Authorization": f"Bearer {token}", "Connection": "close"}  # so it closes once it is read
        with ExitStack() as otherwise:
            otherwise.callback(connection.close)
            connection.request(method, path, body, said | (headers or {}))
            answer = connection.getresponse()
            otherwise.pop_all()
        return answer

    def workers(self) -> list[int]:
        """The processes that answer requests."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(each) for each in children if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()]

    def kill(self) -> None:
        """End everything at once, as a power cut does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


class Ended(Exception):
    """It ended before it answered, as it does where a database is away while it starts."""


@contextmanager
def serving(*options: str, **environment: str) -> Iterator[Serving]:
    """A server over the databases of this test process, with more settings; what it shows must be committed.

    At a free port, unless the options name one.
    """
    if "--port" in options:
        port = int(options[options.index("--port") + 1])
    else:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port), "--workers", "1", *options],
        cwd=settings.BASE_DIR, env=environment_of_tests(settings.DATABASE_PREFIX) | environment,
        start_new_session=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    server = Serving(process, port)
    with (settings.HOME.path / "users.lock").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)  # or a server that leaves in good order takes the session's PostgreSQL along
        try:
            _until_ready(server)
            yield server
        finally:
            with suppress(ProcessLookupError):
                server.kill()


def _until_ready(server: Serving) -> None:
    deadline, waiting = time.monotonic() + 60, Event()
    while True:
        with suppress(OSError, http.client.HTTPException):
            server.call("GET", "/health/live", seconds=1).read()  # who comes too early may never be answered
            return
        if server.process.poll() is not None:
            raise Ended
        assert time.monotonic() < deadline
        waiting.wait(0.05)


def memory(pid: int, line: str) -> int:
    """Resident memory of a process in MB: `VmRSS` now, `VmHWM` the most it ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    [kilobytes] = [each.split()[1] for each in status.splitlines() if each.startswith(f"{line}:")]
    return int(kilobytes) // 1000
