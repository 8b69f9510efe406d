"""What the runtime roles may do with each table, as its model declares; applied after every migration."""

from collections.abc import Iterator
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.backends.utils import CursorWrapper

from chiron.kernel.models import Grants
from chiron.tenancy.names import login_of, role_of, schema_of, sealer
from chiron.tenancy.router import aliases_of


def grant_organization(cursor: CursorWrapper, organization_id: UUID) -> None:
    """Give an organization's role, and the sealer, their rights on its schema; everything else is taken away."""
    role, schema = role_of(organization_id), schema_of(organization_id)
    cursor.execute(
        ";".join([f"GRANT USAGE ON SCHEMA {schema} TO {role}, {sealer()}", *_rights("clinical", schema, role)])
    )


def grant_database(cursor: CursorWrapper, alias: str) -> None:
    """Give the runtime login of ``accounts`` or ``research``, and the sealer, their rights on its tables."""
    login = login_of(alias)
    roles = login if alias == "research" else f"{login}, {sealer()}"
    cursor.execute(";".join([f"GRANT USAGE ON SCHEMA public TO {roles}", *_rights(alias, "public", login)]))
    grant_state(cursor, alias, "public")


def grant_state(cursor: CursorWrapper, alias: str, schema: str) -> None:
    """Let the runtime login see which migrations that schema has, so that it can say whether it is ready."""
    login = login_of(alias)
    cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {login}; GRANT SELECT ON {schema}.django_migrations TO {login}")


def _rights(alias: str, schema: str, role: str) -> Iterator[str]:
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}, {sealer()}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}"
    for model in tables(alias):
        table = f'{schema}."{model._meta.db_table}"'
        rights = getattr(model, "grants", Grants.FULL).value
        if rights:
            yield f"GRANT {', '.join(rights)} ON {table} TO {role}"
        sealers = getattr(model, "sealer_grants", ())
        if sealers:
            yield f"GRANT {', '.join(sealers)} ON {table} TO {sealer()}"


def tables(alias: str) -> list[type[models.Model]]:
    """The models whose tables that database holds, automatic ones included."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
        and not model._meta.proxy
        and alias in aliases_of(model._meta.app_label, model._meta.model_name)
    ]
