"""Organizations, by the platform operator."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from chiron.audit.public import record_platform
from chiron.identity.revocations import take_effect
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.errors import NotFound, invalid
from chiron.kernel.ids import new_id
from chiron.kernel.versions import expect
from chiron.tenancy.public import Organization, open_organization
from chiron.vault.public import create_organization_key


def create_organization(
    *, by: Caller, slug: str, name: str, time_zone: str = "UTC", locale: str = "en", domains: list[str] | None = None
) -> Organization:
    """A new organization with its key, schema and role. Raises SlugTaken, Invalid, OwnerNotConfigured."""
    by.scope("organizations", "create")
    _check_zone(time_zone)
    organization_id = new_id()
    create_organization_key(organization_id)
    with atomic(ACCOUNTS):
        organization = open_organization(
            organization_id=organization_id, slug=slug, name=name, time_zone=time_zone, locale=locale,
            domains=[domain.lower() for domain in domains or []],
        )  # fmt: skip
        record_platform(by, "organization.created", resource="organizations", resource_id=organization.id)
    return organization


def change_organization(
    *, by: Caller, organization_id: UUID, changes: dict[str, Any], suspended: bool | None, if_match: int | None,
    now: datetime,
) -> Organization:  # fmt: skip
    """Change name, domains, time zone or locale; suspend or resume. Raises NotFound, StaleVersion, Invalid."""
    by.scope("organizations", "update")
    if "time_zone" in changes:
        _check_zone(changes["time_zone"])
    with atomic(ACCOUNTS):
        organization = Organization.objects.select_for_update().filter(id=organization_id).first()
        if organization is None:
            raise NotFound
        expect(organization, if_match)
        for field, value in changes.items():
            setattr(organization, field, value)
        if suspended is not None:
            organization.suspended_at = (organization.suspended_at or now) if suspended else None
        organization.version += 1
        organization.updated_at = now
        organization.save()
        take_effect()
        record_platform(by, "organization.updated", resource="organizations", resource_id=organization.id,
                        payload={"fields": sorted(changes), "suspended": bool(organization.suspended_at)})  # fmt: skip
    return organization


def _check_zone(name: str) -> None:
    if name not in available_timezones():
        raise invalid("is not an IANA time zone", "body", "time_zone")
