"""Clients of the stream of notifications, as browsers are: over a raw socket, reading what comes."""

import socket
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.serving import Serving

STREAM = "/api/notifications/stream"


@dataclass(frozen=True)
class Heard:
    """One event: the fields that the stream gave it."""

    fields: dict[str, str] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """Its id."""
        return int(self.fields["id"])

    @property
    def data(self) -> Any:
        """What it says."""
        return orjson.loads(self.fields["data"])


def parsed(text: bytes) -> list[Heard]:
    """The whole events of a stream's text; comments are none."""
    blocks = text.decode().split("\n\n")[:-1]
    lines = [[line.partition(": ") for line in block.split("\n") if not line.startswith(":")] for block in blocks]
    return [Heard({name: value for name, _, value in block}) for block in lines if block]


class Listener:
    """One open stream. ``seen`` are its events with data, the farewell left out."""

    def __init__(self, server: Serving, token: str, last: int | None = None, *, cookie: bool = False) -> None:
        self.token, self.last, self.text, self.head = token, last, b"", b""
        self.seen: list[Heard] = []
        self._server, self._cookie = server, cookie
        self._socket: socket.socket | None = None

    def open(self) -> "Listener":
        """Ask, and wait for the answer's head and beginning."""
        self._socket = socket.create_connection(("127.0.0.1", self._server.port), timeout=30)
        signed = f"Cookie: chiron-access={self.token}" if self._cookie else f"Authorization: Bearer {self.token}"
        last = f"Last-Event-ID: {self.last}\r\n" if self.last is not None else ""
        self._socket.sendall(f"GET {STREAM} HTTP/1.1\r\nHost: localhost\r\n{signed}\r\n{last}\r\n".encode())
        raw = b""
        while b"\r\n\r\n" not in raw:
            raw += self._socket.recv(65536) or b"\r\n\r\n"
        self.head, _, rest = raw.partition(b"\r\n\r\n")
        self._raw = rest
        self._take()
        return self

    @property
    def status(self) -> int:
        """The answer's."""
        return int(self.head.split(b" ", 2)[1])

    def read(self, seconds: float) -> bool:
        """Take in what comes within that time; False at the end of the stream."""
        assert self._socket
        self._socket.settimeout(seconds)
        try:
            part = self._socket.recv(65536)
        except TimeoutError:
            return True
        except ConnectionError:
            part = b""
        self._raw += part
        self._take()
        return bool(part) and not self._raw.startswith(b"0\r\n")

    def close(self) -> None:
        """Go away."""
        if self._socket:
            self._socket.close()

    def _take(self) -> None:
        """Whole chunks into text, whole events out of it."""
        while b"\r\n" in self._raw:
            size, _, rest = self._raw.partition(b"\r\n")
            length = int(size, 16)
            if not length or len(rest) < length + 2:
                break
            self.text += rest[:length]
            self._raw = rest[length + 2 :]
        whole, separator, self.text = self.text.rpartition(b"\n\n")
        for event in parsed(whole + separator):
            if "id" in event.fields:
                self.last = event.number
            if "data" in event.fields:
                self.seen.append(event)
