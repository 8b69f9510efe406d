"""Roles and rights of restored databases: dumps hold none, for roles belong to a server."""

from collections.abc import Callable
from uuid import UUID

from django.apps import apps

from chiron.kernel.db import ACCOUNTS, CLINICAL, RESEARCH, atomic
from chiron.postgres.owner import as_owner
from chiron.tenancy.grants import grant_database, grant_organization, grant_state
from chiron.tenancy.names import TEMPLATE
from chiron.tenancy.replay import have_role

SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$' ORDER BY 1"


def have_rights(advance: Callable[[str], None]) -> None:
    """Make every organization's role, and give all roles and logins their rights; safe to repeat.

    The logins must be there. Raises OwnerNotConfigured.
    """
    for alias in (ACCOUNTS, RESEARCH):
        with as_owner(alias) as connection, atomic(alias), connection.cursor() as cursor:
            grant_database(cursor, alias)
    for config in apps.get_app_configs():
        if migrate_shared := getattr(config, "migrate_shared", None):
            migrate_shared()
    with as_owner(CLINICAL) as connection, connection.cursor() as cursor:
        grant_state(cursor, CLINICAL, TEMPLATE)
        cursor.execute(SCHEMAS)
        for (schema,) in cursor.fetchall():
            with atomic(CLINICAL):
                have_role(cursor, UUID(schema.removeprefix("t_")))
                grant_organization(cursor, UUID(schema.removeprefix("t_")))
            advance(schema)
