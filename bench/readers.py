"""A process of its own that keeps many streams open, tells their accounts something, and says how long that took."""

import asyncio
import random
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

STREAM = "/api/notifications/stream"
AT_ONCE = 50
MARK = b'"resource_id":"'


class Readers:
    """All streams, and when what arrived on them, by the id of what it was about."""

    def __init__(self, organization_id: UUID) -> None:
        self.organization_id = organization_id
        self.accounts: list[UUID] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.opened = 0
        self.arrived: list[tuple[bytes, float]] = []
        self.sent: dict[bytes, float] = {}

    async def open(self, port: int, tokens: dict[UUID, str]) -> int:
        """Open a stream for each account; how many are open."""
        self.accounts, self.opened, room = list(tokens), 0, asyncio.Semaphore(AT_ONCE)
        self.tasks = [asyncio.create_task(self._read(port, token, room)) for token in tokens.values()]
        for _ in range(6000):
            if self.opened == len(tokens):
                break
            await asyncio.sleep(0.01)
        return self.opened

    async def close(self) -> None:
        """Hang up."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def tell(self, seconds: float, rate: float, everybody: bool) -> tuple[list[float], int]:
        """So many commits a second, each telling one account or all: the milliseconds each took, and how many never
        came."""
        self.arrived.clear()
        self.sent.clear()
        expected = await asyncio.to_thread(self._tell, seconds, rate, everybody)
        for _ in range(500):
            if len(self.arrived) >= expected:
                break
            await asyncio.sleep(0.01)
        waits = sorted((at - self.sent[about]) * 1000 for about, at in self.arrived)
        return waits, expected - len(waits)

    async def _read(self, port: int, token: str, room: asyncio.Semaphore) -> None:
        async with room:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            asked = f"GET {STREAM} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
            writer.write(asked.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            self.opened += b" 200 " in head[:16]
        try:
            while line := await reader.readline():
                if line.startswith(b"data: ") and (found := line.find(MARK)) > 0:
                    place = found + len(MARK)
                    self.arrived.append((line[place : place + 36], time.perf_counter()))
        finally:
            writer.close()

    def _tell(self, seconds: float, rate: float, everybody: bool) -> int:
        from django.db import connections

        from chiron.kernel.clock import now
        from chiron.kernel.ids import new_id
        from chiron.notifications.public import Kind, notify
        from chiron.tenancy.public import inside

        began, expected = time.perf_counter(), 0
        for number in range(max(1, int(seconds * rate))):
            time.sleep(max(0.0, began + number / rate - time.perf_counter()))
            to, about = self.accounts if everybody else [random.choice(self.accounts)], new_id()
            with inside(self.organization_id):
                notify(kind=Kind.ANNOTATED, to=to, resource="records", resource_id=about, now=now())
                self.sent[str(about).encode()] = time.perf_counter()  # numbers and the commit itself are yet to come
            expected += len(to)
        connections.close_all()
        return expected


def hold(pipe: "Connection[Any, Any]", organization_id: UUID) -> None:
    """Do what is asked through the pipe, until it is closed."""
    import django

    django.setup()

    async def serve() -> None:
        readers = Readers(organization_id)
        with suppress(EOFError):
            while True:
                name, *given = await asyncio.to_thread(pipe.recv)
                pipe.send(await getattr(readers, name)(*given))

    asyncio.run(serve())
