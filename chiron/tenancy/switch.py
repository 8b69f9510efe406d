"""The switch: a transaction that sees one organization's tables and may touch no other's."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connections

from chiron.kernel.db import CLINICAL, atomic
from chiron.postgres.at_commit import do_at_commit
from chiron.postgres.owner import as_owner
from chiron.tenancy.names import role_of, schema_of

SWITCH = "SELECT set_config('role', '{role}', true), set_config('search_path', '{schema}', true)"
NOBODY = SWITCH.format(role="none", schema="")
SAFE = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class NoOrganization(Exception):
    """Clinical data was asked for outside of any organization; a bug, and nothing was read."""


@contextmanager
def inside(organization_id: UUID) -> Iterator[None]:
    """A transaction on clinical with the role and the search path of that organization.

    Both are set for the transaction only, by one statement, so that a pooler may give the connection to others in
    between. Nested, it is a savepoint, and what was set before is set again at its end. What `do_at_last` was given
    is done when the outermost block of the organization ends.
    """
    connection = connections[CLINICAL]
    before: UUID | None = getattr(connection, "organization_id", None)
    endings = getattr(connection, "endings", {})
    switch = statement_for(organization_id)
    nested = connection.in_atomic_block
    if not nested:
        connection.opening = switch  # type: ignore[attr-defined]
    try:
        with atomic(CLINICAL):
            connection.opening = ""  # type: ignore[attr-defined]
            if nested:
                _execute(switch)
            connection.organization_id = organization_id  # type: ignore[attr-defined]
            if organization_id != before:
                connection.endings = {}  # type: ignore[attr-defined]
            yield
            if organization_id != before and not connection.needs_rollback:
                _end(connection.endings)  # type: ignore[attr-defined]
            if nested and not connection.needs_rollback:
                _execute(statement_for(before) if before else NOBODY)
    finally:
        connection.opening = ""  # type: ignore[attr-defined]
        connection.organization_id = before  # type: ignore[attr-defined]
        connection.endings = endings  # type: ignore[attr-defined]


def do_at_last(statement: str, *values: Any) -> None:
    """Have this done once as the last of the organization's transaction, with the message that commits.

    So the locks that it takes are held for the commit only, and by statements in an order that they choose
    themselves. It is done also where the savepoint in which it was asked for is rolled back: it must then find nothing
    to do. Raises NoOrganization.
    """
    current_organization_id()
    connections[CLINICAL].endings[statement] = list(values)  # type: ignore[attr-defined]


def _end(endings: dict[str, list[Any]]) -> None:
    for statement, values in endings.items():
        do_at_commit(statement, values, using=CLINICAL)


@contextmanager
def inside_as_owner(organization_id: UUID) -> Iterator[None]:
    """A transaction of the owner on that organization's tables, for what no role of an organization may do.

    Raises OwnerNotConfigured.
    """
    with as_owner(CLINICAL) as connection, atomic(CLINICAL), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL search_path TO {schema_of(organization_id)}")
        yield


def current_organization_id() -> UUID:
    """The organization whose transaction is open in this thread. Raises NoOrganization where there is none."""
    organization_id: UUID | None = getattr(connections[CLINICAL], "organization_id", None)
    if organization_id is None:
        raise NoOrganization
    return organization_id


def statement_for(organization_id: UUID) -> str:
    """The one statement that switches; names are checked although they are made by us, since they become SQL text."""
    role, schema = role_of(organization_id), schema_of(organization_id)
    if not (SAFE.fullmatch(role) and SAFE.fullmatch(schema)):
        raise ValueError("a schema's or role's name is not safe to be SQL")
    return SWITCH.format(role=role, schema=schema)


def _execute(statement: str) -> None:
    with connections[CLINICAL].cursor() as cursor:
        cursor.execute(statement)
