"""Small bridges between PostgreSQL's guarantees and our vocabulary; each names its database."""

import re
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, IntegrityError, OperationalError, connections, transaction
from django.db.backends.utils import CursorWrapper
from psycopg.errors import QueryCanceled

from chiron.kernel.errors import DomainError

ACCOUNTS, CLINICAL, RESEARCH = "accounts", "clinical", "research"
ALIASES = (ACCOUNTS, CLINICAL, RESEARCH)


def atomic(alias: str, *, savepoint: bool = True, durable: bool = False) -> transaction.Atomic:
    """A transaction on one named database."""
    return transaction.Atomic(alias, savepoint, durable)


def cursor(alias: str) -> CursorWrapper:
    """A cursor on one named database."""
    return connections[alias].cursor()


def must_answer(alias: str) -> None:
    """Raise OperationalError where that database is out of reach; for what is done in two, before the first."""
    with atomic(alias), cursor(alias) as probe:
        probe.execute("SELECT 1")


def close_connections() -> None:
    """Close this thread's connections; for threads of our own, which nobody else tidies up after."""
    connections.close_all()


def on_commit(alias: str, act: Callable[[], Any]) -> None:
    """Do this once the transaction on that database is committed, and never if it is not."""
    transaction.on_commit(act, using=alias)


def in_transaction(alias: str) -> bool:
    """Whether a transaction is open on that database in this thread."""
    return connections[alias].in_atomic_block


def roll_back(alias: str) -> None:
    """Have the innermost block of that database end in a rollback, though no exception leaves it."""
    transaction.set_rollback(True, using=alias)


@contextmanager
def rehearsed(alias: str) -> Iterator[None]:
    """Take back what the block does, and nothing before it: for answering what would happen."""
    with atomic(alias):
        yield
        roll_back(alias)


@contextmanager
def refusing(alias: str, **refusals: type[DomainError]) -> Iterator[None]:
    """Turn a violated constraint, by name, into the refusal it stands for; the caller's transaction survives.

    A sharded database reports the constraint with a shard's number at its end, or only inside the message.
    """
    try:
        with atomic(alias):
            yield
    except IntegrityError as error:
        violated = constraint_of(error)
        for name, refusal in refusals.items():
            if re.fullmatch(rf"{name}(_\d+)?", violated):
                raise refusal from None
        raise


def constraint_of(error: DatabaseError) -> str:
    """The name of the constraint that an integrity error reports, or an empty string."""
    diagnostics = getattr(error.__cause__, "diag", None)
    name = getattr(diagnostics, "constraint_name", None)
    if name:
        return str(name)
    quoted = re.search(r'constraint "([a-z0-9_]+)"', str(error))
    return quoted[1] if quoted else ""


def take_turns(alias: str, *keys: Hashable) -> None:
    """Queue behind other transactions that hold any of these keys, until they end.

    Keys are taken in one global order, so two queues can never wait on each other.
    """
    with cursor(alias) as held:
        for key in sorted({str(key) for key in keys}):
            held.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


@contextmanager
def only_one(alias: str, key: str) -> Iterator[bool]:
    """Whether nobody else is inside such a block with this key, in any process; nobody waits.

    The lock is of a transaction on a connection of its own, so the block may commit as often as it likes, and it goes
    with the process, killed or not.
    """
    own = connections[alias].copy()
    try:
        with own.cursor() as held:
            held.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
            held.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [key])
            [taken] = held.fetchone()
            try:
                yield taken
            finally:
                held.execute("ROLLBACK")  # a connection that is only closed keeps the lock for a moment longer
    finally:
        own.close()


@contextmanager
def hurried(alias: str, seconds: int, refusal: type[DomainError]) -> Iterator[None]:
    """Raise the refusal where a statement of the block takes longer; the transaction around it goes on as before."""
    try:
        with atomic(alias), cursor(alias) as session:
            session.execute("SHOW statement_timeout")
            [usual] = session.fetchone()
            session.execute(f"SET LOCAL statement_timeout = '{seconds}s'")
            yield
            session.execute(f"SET LOCAL statement_timeout = '{usual}'")
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise refusal from None
        raise
