"""Nothing is looked at, changed or refused without its event (promise U4), whatever the operation."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import models

from chiron.audit import services
from chiron.kernel.db import ACCOUNTS, CLINICAL, cursor
from chiron.postgres.at_commit import at_commit
from chiron.tenancy.public import inside, schema_of
from tests.matrix.operations import OPERATIONS
from tests.matrix.test_access import NEEDS, allowed, ask
from tests.matrix.world import Whose, World, build, events_of, undone
from tests.town import Town

REMAINS = ("identity_allowance", "identity_lockout", "vault_patientkey")
"""What may stay though a request failed: counts of how often somebody called, which are taken before it is let in, and
a key that was committed first and opens nothing."""


def somebody(world: World, name: str, status: int) -> str | None:
    """A caller whom that operation on their own things answers so, by the policy."""
    return next(
        (who for who in world.callers if allowed(world, OPERATIONS[name], NEEDS[name], who, Whose.MINE) == status), None
    )


def asked(world: World, name: str, who: str) -> tuple[int, int]:
    """The status of the answer, and how many events it left."""
    with undone():
        before = events_of(world.hilltop)
        status = ask(world, name, OPERATIONS[name], who, Whose.MINE).status_code
        return status, events_of(world.hilltop) - before


def contents(world: World) -> dict[str, Any]:
    """A digest of every table of the clinic and of accounts."""
    found: dict[str, Any] = {}
    schema = schema_of(world.hilltop.id)
    with inside(world.hilltop.id):
        for alias, of in ((CLINICAL, schema), (ACCOUNTS, "public")):
            with cursor(alias) as held:
                held.execute(
                    "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                    " WHERE relkind = 'r' AND nspname = %s AND has_table_privilege(c.oid, 'SELECT')",
                    [of],
                )
                for [table] in held.fetchall():
                    if table not in REMAINS:
                        held.execute(
                            f'SELECT count(*), md5(string_agg(t::text, \'\' ORDER BY t::text)) FROM "{of}"."{table}" t'
                        )
                        found[f"{alias}.{table}"] = held.fetchone()
    return found


def test_every_answer_has_its_event_and_without_it_there_is_no_answer_and_nothing_written(
    town: Town, monkeypatch: pytest.MonkeyPatch, shown: Callable[[str, str], None]
) -> None:
    world = build(town)
    wrong: list[tuple[Any, ...]] = []
    done = denied = failed = 0

    for name, operation in sorted(OPERATIONS.items()):
        for expected in (200, 403):
            who = somebody(world, name, expected)
            if who is None:
                continue
            status, events = asked(world, name, who)
            due = operation.events if status < 300 else 1
            if events != due:
                wrong.append((name, who, status, events))
            if due == 0:
                continue
            with monkeypatch.context() as planted, undone():
                before = contents(world)
                planted.setattr(services, "at_commit", refused_by_the_database)
                status = ask(world, name, operation, who, Whose.MINE).status_code
                planted.undo()
                changed = [table for table, content in contents(world).items() if before[table] != content]
            if status != 503 or changed:
                wrong.append((name, who, "without its event", status, changed))
            done, denied, failed = done + (expected == 200), denied + (expected == 403), failed + 1

    assert wrong == []
    assert done > len(OPERATIONS) * 3 / 4
    assert denied > len(OPERATIONS) / 2
    shown(
        "U4",
        f"{len(OPERATIONS)} operations: {done} done or failed and {denied} denied left exactly the events they must; "
        f"with the event's insert failing, {failed} of {failed} answered 503 and wrote nothing",
    )


def refused_by_the_database(row: models.Model, *, using: str) -> None:
    """The insert of an event that breaks a constraint."""
    vars(row)["outcome"] = "unheard of"
    at_commit(row, using=using)
