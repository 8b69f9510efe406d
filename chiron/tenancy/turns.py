"""Who may change schemas: one migration alone, or any number of new organizations, never both at a time.

A migration decides which organizations there are and what they must have; a new organization takes what the template
has at that moment. Were both done at once, an organization could begin with the old and be overlooked. Both turns are
locks of a transaction on accounts, in which the organization's row commits, and end with it, killed or not.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chiron.kernel.db import ACCOUNTS, atomic, cursor

KEY = "hashtextextended('migrations over all schemas', 0)"
PATIENTLY = """
    SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0
"""


@contextmanager
def migrating_alone(waiting: Callable[[], None]) -> Iterator[None]:
    """No other migration and no new organization while the block runs; ``waiting`` is called when that takes time."""
    with atomic(ACCOUNTS), cursor(ACCOUNTS) as turn:
        turn.execute(PATIENTLY)
        turn.execute(f"SELECT pg_try_advisory_xact_lock({KEY})")
        if not turn.fetchone()[0]:
            waiting()
            turn.execute(f"SELECT pg_advisory_xact_lock({KEY})")
        yield


def wait_for_migration() -> None:
    """Until the current transaction on accounts ends, no migration begins.

    One that runs is waited for as long as the login waits for any lock; then the database is reported unavailable.
    """
    with cursor(ACCOUNTS) as turn:
        turn.execute(f"SELECT pg_advisory_xact_lock_shared({KEY})")
