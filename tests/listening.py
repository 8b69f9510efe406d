"""Readers of the stream of notifications, as browsers are: over raw sockets, back where they were when it breaks."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from django.db import connections

Result = TypeVar("Result")
STREAM = "/api/notifications/stream"
BROKEN = (OSError, asyncio.IncompleteReadError)


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


class Reader:
    """Somebody's stream. ``seen`` are the numbers of events, in the order in which they came."""

    def __init__(self, token: str, last: int | None = None, *, cookie: bool = False) -> None:
        self.token, self.last, self.cookie = token, last, cookie
        self.seen: list[int] = []
        self.said: list[Any] = []
        self.status, self.opened, self.reason = 0, 0, ""

    async def read(self, port: int, most: int | None = None) -> None:
        """Open a stream and read it until it ends, or until it told so much. Raises OSError where it breaks."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        signed = f"Cookie: chiron-access={self.token}" if self.cookie else f"Authorization: Bearer {self.token}"
        last = "" if self.last is None else f"Last-Event-ID: {self.last}\r\n"
        writer.write(f"GET {STREAM} HTTP/1.1\r\nHost: localhost\r\n{signed}\r\n{last}\r\n".encode())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.status = int(head.split(b" ", 2)[1])
            self.opened += self.status == 200
            while self.status == 200 and not self.reason and most != 0 and (line := await reader.readline()):
                counted = self._take(line)
                most = most if most is None else most - counted
        finally:
            writer.close()

    async def keep_reading(self, port: int, dice: random.Random) -> None:
        """Read for ever, as a browser does that now and then loses its connection."""
        while True:
            with suppress(*BROKEN):
                await self.read(port, most=dice.choice([1, 10, 100, None]))
            await asyncio.sleep(0.01)

    def _take(self, line: bytes) -> bool:
        """Each line comes whole, since a part of the answer is made of whole events."""
        name, _, value = line.strip().partition(b": ")
        if name == b"id":
            self._coming = int(value)
            self.last = self._coming if self.last is None else self.last
        elif name == b"data":
            said = orjson.loads(value)
            if "reason" in said:
                self.reason = said["reason"]
                return False
            self.seen.append(self._coming)
            self.said.append(said)
            self.last = self._coming
            return True
        return False


@asynccontextmanager
async def reading(readers: list[Reader], port: int, seed: int) -> AsyncIterator[None]:
    """All of them keep reading while the block lasts."""
    tasks = [asyncio.create_task(each.keep_reading(port, random.Random(seed + at))) for at, each in enumerate(readers)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def until(happened: Any, seconds: float = 60) -> None:
    """Wait for it, while others go on."""
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.02)


async def in_a_thread(act: Callable[[], Result]) -> Result:
    """Do it beside, and leave no connection."""

    def run() -> Result:
        try:
            return act()
        finally:
            connections.close_all()

    return await asyncio.to_thread(run)
