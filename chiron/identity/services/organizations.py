"""Organizations, by the platform operator."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.db.models import F

from chiron.audit.public import record_platform
from chiron.identity.errors import DomainTaken
from chiron.identity.models import Membership
from chiron.identity.revocations import take_effect_at_commit
from chiron.kernel.access import Caller, Scope
from chiron.kernel.db import ACCOUNTS, atomic, take_turns
from chiron.kernel.errors import NotFound, NotPermitted, invalid
from chiron.kernel.ids import new_id
from chiron.kernel.versions import expect
from chiron.tenancy.public import Organization, Policies, open_organization
from chiron.vault.public import create_organization_key

THEIR_OWN = frozenset({"name", "time_zone", "locale", "policies"})
MFA_POLICIES = frozenset({"mfa_required_roles", "mfa_from"})


def create_organization(
    *,
    by: Caller,
    slug: str,
    name: str,
    time_zone: str = "UTC",
    locale: str = "en",
    domains: Iterable[str] = (),
    organization_id: UUID | None = None,
) -> Organization:
    """A new organization with its key, schema and role. Its key commits first: a key of nobody harms nothing.

    With an `organization_id` that somebody else decided, a creation that was killed is finished by the next.
    Raises SlugTaken, DomainTaken, Invalid for an unknown time zone, OwnerNotConfigured.
    """
    by.scope("organizations", "create")
    _must_be_a_zone(time_zone)
    organization_id = organization_id or new_id()
    create_organization_key(organization_id)
    with atomic(ACCOUNTS):
        hosts = _free(domains, organization_id)
        organization = open_organization(
            organization_id=organization_id, slug=slug, name=name, time_zone=time_zone, locale=locale, domains=hosts
        )
        record_platform(by, "organization.created", resource="organizations", resource_id=organization.id)
    return organization


def change_organization(
    *,
    by: Caller,
    organization_id: UUID,
    changes: Mapping[str, Any],
    suspended: bool | None = None,
    if_match: int | None = None,
    now: datetime,
) -> Organization:
    """Change name, domains, time zone, locale or policies; suspend or resume it.

    Suspended, it answers nobody and keeps its data. Policies that are not named stay as they are; one on second factors
    holds for every member at once. An admin changes the
    organization's own affairs; domains and suspension are the operator's. Raises NotFound, NotPermitted, StaleVersion,
    DomainTaken, Invalid for an unknown time zone.
    """
    if by.scope("organizations", "update") is not Scope.ORGANIZATION:
        if organization_id != by.organization_id:
            raise NotFound
        if suspended is not None or not changes.keys() <= THEIR_OWN:
            raise NotPermitted
    if "time_zone" in changes:
        _must_be_a_zone(changes["time_zone"])
    with atomic(ACCOUNTS):
        organization = Organization.objects.select_for_update().filter(id=organization_id).first()
        if organization is None:
            raise NotFound
        expect(organization, if_match)
        for column, value in changes.items():
            setattr(organization, column, _kept(organization, column, value))
        if suspended is not None:
            organization.suspended_at = (organization.suspended_at or now) if suspended else None
            take_effect_at_commit()
        if changes.get("policies", {}).keys() & MFA_POLICIES:
            _have_tokens_renewed(organization, now)
        organization.version, organization.updated_at = organization.version + 1, now
        organization.save(force_update=True)
        action = {None: "organization.updated", True: "organization.suspended", False: "organization.resumed"}
        payload = {"changed": sorted(changes)}
        record_platform(by, action[suspended], resource="organizations", resource_id=organization.id, payload=payload)
    return organization


def _have_tokens_renewed(organization: Organization, now: datetime) -> None:
    """Refuse the access tokens of all members: their next ones, by refreshing, say who needs a second factor."""
    members = Membership.objects.filter(organization=organization)
    members.update(authz_version=F("authz_version") + 1, authz_changed_at=now)
    take_effect_at_commit()


def _kept(organization: Organization, column: str, value: Any) -> Any:
    match column:
        case "domains":
            return _free(value, organization.id)
        case "policies":
            return replace(Policies.stored(organization.policies), **value).as_stored()
        case _:
            return value


def _free(domains: Iterable[str], organization_id: UUID) -> list[str]:
    """These host names in one form, which no other organization has."""
    hosts = sorted({domain.rstrip(".").lower() for domain in domains})
    take_turns(ACCOUNTS, "domains of organizations")
    if Organization.objects.filter(domains__overlap=hosts).exclude(id=organization_id).exists():
        raise DomainTaken
    return hosts


def _must_be_a_zone(name: str) -> None:
    if name not in available_timezones():
        raise invalid("is not an IANA time zone", "body", "time_zone")
