"""One organization out of a backup of all: its schema, and of accounts only what belongs to it."""

from collections.abc import Iterator
from graphlib import TopologicalSorter
from uuid import UUID

from django.db.models import Model
from psycopg import sql

from chiron.identity.public import Account
from chiron.kernel.db import ACCOUNTS, CLINICAL, RESEARCH
from chiron.kernel.ids import NIL
from chiron.operations.backup.errors import BackupRefused
from chiron.operations.backup.filling import have_roles, put_dump
from chiron.operations.backup.reading import Backup
from chiron.operations.backup.snapshots import connect_as_owner
from chiron.operations.backup.watch import Watch
from chiron.tenancy.public import TEMPLATE, Organization, schema_of, tables_of

WHOLE = frozenset({
    "auth_group", "auth_group_permissions", "auth_permission", "django_content_type", "vault_erasure",
})  # fmt: skip
"""What belongs to nobody, and the ledger, whose lines hold each other and name nobody but by ids."""
EMPTY = frozenset({"audit_event", "identity_session", "jobs_waiting"})
"""Of these not even what is the organization's own: the platform's trail is of all or of none, nobody stays signed in,
and nothing acts of itself.
"""
NOT_A_JOB = """
    TRUNCATE public.procrastinate_jobs, public.procrastinate_events, public.procrastinate_periodic_defers,
    public.procrastinate_workers
"""


def fill_alone(backup: Backup, slug: str, watch: Watch) -> UUID:
    """Put one organization into the databases, and nothing of any other; its id. Raises BackupRefused."""
    watch.begin("restoring", 3)
    put_dump(backup, ACCOUNTS)
    organization_id = keep_one(slug)
    watch.advance(ACCOUNTS)
    schemas = (schema_of(organization_id), TEMPLATE)
    with connect_as_owner(CLINICAL) as connection:
        for schema in schemas:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    put_dump(backup, CLINICAL, *(f"--schema={schema}" for schema in ("public", *schemas)))
    with connect_as_owner(CLINICAL) as connection:
        connection.execute(NOT_A_JOB)
    watch.advance(CLINICAL)
    put_dump(backup, RESEARCH, "--section=pre-data", "--section=post-data")
    put_dump(backup, RESEARCH, "--data-only", "--table=django_migrations")
    watch.advance(RESEARCH)
    have_roles()
    return organization_id


def keep_one(slug: str) -> UUID:
    """Remove from `accounts` whatever is not the organization's; its id. Raises BackupRefused where it is not there."""
    with connect_as_owner(ACCOUNTS) as connection, connection.transaction():
        found = connection.execute("SELECT id FROM tenancy_organization WHERE slug = %s", [slug]).fetchall()
        if not found:
            raise BackupRefused(f"There is no organization {slug!r} in the backup.")
        [(organization_id,)] = found
        for model in _children_first():
            table = sql.Identifier(model._meta.db_table)
            change = sql.SQL("ALTER TABLE {} {} TRIGGER USER")
            connection.execute(change.format(table, sql.SQL("DISABLE")))
            delete = sql.SQL("DELETE FROM {} WHERE NOT ({})").format(table, _kept(model))
            connection.execute(delete, {"it": organization_id, "platform": NIL})
            connection.execute(change.format(table, sql.SQL("ENABLE")))
    return UUID(str(organization_id))


def _children_first() -> list[type[Model]]:
    models = tables_of(ACCOUNTS)
    parents = {model: {parent for _, parent in _links(model)} - {model} for model in models}
    return list(reversed(list(TopologicalSorter(parents).static_order())))


def _links(model: type[Model]) -> Iterator[tuple[str, type[Model]]]:
    """The columns of a table that point to another, and where to."""
    for field in model._meta.concrete_fields:
        if isinstance(field.related_model, type):
            yield field.column, field.related_model


def _kept(model: type[Model]) -> sql.Composable:
    """Which rows of a table stay, as SQL: those that name the organization, and those of somebody who does.

    A table of which nobody can say whose its rows are is emptied.
    """
    table, columns = model._meta.db_table, {field.column for field in model._meta.concrete_fields}
    if table in WHOLE:
        return sql.SQL("TRUE")
    if table in EMPTY:
        return sql.SQL("FALSE")
    if model is Organization:
        return sql.SQL("id = %(it)s")
    if model is Account:
        return sql.SQL("id IN (SELECT account_id FROM identity_membership WHERE organization_id = %(it)s)")
    said: list[sql.Composable] = (
        [sql.SQL("organization_id IN (%(it)s, %(platform)s)")] if "organization_id" in columns else []
    )
    among = sql.SQL("{} IN (SELECT id FROM {} WHERE {})")
    for column, parent in _links(model):
        said.append(among.format(sql.Identifier(column), sql.Identifier(parent._meta.db_table), _kept(parent)))
    return sql.SQL(" AND ").join(said) if said else sql.SQL("FALSE")
