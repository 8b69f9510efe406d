"""The three databases as they were at one moment, or so nearly that what lies between cannot matter.

No snapshot spans two databases. These are taken within milliseconds of each other, clinical's before that of accounts,
while no migration runs, no organization is made and no job leaves the outbox: accounts then has every key that clinical
needs, and what committed in between looks like a request that a crash cut short between its two commits, which every
verb survives. An erasure in between stands in the ledger, and is made again by the restore.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.conf import settings
from django.db.backends.utils import CursorWrapper
from psycopg.rows import tuple_row

from chiron.kernel.db import ACCOUNTS, CLINICAL, RESEARCH, atomic, cursor
from chiron.operations.backup.errors import BackupRefused
from chiron.postgres.beside import parameters_of
from chiron.postgres.owner import OwnerNotConfigured, as_owner
from chiron.tenancy.public import migrating_alone

IN_ORDER = (CLINICAL, RESEARCH, ACCOUNTS)
BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
KEY = "hashtextextended('backups of what is served', 0)"
BEING_READ = f"SELECT pg_advisory_xact_lock_shared({KEY})"
NOBODY_READS = f"SELECT pg_try_advisory_xact_lock({KEY})"
OUTBOX_STANDS = "BEGIN; SET LOCAL lock_timeout = '10s'; LOCK TABLE public.jobs_waiting IN SHARE MODE"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A transaction that sees one database as it was, the name by which others see the same, and the version."""

    connection: "psycopg.Connection[Any]"
    name: str
    major: int


@contextmanager
def snapshots(waiting: Callable[[], None]) -> Iterator[dict[str, Snapshot]]:
    """Those of all three databases, by alias, for as long as the block lasts. Raises OwnerNotConfigured."""
    with ExitStack() as held:
        connections = {alias: held.enter_context(connect_as_owner(alias)) for alias in IN_ORDER}
        with migrating_alone(waiting), connect_as_owner(ACCOUNTS) as outbox:
            outbox.execute(OUTBOX_STANDS)
            taken = {alias: _taken(connection) for alias, connection in connections.items()}
            outbox.execute("COMMIT")
        yield taken


@contextmanager
def while_nobody_reads(waiting: Callable[[], None]) -> Iterator[CursorWrapper]:
    """The owner's transaction on clinical, while no migration and no backup is under way, for tables that go or come.

    To a snapshot from before, a new table is empty and a former one gone. Raises BackupRefused while a backup is made.
    """
    with migrating_alone(waiting), as_owner(CLINICAL), atomic(CLINICAL), cursor(CLINICAL) as owner:
        owner.execute(NOBODY_READS)
        if not owner.fetchone()[0]:
            raise BackupRefused("A backup is being made: say it again when it is done.")
        yield owner


def connect_as_owner(alias: str, **other: str) -> "psycopg.Connection[Any]":
    """A connection of the owner's beside Django's, to that database or another one. Raises OwnerNotConfigured."""
    owner = settings.OWNER_DATABASES.get(alias)
    if not owner:
        raise OwnerNotConfigured
    return psycopg.connect(**parameters_of(owner) | other, autocommit=True, row_factory=tuple_row)


def _taken(connection: "psycopg.Connection[Any]") -> Snapshot:
    connection.execute(BEGIN)
    connection.execute(BEING_READ)
    [(name,)] = connection.execute("SELECT pg_export_snapshot()").fetchall()
    return Snapshot(connection, name, connection.info.server_version // 10000)
