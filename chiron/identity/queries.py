"""Reads of accounts, memberships and sessions."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest

from chiron.identity.models import Account, Membership, Session
from chiron.identity.roles import Role
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound, invalid
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.tenancy.public import Organization, all_organizations, organization_for_slug


def me(by: Caller) -> tuple[Account, Membership | None]:
    """The caller's own account, and the membership that the token names."""
    membership = Membership.objects.select_related("account", "organization").filter(id=by.membership_id).first()
    if membership is not None:
        return membership.account, membership
    return Account.objects.get(id=by.account_id), None


def memberships(by: Caller, query: PageQuery, role: Role | None = None) -> Page[Membership]:
    """The organization's memberships, the newest first."""
    found = Membership.objects.select_related("account", "organization").filter(organization_id=by.organization_id)
    return page(found.filter(roles__contains=[role]) if role else found, query)


def live_sessions(by: Caller, now: datetime) -> list[Session]:
    """The caller's sessions that are neither ended nor expired."""
    live = Session.objects.filter(account_id=by.account_id, revoked_at=None, expires_at__gt=now)
    return list(live.order_by("-id")[:200])


def organizations(query: PageQuery) -> Page[Organization]:
    """All organizations, the newest first."""
    return page(Organization.objects.all(), query)


def organization(organization_id: UUID) -> Organization:
    """One organization. Raises NotFound."""
    found = Organization.objects.filter(id=organization_id).first()
    if found is None:
        raise NotFound
    return found


def named_organization(request: HttpRequest, slug: str | None) -> str | None:
    """What a sign-in names as its organization: the field, the header, or the host name when it is somebody's domain."""
    named = slug or request.META.get("HTTP_X_ORGANIZATION")
    if named:
        return named[:253]
    host = request.META.get("HTTP_HOST", "").split(":")[0].lower()
    return host if Organization.objects.filter(domains__contains=[host]).exists() else None


def organization_to_join(request: HttpRequest, slug: str | None) -> Organization:
    """The organization to register in: as named, or the only one there is. Raises Invalid."""
    named = named_organization(request, slug)
    try:
        if named is not None:
            found = Organization.objects.filter(domains__contains=[named]).first() or organization_for_slug(named)
        else:
            [found] = all_organizations()
    except (NotFound, ValueError):
        raise invalid("must name an organization", "body", "organization") from None
    if found.suspended_at:
        raise invalid("must name an organization", "body", "organization")
    return found
