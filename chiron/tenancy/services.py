"""Verbs on organizations that need no permission of their own: identity's verbs and commands call them."""

from contextlib import ExitStack
from uuid import UUID

from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic, refusing
from chiron.kernel.errors import DomainError
from chiron.postgres.owner import as_owner
from chiron.tenancy.models import Organization
from chiron.tenancy.replay import create_schema, drop_schema, replay, steps
from chiron.tenancy.turns import wait_for_migration


class SlugTaken(DomainError):
    code, title = "slug-taken", "Another organization has that slug."


def open_organization(
    *, organization_id: UUID, slug: str, name: str, time_zone: str, locale: str = "en", domains: list[str] | None = None
) -> Organization:
    """Make an organization: first its schema and role, which nobody sees, then its row, from which it exists.

    A migration that runs is waited for, and none begins before the row is committed: no organization is between two
    versions. Raises SlugTaken. Whatever it raises, nothing is left behind.
    """
    organization = Organization(
        id=organization_id, slug=slug, name=name, time_zone=time_zone, locale=locale, domains=domains or []
    )
    with atomic(ACCOUNTS), as_owner(CLINICAL), ExitStack() as abandoned:
        wait_for_migration()
        abandoned.callback(drop_schema, organization_id)
        create_schema(organization_id)
        replay(organization_id, steps())
        with refusing(ACCOUNTS, organization_slug_is_its_own=SlugTaken):
            organization.save(force_insert=True)
        abandoned.pop_all()
    return organization
