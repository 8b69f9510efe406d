"""The witness: a thread that takes the newest head of every trail to the bucket, apart from the sealer.

A head speaks for all that was sealed before it, so the newest is enough, every twenty seconds. A bucket that is slow or
out of reach holds up nobody but the witness, which begins anew at its next round and needs to make up for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Event as Signal
from threading import Thread

import psycopg
from django.db import DatabaseError, close_old_connections

from chiron.audit.bucket import Bucket, OutOfReach, bucket
from chiron.audit.heads import SignedHead
from chiron.audit.sealing import HEAD_COLUMNS, head_of
from chiron.audit.trails import Trail, all_trails, connect, within
from chiron.kernel.clock import now
from chiron.kernel.log import logger

PERIOD = 20.0
"""Seconds between two rounds: a history older than this and the time of a round is witnessed."""


@dataclass
class Witness:
    """Takes heads to the bucket until it is stopped; does nothing where the settings name no bucket."""

    trails: Callable[[], Iterable[Trail]] = all_trails
    kept: dict[Trail, int] = field(default_factory=dict)
    stopping: Signal = field(default_factory=Signal)
    thread: Thread | None = None

    def start(self) -> None:
        place = bucket()
        if place is None:
            return
        self.stopping.clear()
        self.thread = Thread(target=self._run, args=(place,), name="witness", daemon=True)
        self.thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        self.stopping.set()
        if self.thread is not None:
            self.thread.join(timeout)

    def _run(self, place: Bucket) -> None:
        while not self.stopping.is_set():
            try:
                self.look_round(place)
            except (DatabaseError, psycopg.Error, OutOfReach) as error:
                logger.warning("audit.heads_not_witnessed", error=type(error).__name__)
            finally:
                close_old_connections()
            self.stopping.wait(PERIOD)

    def look_round(self, place: Bucket) -> None:
        """One round over all trails. Raises OutOfReach at the first head that could not be kept."""
        by_alias: dict[str, list[Trail]] = {}
        for trail in self.trails():
            by_alias.setdefault(trail.alias, []).append(trail)
        for alias, trails in by_alias.items():
            with connect(alias) as connection:
                for trail in trails:
                    head = newest_head(connection, trail)
                    if head is not None and head.size > self.kept.get(trail, 0):
                        place.keep(trail.name, head, now())
                        self.kept[trail] = head.size


def newest_head(connection: psycopg.Connection, trail: Trail) -> SignedHead | None:
    """The last committed head; None also for a trail whose tables are not there yet."""
    newest = f"SELECT {HEAD_COLUMNS} FROM audit_head ORDER BY size DESC LIMIT 1"  # noqa: S608
    try:
        with within(connection, trail) as cursor:
            row = cursor.execute(newest).fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    return head_of(row, trail) if row else None
