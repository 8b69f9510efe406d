"""Whether the databases have what this version's code expects of them."""

from functools import cache

from django.db.migrations.loader import MigrationLoader

from chiron.kernel.db import ALIASES, CLINICAL, atomic, cursor
from chiron.tenancy.names import TEMPLATE

Key = tuple[str, str]


@cache
def migrations_of_this_version() -> frozenset[Key]:
    """Every migration that the running code brings with it."""
    return frozenset(MigrationLoader(None, load=True).graph.nodes)


def missing_migrations() -> set[Key]:
    """What some database lacks: accounts, research, or the template of all organizations.

    An organization that is behind the template is named by ``migrate --status``: it must not stop the others.
    """
    return {key for alias in ALIASES for key in migrations_of_this_version() - _applied(alias)}


def _applied(alias: str) -> set[Key]:
    schema = TEMPLATE if alias == CLINICAL else "public"
    with atomic(alias), cursor(alias) as asked:
        asked.execute(f"SELECT app, name FROM {schema}.django_migrations")
        return set(asked.fetchall())
