"""From a request to its caller."""

import time
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from chiron.identity.errors import OrganizationSuspended
from chiron.identity.revocations import revocations
from chiron.identity.tokens import verified
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound, NotSignedIn
from chiron.tenancy.public import Organization

LONGEST_TOKEN = 4096


def authenticate(request: HttpRequest) -> Caller:
    """The caller whose access token the request carries.

    Raises NotSignedIn for anything but a valid token of a live session with unchanged rights, OrganizationSuspended, and
    NotFound when ``X-Organization`` names another organization than the token.
    """
    kind, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if kind.lower() != "bearer" or not 0 < len(token) <= LONGEST_TOKEN:
        raise NotSignedIn
    claims = verified(token)
    if claims["exp"] <= time.time() or revocations.refuses(claims):
        raise NotSignedIn
    organization_id = UUID(claims["org"]) if claims["org"] else None
    if organization_id and revocations.suspends(organization_id):
        raise OrganizationSuspended
    _same_organization(request, organization_id)
    origin = origin_of(request)
    return Caller(
        account_id=UUID(claims["sub"]),
        organization_id=organization_id,
        roles=frozenset(claims["roles"]),
        session_id=UUID(claims["sid"]),
        membership_id=_id(claims.get("membership")),
        provider_id=_id(claims.get("provider")),
        patient_id=_id(claims.get("patient")),
        operator=claims.get("operator", False),
        request_id=origin.request_id,
        address=origin.address,
        device=origin.device,
    )


def origin_of(request: HttpRequest) -> Caller:
    """Nobody yet: only where the request comes from. The address is believed through our own proxies only."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXIES
    address = hops[-trusted] if 0 < trusted <= len(hops) else request.META.get("REMOTE_ADDR", "")
    device = request.META.get("HTTP_USER_AGENT", "")[:200]
    return Caller(request_id=getattr(request, "request_id", ""), address=address[:64], device=device)


def _same_organization(request: HttpRequest, organization_id: UUID | None) -> None:
    slug = request.META.get("HTTP_X_ORGANIZATION")
    if slug is not None and not Organization.objects.filter(id=organization_id, slug=slug).exists():
        raise NotFound


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
