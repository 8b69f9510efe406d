"""Names of schemas and roles: made here from an organization's id, never from anything a person typed."""

from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings

from chiron.postgres.logins import database_name, runtime_login, sealer_login

TEMPLATE = "template"


def schema_of(organization_id: UUID) -> str:
    """The schema of an organization: ``t_`` and 32 hexadecimal digits."""
    return f"t_{organization_id.hex}"


def schema_beside(organization_id: UUID) -> str:
    """Where tables are made ready that are to take the place of its own."""
    return f"{schema_of(organization_id)}_restoring"


def former_schema(organization_id: UUID, at: datetime) -> str:
    """Where its tables are kept whose place others took then; as long as a name may be."""
    return f"{schema_of(organization_id)}_before_{at.astimezone(UTC):%Y%m%d%H%M%S%f}"


def role_of(organization_id: UUID) -> str:
    """Its role; with the database's name in front, because roles belong to the whole server."""
    return f"{database_name(settings.DATABASE_PREFIX, 'clinical')}_{schema_of(organization_id)}"


def login_of(alias: str) -> str:
    """The login with which this installation uses that database."""
    return str(settings.DATABASES[alias].get("USER") or runtime_login(settings.DATABASE_PREFIX, alias))


def sealer_of(alias: str) -> str:
    """The login that alone writes audit leaves and heads in that database."""
    return str(settings.SEALER_DATABASES[alias].get("USER") or sealer_login(settings.DATABASE_PREFIX))
