"""What the runtime roles may do with each table, as its model declares; applied after every migration."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.backends.utils import CursorWrapper

from chiron.kernel.db import CLINICAL, RESEARCH
from chiron.kernel.models import Grants
from chiron.tenancy.names import login_of, role_of, schema_of, sealer_of
from chiron.tenancy.router import aliases_of

IN_SCHEMA = """
    SELECT c.relkind = 'S', c.oid::regclass::text FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_namespace'::regclass
    AND d.refobjid = %s::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
"""
"""By way of an index; ``ON ALL TABLES IN SCHEMA`` reads the whole catalog, each organization that of all."""


def grant_organization(cursor: CursorWrapper, organization_id: UUID) -> None:
    """Give an organization's role, and the sealer, their rights on its schema; everything else is taken away."""
    _grant(cursor, CLINICAL, schema_of(organization_id), role_of(organization_id))


def grant_database(cursor: CursorWrapper, alias: str) -> None:
    """Give the runtime login of ``accounts`` or ``research``, and the sealer, their rights on its tables."""
    _grant(cursor, alias, "public", login_of(alias))
    grant_state(cursor, alias, "public")


def grant_state(cursor: CursorWrapper, alias: str, schema: str) -> None:
    """Let the runtime login see which migrations that schema has, so that it can say whether it is ready."""
    login = login_of(alias)
    cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {login}; GRANT SELECT ON {schema}.django_migrations TO {login}")


def _grant(cursor: CursorWrapper, alias: str, schema: str, role: str) -> None:
    sealers = [] if alias == RESEARCH else [sealer_of(alias)]
    cursor.execute(IN_SCHEMA, [schema])
    found = cursor.fetchall()
    relations = ", ".join(name for is_sequence, name in found if not is_sequence)
    sequences = ", ".join(name for is_sequence, name in found if is_sequence)
    everybody = ", ".join([role, *sealers])
    statements = [f"GRANT USAGE ON SCHEMA {schema} TO {everybody}"]
    if relations:
        statements.append(f"REVOKE ALL ON {relations} FROM {everybody}")
    if sequences:
        statements.append(f"GRANT USAGE ON SEQUENCE {sequences} TO {role}")
    statements += [
        f"GRANT {', '.join(rights)} ON {', '.join(names)} TO {who}"
        for (who, rights), names in _declared(alias, schema, role, sealers).items()
    ]
    cursor.execute(";".join(statements))


def _declared(alias: str, schema: str, role: str, sealers: list[str]) -> dict[tuple[str, Sequence[str]], list[str]]:
    """The tables by who has which rights on them."""
    declared: dict[tuple[str, Sequence[str]], list[str]] = defaultdict(list)
    for model in tables(alias):
        name = f'{schema}."{model._meta.db_table}"'
        declared[role, getattr(model, "grants", Grants.FULL).value].append(name)
        for sealer in sealers:
            declared[sealer, getattr(model, "sealer_grants", ())].append(name)
    return {(who, rights): names for (who, rights), names in declared.items() if rights}


def tables(alias: str) -> list[type[models.Model]]:
    """The models whose tables that database holds, automatic ones included."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
        and not model._meta.proxy
        and alias in aliases_of(model._meta.app_label, model._meta.model_name)
    ]
