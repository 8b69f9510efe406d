"""What other apps may use of tenancy."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from chiron.kernel.errors import NotFound
from chiron.tenancy.cache import SHARED_CACHE, worked_out
from chiron.tenancy.contents import has_schema, rows_of, tables_of
from chiron.tenancy.everywhere import lacking, schemas_of_nobody
from chiron.tenancy.exchange import beside_as_owner, drop_beside, exchange_tables, lent_to_owner, lock_tables
from chiron.tenancy.grants import tables
from chiron.tenancy.models import Organization
from chiron.tenancy.names import TEMPLATE, former_schema, login_of, role_of, schema_beside, schema_of, sealer_of
from chiron.tenancy.policies import Policies
from chiron.tenancy.readiness import missing_migrations
from chiron.tenancy.replay import drop_schema
from chiron.tenancy.restoring import have_rights
from chiron.tenancy.services import SlugTaken, open_organization
from chiron.tenancy.switch import NoOrganization, current_organization_id, do_at_last, inside, inside_as_owner
from chiron.tenancy.turns import migrating_alone


def organization_for_id(organization_id: UUID) -> Organization:
    """The organization with that id. Raises NotFound."""
    return _one(id=organization_id)


@contextmanager
def inside_if_open(organization_id: UUID) -> Iterator[None]:
    """The transaction of an organization that answers; for links that outlive. Raises NotFound for any other."""
    if organization_for_id(organization_id).suspended_at is not None:
        raise NotFound
    with inside(organization_id):
        yield


def organization_for_slug(slug: str) -> Organization:
    """The organization with that slug. Raises NotFound."""
    return _one(slug=slug)


def organization_for_domain(domain: str) -> Organization:
    """The organization that is reached under that host name. Raises NotFound."""
    return _one(domains__contains=[domain.lower()])


def all_organizations() -> list[Organization]:
    """Every organization, in the order in which they were made."""
    return list(Organization.objects.order_by("id"))


def organizations_after(organization_id: UUID, limit: int) -> list[Organization]:
    """The next organizations in the order in which they were made, at most ``limit``; for those who take turns."""
    return list(Organization.objects.filter(id__gt=organization_id).order_by("id")[:limit])


def organization_for_command(slug: str | None) -> Organization:
    """The organization a command works on: the one it names, or the only one there is. Raises NotFound."""
    if slug is not None:
        return organization_for_slug(slug)
    organizations = all_organizations()
    if len(organizations) != 1:
        raise NotFound
    return organizations[0]


def policies_of(organization_id: UUID) -> Policies:
    """What the organization has decided for itself. Raises NotFound."""
    return Policies.stored(organization_for_id(organization_id).policies)


def _one(**where: object) -> Organization:
    organization = Organization.objects.filter(**where).first()
    if organization is None:
        raise NotFound
    return organization


__all__ = [
    "SHARED_CACHE",
    "TEMPLATE",
    "NoOrganization",
    "Organization",
    "Policies",
    "SlugTaken",
    "all_organizations",
    "beside_as_owner",
    "current_organization_id",
    "do_at_last",
    "drop_beside",
    "drop_schema",
    "exchange_tables",
    "former_schema",
    "has_schema",
    "have_rights",
    "inside",
    "inside_as_owner",
    "inside_if_open",
    "lacking",
    "lent_to_owner",
    "lock_tables",
    "login_of",
    "migrating_alone",
    "missing_migrations",
    "open_organization",
    "organization_for_command",
    "organization_for_domain",
    "organization_for_id",
    "organization_for_slug",
    "organizations_after",
    "policies_of",
    "role_of",
    "rows_of",
    "schema_beside",
    "schema_of",
    "schemas_of_nobody",
    "sealer_of",
    "tables",
    "tables_of",
    "worked_out",
]
