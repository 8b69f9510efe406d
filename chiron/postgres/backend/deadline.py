"""A server that falls silent is not waited for: whoever asked is told so in bounded time.

`statement_timeout` is kept by the server and says nothing of one that is frozen or cut off. Where somebody waits for an
answer (the processes that take requests), each wait for the server has an end, and for a moment after a failure nobody
else waits for the same server. Jobs and commands wait as long as it takes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, ClassVar

import psycopg
from psycopg.pq import TransactionStatus

PAUSE = 1.0
Place = tuple[str, str]
"""Host and port of a server."""


class Silent(psycopg.OperationalError):
    """The server did not answer in time, or has just not answered somebody else."""


class Deadline:
    """How long this process waits for a server to answer one message: seconds, or None for as long as it takes."""

    seconds: ClassVar[float | None] = None
    silent_until: ClassVar[dict[Place, float]] = {}


@contextmanager
def connecting(place: Place) -> Iterator[None]:
    """Around an attempt to connect. Raises Silent at once where another has failed within the last second."""
    if Deadline.seconds is not None and monotonic() < Deadline.silent_until.get(place, 0):
        raise Silent("the server did not answer a moment ago")
    try:
        yield
    except psycopg.OperationalError:
        Deadline.silent_until[place] = monotonic() + PAUSE
        raise


def with_deadline(connection: "psycopg.Connection[Any]", place: Place) -> None:
    """Have that connection give up waiting after `Deadline.seconds`; then it is closed, as nobody knows its state."""
    wait: Callable[..., Any] = connection.wait

    def patient(gen: Any, *args: Any, **kwargs: Any) -> Any:
        if Deadline.seconds is None:
            return wait(gen, *args, **kwargs)
        try:
            return wait(gen, *args, **{"timeout": Deadline.seconds, **kwargs})
        except psycopg.OperationalError:
            if connection.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise
            connection.pgconn.finish()
            Deadline.silent_until[place] = monotonic() + PAUSE
            raise Silent("the server did not answer in time") from None

    connection.wait = patient  # type: ignore[method-assign]
