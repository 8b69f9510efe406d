"""One open stream: what waits to be sent to one reader, bounded, in order and nothing twice."""

import asyncio
from uuid import UUID

from chiron.identity.public import Verified
from chiron.notifications.wire import BEAT, RETRY, farewell

BUFFER = 64 * 1024
"""Bytes that may wait for a reader; who leaves more has its stream closed, and reads on with the next."""

Place = tuple[UUID, UUID]
"""An organization and an account of it: nobody is found by the account alone."""


class Stream:
    """What waits, the number of the last event that was put there, and by what right it stands."""

    def __init__(self, verified: Verified, last: int) -> None:
        self.verified, self.last = verified, last
        self.woken = asyncio.Event()
        self.end = b""
        self._waiting: list[bytes] = []
        self._size = 0

    @property
    def place(self) -> Place:
        """Whose it is. Raises LookupError for a caller of no organization, whom the policy does not let in."""
        caller = self.verified.caller
        if caller.organization_id is None or caller.account_id is None:
            raise LookupError("a stream belongs to an account of an organization")
        return caller.organization_id, caller.account_id

    def tell(self, number: int, text: bytes) -> None:
        """Put an event there, unless it was before; close the stream of a reader who leaves too much."""
        if number <= self.last or self.end:
            return
        self.last = number
        self._put(text)
        if self._size > BUFFER:
            self._waiting.clear()
            self.close("slow")

    def beat(self) -> None:
        """Show the client, and every proxy between, that the stream lives."""
        if not self._waiting:
            self._put(BEAT)

    def close(self, reason: str, retry: int = RETRY) -> None:
        """End it once what waits is sent."""
        self.end = self.end or farewell(reason, retry)
        self.woken.set()

    def take(self) -> bytes:
        """What waits; then nothing does."""
        taken = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        return taken

    def _put(self, text: bytes) -> None:
        self._waiting.append(text)
        self._size += len(text)
        self.woken.set()
