"""Exchanging the tables of one organization for others that were made ready beside them.

Tables change their schema, which is one change of the catalog: nothing is copied while anybody waits, and whoever it
is killed by, either all of them have changed or none. No other organization's table is touched.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from chiron.kernel.db import CLINICAL, atomic
from chiron.postgres.owner import as_owner
from chiron.tenancy.grants import grant_organization
from chiron.tenancy.names import role_of, schema_beside, schema_of, sealer_of
from chiron.tenancy.switch import inside

RELATIONS = "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = %s ORDER BY 1"
HAS_ROLE = "SELECT pg_has_role(current_user, %s, %s)"
SET_SINCE = 160000


@contextmanager
def beside_as_owner(organization_id: UUID) -> Iterator[None]:
    """A transaction of the owner on what was made ready beside an organization's tables. Raises OwnerNotConfigured."""
    with as_owner(CLINICAL) as connection, atomic(CLINICAL), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL search_path TO {schema_beside(organization_id)}")
        yield


def lock_tables(cursor: CursorWrapper, organization_id: UUID, *, but_for: Collection[str]) -> None:
    """Have nobody read or write the organization's tables until the transaction ends; who is at it is waited for."""
    schema = schema_of(organization_id)
    listed = ", ".join(f'{schema}."{name}"' for name in _named(cursor, schema, "r") if name not in but_for)
    cursor.execute(f"LOCK TABLE {listed} IN ACCESS EXCLUSIVE MODE")


def exchange_tables(cursor: CursorWrapper, organization_id: UUID, former: str, *, but_for: Collection[str]) -> None:
    """Give the tables beside the organization's the place of its own, which go to the schema ``former``.

    Rights are given anew; on the former only the owner has any. A number that was given out is not given out again:
    sequences stay where they stand. In the owner's transaction, after `lock_tables`.
    """
    schema, beside = schema_of(organization_id), schema_beside(organization_id)
    cursor.execute(f"CREATE SCHEMA {former}")
    _move(cursor, schema, former, but_for)
    _move(cursor, beside, schema, ())
    cursor.execute(f"DROP SCHEMA {beside}")  # not CASCADE: nothing may be left in it
    for name in sorted({*_named(cursor, former, "S")} & {*_named(cursor, schema, "S")}):
        cursor.execute(
            f"SELECT setval('{schema}.{name}', f.last_value) FROM {former}.{name} f, {schema}.{name} n"
            " WHERE f.is_called AND f.last_value >= n.last_value"
        )
    everybody = f"{role_of(organization_id)}, {sealer_of(CLINICAL)}"
    for kind in ("TABLES", "SEQUENCES"):
        cursor.execute(f"REVOKE ALL ON ALL {kind} IN SCHEMA {former} FROM {everybody}")
    grant_organization(cursor, organization_id)


@contextmanager
def lent_to_owner(cursor: CursorWrapper, organization_id: UUID) -> Iterator[None]:
    """Within the block, the owner's transaction works inside the organization, as a request does.

    An owner that is no superuser may give itself the role, and gives it back; both in the transaction.
    """
    role = role_of(organization_id)
    cursor.execute(HAS_ROLE, [role, "SET" if cursor.connection.info.server_version >= SET_SINCE else "MEMBER"])
    lent = not cursor.fetchone()[0]
    if lent:
        cursor.execute(f"GRANT {role} TO CURRENT_USER")
    with inside(organization_id):
        yield
    if lent:
        cursor.execute(f"REVOKE {role} FROM CURRENT_USER")


def drop_beside(cursor: CursorWrapper, organization_id: UUID) -> None:
    """Remove what was made ready and did not take the place of anything, in the owner's transaction."""
    cursor.execute(f"DROP SCHEMA IF EXISTS {schema_beside(organization_id)} CASCADE")


def _move(cursor: CursorWrapper, schema: str, other: str, but_for: Collection[str]) -> None:
    for name in _named(cursor, schema, "r"):
        if name not in but_for:
            cursor.execute(f'ALTER TABLE {schema}."{name}" SET SCHEMA {other}')


def _named(cursor: CursorWrapper, schema: str, kind: str) -> list[Any]:
    cursor.execute(RELATIONS, [schema, kind])
    return [name for (name,) in cursor.fetchall()]
