"""What the runtime roles may do with each table, as its model declares; applied after every migration."""

from collections.abc import Iterator
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.backends.utils import CursorWrapper

from chiron.kernel.models import Grants
from chiron.tenancy.names import login_of, role_of, schema_of, sealer
from chiron.tenancy.router import aliases_of

IN_SCHEMA = """
    SELECT c.relkind = 'S', c.oid::regclass::text FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_namespace'::regclass
    AND d.refobjid = %s::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
"""
"""By way of an index; ``ON ALL TABLES IN SCHEMA`` reads the whole catalog, each organization that of all."""


def grant_organization(cursor: CursorWrapper, organization_id: UUID) -> None:
    """Give an organization's role, and the sealer, their rights on its schema; everything else is taken away."""
    role, schema = role_of(organization_id), schema_of(organization_id)
    statements = [f"GRANT USAGE ON SCHEMA {schema} TO {role}, {sealer()}", *_rights(cursor, "clinical", schema, role)]
    cursor.execute(";".join(statements))


def grant_database(cursor: CursorWrapper, alias: str) -> None:
    """Give the runtime login of ``accounts`` or ``research``, and the sealer, their rights on its tables."""
    login = login_of(alias)
    roles = login if alias == "research" else f"{login}, {sealer()}"
    cursor.execute(";".join([f"GRANT USAGE ON SCHEMA public TO {roles}", *_rights(cursor, alias, "public", login)]))
    grant_state(cursor, alias, "public")


def grant_state(cursor: CursorWrapper, alias: str, schema: str) -> None:
    """Let the runtime login see which migrations that schema has, so that it can say whether it is ready."""
    login = login_of(alias)
    cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {login}; GRANT SELECT ON {schema}.django_migrations TO {login}")


def _rights(cursor: CursorWrapper, alias: str, schema: str, role: str) -> Iterator[str]:
    cursor.execute(IN_SCHEMA, [schema])
    found: dict[bool, list[str]] = {True: [], False: []}
    for is_sequence, name in cursor.fetchall():
        found[is_sequence].append(name)
    if found[False]:
        yield f"REVOKE ALL ON {', '.join(found[False])} FROM {role}, {sealer()}"
    if found[True]:
        yield f"GRANT USAGE ON SEQUENCE {', '.join(found[True])} TO {role}"
    granted: dict[tuple[str, str], list[str]] = {}
    for model in tables(alias):
        declared = {role: getattr(model, "grants", Grants.FULL).value, sealer(): getattr(model, "sealer_grants", ())}
        for who, rights in declared.items():
            if rights:
                granted.setdefault((who, ", ".join(rights)), []).append(f'{schema}."{model._meta.db_table}"')
    for (who, rights), names in granted.items():
        yield f"GRANT {rights} ON {', '.join(names)} TO {who}"


def tables(alias: str) -> list[type[models.Model]]:
    """The models whose tables that database holds, automatic ones included."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
        and not model._meta.proxy
        and alias in aliases_of(model._meta.app_label, model._meta.model_name)
    ]
