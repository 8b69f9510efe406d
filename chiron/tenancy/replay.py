"""Migrations over all schemas: Django migrates a template once, its SQL is kept and replayed in each organization.

Each schema has its own ``django_migrations``: what was replayed is recorded in the transaction that did it, so a killed
run is finished by the next. The template changes as a whole or not at all. A migration that runs Python cannot be
replayed as SQL and is applied by Django in each.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState

from chiron.kernel.db import CLINICAL, atomic
from chiron.postgres.owner import as_owner
from chiron.postgres.setup import TIMEOUTS
from chiron.tenancy.grants import grant_organization, grant_state
from chiron.tenancy.names import TEMPLATE, login_of, role_of, schema_of
from chiron.tenancy.router import aliases_of

Key = tuple[str, str]
SEPARATOR = "\n;\n"  # on a line of its own: a statement may end in a comment


@dataclass(frozen=True, slots=True)
class Step:
    """One migration as it is replayed: its SQL, or Python that Django must run."""

    key: Key
    sql: str
    python: bool


class RecordingExecutor(MigrationExecutor):
    """Django's executor on the template schema; what each migration sent is kept beside it."""

    def apply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False, fake_initial: bool = False
    ) -> ProjectState:
        """Apply one migration and keep its SQL, both or neither."""
        with atomic(CLINICAL), recording(self.connection) as statements:
            state = super().apply_migration(state, migration, fake=fake, fake_initial=fake_initial)
            python = CLINICAL in aliases_of(migration.app_label) and not all(
                operation.reduces_to_sql for operation in migration.operations
            )
            with self.connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO replay (app, name, sql, python) VALUES (%s, %s, %s, %s)",
                    [migration.app_label, migration.name, SEPARATOR.join(statements), python],
                )
        return state


@contextmanager
def recording(connection: BaseDatabaseWrapper) -> Iterator[list[str]]:
    """What schema editors send within the block, values bound into its text.

    That is every change of a migration and all of its RunSQL; what Django asks and notes for itself goes past them.
    """
    statements: list[str] = []
    plain: Any = connection.SchemaEditorClass

    class Recording(plain):  # type: ignore[misc]
        def execute(self, sql: Any, params: Any = ()) -> None:
            text = str(sql) if params is None else connection.ops.compose_sql(str(sql), params)  # type: ignore[attr-defined]
            statements.append(text.strip().rstrip(";"))
            super().execute(text, None)

    connection.SchemaEditorClass = Recording
    try:
        yield statements
    finally:
        connection.SchemaEditorClass = plain


def migrate_template() -> list[Key]:
    """Bring the template schema up to date, wholly or not at all; the migrations that were new."""
    with as_owner(CLINICAL) as connection, atomic(CLINICAL), connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {TEMPLATE}")
        cursor.execute(f"SET LOCAL search_path TO {TEMPLATE}")
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS replay (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
            " app text NOT NULL, name text NOT NULL, sql text NOT NULL, python boolean NOT NULL,"
            " CONSTRAINT replayed_once UNIQUE (app, name))"
        )
        executor = RecordingExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        executor.migrate(executor.loader.graph.leaf_nodes(), plan=plan)
        grant_state(cursor, CLINICAL, TEMPLATE)
        return [(migration.app_label, migration.name) for migration, _ in plan]


def steps() -> list[Step]:
    """All migrations of the template in the order in which they were applied there."""
    with as_owner(CLINICAL) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT app, name, sql, python FROM {TEMPLATE}.replay ORDER BY number")
        return [Step((app, name), sql, python) for app, name, sql, python in cursor.fetchall()]


def create_schema(organization_id: UUID) -> None:
    """Make an organization's role and its schema, empty but for the state of its migrations; safe to repeat."""
    schema = schema_of(organization_id)
    with as_owner(CLINICAL) as connection, atomic(CLINICAL), connection.cursor() as cursor:
        have_role(cursor, organization_id)
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS {schema}.django_migrations (LIKE {TEMPLATE}.django_migrations INCLUDING ALL)"
        )


def have_role(cursor: CursorWrapper, organization_id: UUID) -> None:
    """Make an organization's role, which requests may take; safe to repeat."""
    role = role_of(organization_id)
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    if cursor.fetchone() is None:
        cursor.execute(f"CREATE ROLE {role} NOLOGIN; GRANT {role} TO {login_of(CLINICAL)}")


def drop_schema(organization_id: UUID) -> None:
    """Remove an organization's schema and role with everything in it, and whatever was kept or made ready beside it."""
    role, schema = role_of(organization_id), schema_of(organization_id)
    with as_owner(CLINICAL) as connection, atomic(CLINICAL), connection.cursor() as cursor:
        _take_turn(cursor, schema)
        cursor.execute("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s)", [schema])
        for (each,) in cursor.fetchall():
            cursor.execute(f"DROP SCHEMA {each} CASCADE")
        cursor.execute(f"DROP ROLE IF EXISTS {role}")


def replay(organization_id: UUID, all_steps: list[Step]) -> list[Key]:
    """Bring one organization's schema to the state of the template, in one transaction; what was new to it.

    Another replay of the same organization is waited for, whatever it takes, and leaves nothing to be done; a table
    that requests hold is waited for as long as requests wait for theirs, lest everybody queue behind.
    """
    schema = schema_of(organization_id)
    with as_owner(CLINICAL) as connection, atomic(CLINICAL), connection.cursor() as cursor:
        _take_turn(cursor, schema)
        cursor.execute(f"SET LOCAL search_path TO {schema}; SET LOCAL lock_timeout = '{TIMEOUTS['lock_timeout']}'")
        done = _applied(cursor)
        pending = [step for step in all_steps if step.key not in done]
        batch: list[str] = []
        for step in pending:
            if step.python:
                _flush(cursor, batch)
                _apply_python(connection, step.key)
            elif step.sql:
                batch.append(step.sql)
        _flush(cursor, batch)
        cursor.executemany(
            "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, now())", [step.key for step in pending]
        )
        grant_organization(cursor, organization_id)
    return [step.key for step in pending]


def applied(organization_id: UUID) -> set[Key]:
    """The migrations that one organization's schema has; none where there is no schema."""
    schema = schema_of(organization_id)
    with as_owner(CLINICAL) as connection, atomic(CLINICAL), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NULL", [f"{schema}.django_migrations"])
        if cursor.fetchone()[0]:
            return set()
        cursor.execute(f"SET LOCAL search_path TO {schema}")
        return _applied(cursor)


def _take_turn(cursor: Any, schema: str) -> None:
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [schema])


def _applied(cursor: Any) -> set[Key]:
    cursor.execute("SELECT app, name FROM django_migrations")
    return set(cursor.fetchall())


def _flush(cursor: Any, batch: list[str]) -> None:
    if batch:
        cursor.execute(SEPARATOR.join(batch))
        batch.clear()


def _apply_python(connection: BaseDatabaseWrapper, key: Key) -> None:
    loader = MigrationExecutor(connections[CLINICAL]).loader
    migration = loader.graph.nodes[key]
    state = loader.project_state(key, at_end=False)
    with connection.schema_editor(atomic=False) as editor:
        migration.apply(state, editor)
