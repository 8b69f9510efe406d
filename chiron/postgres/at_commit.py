"""New rows by a statement compiled once for each model; and those that travel with COMMIT, for the price of none."""

from functools import lru_cache
from typing import Any

from django.db import connections, models

from chiron.postgres.backend.base import DatabaseWrapper


def at_commit(row: models.Model, *, using: str) -> None:
    """Insert this new row with the message that commits; at once where no such message will come.

    Inside a savepoint, outside a transaction and inside a test's own transaction it is inserted at once. Nobody can
    read a queued row before the commit; if it cannot be inserted, the whole transaction fails at its end.
    """
    do_at_commit(*_insertion_of(row, using), using=using)
    row._state.adding = False


def do_at_commit(statement: str, values: list[Any], *, using: str) -> None:
    """Do this statement in the same way: with the message that commits, or at once where no such message will come."""
    connection = connections[using]
    if isinstance(connection, DatabaseWrapper) and connection.in_atomic_block and not connection.savepoint_ids:
        connection.closing.append((statement, values))
    else:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)


def insert(row: models.Model, *, using: str) -> None:
    """Insert this new row now. Nothing is filled in but defaults of the model; no signal is sent."""
    with connections[using].cursor() as cursor:
        cursor.execute(*_insertion_of(row, using))
    row._state.adding = False


def _insertion_of(row: models.Model, using: str) -> tuple[str, list[Any]]:
    connection = connections[using]
    statement, fields = _insertion(type(row), using)
    values = [(field, getattr(row, field.attname)) for field in fields]
    return statement, [None if value is None else field.get_db_prep_save(value, connection) for field, value in values]


@lru_cache(maxsize=256)
def _insertion(model: type[models.Model], using: str) -> tuple[str, list["models.Field[Any, Any]"]]:
    operations = connections[using].ops
    every: list[Any] = list(model._meta.concrete_fields)
    fields = [field for field in every if not (field.db_returning or field.has_db_default())]
    columns = ", ".join(operations.quote_name(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {operations.quote_name(model._meta.db_table)} ({columns}) VALUES ({places})", fields
