"""Waiting until nobody holds a key from before: the moment after which no row can come under it any more."""

import time
from collections.abc import Callable

from chiron.kernel.db import atomic, cursor
from chiron.tenancy.public import login_of
from chiron.vault.keyring import SECONDS as KEYRING
from chiron.vault.wrapped import SECONDS as PATIENT_KEYS

SETTLED = 2 * max(KEYRING, PATIENT_KEYS)
"""Seconds after which every process has read its keys anew. Twice what they are remembered, so that a process that was
held up between reading a key and beginning its transaction is counted, too."""
PAUSE = 0.05
BEGUN = """
    SELECT l.virtualxid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock' AND l.granted AND l.pid <> pg_backend_pid()
    AND a.datname = current_database() AND a.usename = %s
"""
"""The transactions of requests, jobs and commands; a dump reads as the owner, and is not waited for."""


def wait_for_others(alias: str, told: Callable[[int], None]) -> None:
    """Return when every transaction that is open on that database now has ended; ``told`` how many are left.

    CREATE INDEX CONCURRENTLY waits in the same way. None waits for us, so that this cannot be a deadlock.
    """
    waited_for = _begun(alias)
    while waited_for:
        told(len(waited_for))
        time.sleep(PAUSE)
        waited_for &= _begun(alias)


def settle() -> None:
    """Return when every process knows the keys that are committed now, and rows that were read before are opened."""
    time.sleep(SETTLED)


def _begun(alias: str) -> set[str]:
    with atomic(alias), cursor(alias) as asked:
        asked.execute(BEGUN, [login_of(alias)])
        return {transaction for (transaction,) in asked.fetchall()}
