"""The sealer at work: a thread that keeps every trail sealed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event as Signal
from threading import Thread

import psycopg
from django.db import DatabaseError, close_old_connections

from chiron.audit.sealing import Untrustworthy, oldest_unsealed, publish, seal_without_copy
from chiron.audit.trails import Connection, Trail, all_trails, connect
from chiron.audit.witness import Witness
from chiron.kernel.log import logger

QUICK, SLOW = 0.5, 8.0  # seconds between looks at a trail where something happens, and where nothing does
NEW_TRAILS = 2.0  # seconds between looks for new organizations


@dataclass(slots=True)
class Round:
    """When a trail is looked at next."""

    due: float = 0.0
    pause: float = QUICK
    is_copied: bool = False


@dataclass
class Sealer:
    """Seals every trail, about every half second where there is work.

    Where nothing happens it looks less and less often, every eight seconds at last. It outlives restarts of the
    databases, and any number may run: for each trail one at a time is elected.
    """

    trails: Callable[[], Iterable[Trail]] = all_trails
    rounds: dict[Trail, Round] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)
    stopping: Signal = field(default_factory=Signal)
    thread: Thread | None = None
    witness: Witness = field(default_factory=Witness)

    def start(self) -> None:
        self.stopping.clear()
        self.witness.start()
        self.thread = Thread(target=self._run, name="sealer", daemon=True)
        self.thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Finish the trail at hand and stop."""
        self.stopping.set()
        self.witness.stop(timeout)
        if self.thread is not None:
            self.thread.join(timeout)

    def _run(self) -> None:
        look_for_trails = 0.0
        while not self.stopping.is_set():
            if time.monotonic() >= look_for_trails and self._find_trails():
                look_for_trails = time.monotonic() + NEW_TRAILS
            for trail, round_ in list(self.rounds.items()):
                if time.monotonic() >= round_.due and not self.stopping.is_set():
                    self._look_at(trail, round_)
            self.stopping.wait(QUICK / 5)
        self._hang_up()

    def _find_trails(self) -> bool:
        try:
            self.rounds = {trail: self.rounds.get(trail) or Round() for trail in self.trails()}
        except DatabaseError as error:
            logger.warning("audit.trails_unknown", error=type(error).__name__)
            return False
        finally:
            close_old_connections()
        return True

    def _look_at(self, trail: Trail, round_: Round) -> None:
        worked = False
        try:
            worked = self._seal(trail, round_)
        except psycopg.errors.UndefinedTable:
            logger.info("audit.trail_not_ready", trail=trail.name)
        except psycopg.Error as error:
            logger.warning("audit.sealing_failed", trail=trail.name, error=type(error).__name__)
            self._hang_up(trail.alias)
        except Untrustworthy as error:
            logger.error("audit.sealing_failed", trail=trail.name, error=type(error).__name__, reason=str(error))
        round_.pause = QUICK if worked else min(round_.pause * 2, SLOW)
        round_.due = time.monotonic() + round_.pause

    def _seal(self, trail: Trail, round_: Round) -> bool:
        connection = self._connection(trail.alias)
        if not round_.is_copied:  # a crash may have come between a commit and its copy
            self._copy(connection, trail, round_)
        if oldest_unsealed(connection, trail) is None:
            return False
        while seal_without_copy(connection, trail) and not self.stopping.is_set():
            self._copy(connection, trail, round_)
        return True

    def _copy(self, connection: Connection, trail: Trail, round_: Round) -> None:
        """Copy what is not copied yet; where that fails, sealing goes on and the next look makes up for it."""
        round_.is_copied = False
        try:
            publish(connection, trail)
        except OSError as error:
            logger.error("audit.heads_not_copied", trail=trail.name, error=type(error).__name__, reason=str(error))
        else:
            round_.is_copied = True

    def _connection(self, alias: str) -> Connection:
        if alias not in self.connections:
            self.connections[alias] = connect(alias)
        return self.connections[alias]

    def _hang_up(self, *aliases: str) -> None:
        for alias in aliases or list(self.connections):
            connection = self.connections.pop(alias, None)
            if connection is not None:
                with suppress(psycopg.Error):
                    connection.close()
