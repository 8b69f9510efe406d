"""What a database holds of an organization, found through its models: a new app's tables are among them."""

from uuid import UUID

from django.db.models import Model

from chiron.kernel.db import CLINICAL, atomic, cursor
from chiron.tenancy.grants import tables
from chiron.tenancy.names import schema_of
from chiron.tenancy.switch import inside


def tables_of(alias: str) -> list[type[Model]]:
    """The models whose tables that database holds, in the order of their names."""
    return sorted(tables(alias), key=lambda model: model._meta.db_table)


def has_schema(organization_id: UUID) -> bool:
    """Whether the organization's schema stands; while one is removed, or restored in part, it may not."""
    with atomic(CLINICAL), cursor(CLINICAL) as asked:
        asked.execute("SELECT to_regnamespace(%s) IS NOT NULL", [schema_of(organization_id)])
        return bool(asked.fetchone()[0])


def rows_of(organization_id: UUID) -> dict[str, int]:
    """How many rows each table in the organization's schema has."""
    with inside(organization_id):
        return {model._meta.db_table: model._base_manager.using(CLINICAL).count() for model in tables_of(CLINICAL)}
