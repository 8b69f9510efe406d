"""The streams that a process keeps open: told in order, without a gap and nothing twice, and closed in time.

A wake-up carries no data. It says whose rows to read, and what a stream is sent are rows with a greater number than the
last it was sent; so one that is lost or comes twice costs at most `LOOK_EVERY` seconds, never an event.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from django.db import DatabaseError, InterfaceError

from chiron.identity.public import Snapshot, revocations
from chiron.kernel.errors import DomainError, TooManyRequests, Unavailable
from chiron.kernel.log import logger
from chiron.notifications.following import AT_ONCE, told_in
from chiron.notifications.listening import listen
from chiron.notifications.stream import Place, Stream
from chiron.notifications.wire import RETRY, Told

OF_AN_ACCOUNT, OF_A_PROCESS = 10, 5000
WATCH_EVERY, BEAT_EVERY, LOOK_EVERY = 1.0, 15.0, 15.0
READERS = 2
PAUSE = 1.0
OUT_OF_REACH = (DatabaseError, InterfaceError, OSError, Unavailable)

Read = Callable[[UUID, Mapping[UUID, int]], Sequence[Told]]


class Streams:
    """All streams of a process. Where there are none it neither listens nor asks anything."""

    def __init__(self, read: Read = told_in, snapshot: Callable[[], Snapshot] = revocations.current) -> None:
        self._read, self._snapshot = read, snapshot
        self.is_leaving: Callable[[], bool] = lambda: False
        self._open: dict[Place, set[Stream]] = {}
        self._wanted: dict[UUID, set[UUID]] = {}
        self._wanting = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._threads = ThreadPoolExecutor(READERS + 1, "notifications")

    def must_have_room(self, place: Place) -> None:
        """Raises TooManyRequests where the account has as many open as it may, Unavailable where this process has."""
        if len(self._open.get(place, ())) >= OF_AN_ACCOUNT:
            raise TooManyRequests(retry_after=int(LOOK_EVERY))
        if sum(map(len, self._open.values())) >= OF_A_PROCESS:
            raise Unavailable(retry_after=int(LOOK_EVERY))

    async def follow(self, stream: Stream) -> AsyncGenerator[bytes, None]:
        """What the stream is sent, until it ends; closed when its client is gone."""
        self._enter(stream)
        try:
            while not stream.end:
                await stream.woken.wait()
                stream.woken.clear()
                if text := stream.take():
                    yield text
            yield stream.end
        finally:
            self._leave(stream)

    def _enter(self, stream: Stream) -> None:
        self._open.setdefault(stream.place, set()).add(stream)
        self._want(stream.place)  # what was told between its opening and now
        if not self._tasks:
            self._wanting = asyncio.Event()
            self._wanting.set()
            kept = (listen(self._hear, self._want_all), self._watch(), *(self._keep_reading() for _ in range(READERS)))
            self._tasks = [asyncio.create_task(each) for each in kept]
            for task in self._tasks:
                task.add_done_callback(self._failed)

    def _leave(self, stream: Stream) -> None:
        beside = self._open[stream.place]
        beside.discard(stream)
        if not beside:
            del self._open[stream.place]
        if not self._open:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    def _hear(self, payload: str) -> None:
        organization_id, _, account_id = payload.partition(" ")
        place = UUID(organization_id), UUID(account_id)
        if place in self._open:
            self._want(place)

    def _want(self, place: Place) -> None:
        self._wanted.setdefault(place[0], set()).add(place[1])
        self._wanting.set()

    def _want_all(self) -> None:
        for place in self._open:
            self._want(place)

    async def _keep_reading(self) -> None:
        while True:
            await self._wanting.wait()
            if not self._wanted:
                self._wanting.clear()
                continue
            organization_id = next(iter(self._wanted))
            accounts = self._wanted.pop(organization_id)
            try:
                await self._read_for(organization_id, accounts)
            except OUT_OF_REACH as error:
                logger.warning("notifications_out_of_reach", kind=type(error).__name__)
                await asyncio.sleep(PAUSE)
                for each in accounts:
                    self._want((organization_id, each))

    async def _read_for(self, organization_id: UUID, accounts: set[UUID]) -> None:
        last = {
            each: min(stream.last for stream in self._open[organization_id, each])
            for each in accounts
            if (organization_id, each) in self._open
        }
        if not last:
            return
        count = dict.fromkeys(last, 0)
        for told in await self._in_thread(self._read, organization_id, last):
            count[told.account_id] += 1
            text = told.text()
            for stream in self._open.get((organization_id, told.account_id), ()):
                stream.tell(told.number, text)
        for account_id, many in count.items():
            if many == AT_ONCE:
                self._want((organization_id, account_id))

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        beat_at, look_at = loop.time() + BEAT_EVERY, loop.time() + LOOK_EVERY
        while True:
            await asyncio.sleep(WATCH_EVERY)
            await self._close_those_that_may_not_stand()
            if loop.time() >= beat_at:
                beat_at += BEAT_EVERY
                for stream in self._all():
                    stream.beat()
            if loop.time() >= look_at:
                look_at += LOOK_EVERY
                self._want_all()

    async def _close_those_that_may_not_stand(self) -> None:
        if self.is_leaving():
            for stream in self._all():
                stream.close("leaving", random.randrange(500, RETRY))  # noqa: S311  not all come back at once
            return
        try:
            snapshot = await self._in_thread(self._snapshot)
        except OUT_OF_REACH:  # nobody is let in whom nobody can vouch for
            for stream in self._all():
                stream.close("unavailable")
            return
        moment = time.time()
        for stream in self._all():
            if stream.verified.expires_at <= moment:
                stream.close("expired")
                continue
            try:
                snapshot.check(stream.verified)
            except DomainError:
                stream.close("revoked")

    def _all(self) -> list[Stream]:
        return [stream for each in self._open.values() for stream in each]

    async def _in_thread(self, act: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, act, *given)

    def _failed(self, task: "asyncio.Task[None]") -> None:
        """A bug ended what keeps streams: their clients are sent away, and the next one starts all anew."""
        if task.cancelled() or task not in self._tasks:
            return
        logger.error("streams_failed", kind=type(task.exception()).__name__)
        for other in self._tasks:
            other.cancel()
        self._tasks = []
        for stream in self._all():
            stream.close("unavailable")


streams = Streams()
"""Of this process."""


def install(*, is_leaving: Callable[[], bool]) -> None:
    """Connect what stands above (config, once, at start): whether this process is about to end."""
    streams.is_leaving = is_leaving
