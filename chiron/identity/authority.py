"""What other services are told: whose a token is, and what its bearer may do."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from chiron.identity.authentication import must_be_proved
from chiron.identity.hooks import Hooks
from chiron.identity.models import Membership, Session
from chiron.identity.policy import scope_of
from chiron.identity.revocations import Revocations
from chiron.identity.tokens import Verified, verified
from chiron.kernel.access import Caller, Proof, Scope
from chiron.kernel.errors import NotFound, NotPermitted, invalid
from chiron.kernel.ids import NIL
from chiron.tenancy.public import Organization

Rows = Callable[[Caller, Scope], "QuerySet[Any]"]


def standing(token: str) -> Verified:
    """What an access token proves now: what was taken back until this moment is known, not only until a second ago.

    So whoever keeps the answer for a second still refuses within one. Raises NotSignedIn, OrganizationSuspended,
    EnrolmentRequired.
    """
    known = verified(token)
    Revocations().check(known)
    must_be_proved(known, Proof.USUAL)
    return known


def may(by: Caller, resource: str, action: str, id: UUID | None) -> bool:
    """Whether the policy lets the caller do this at all or, with an id, to that object of the resource.

    Raises Invalid for an object of a resource that has no door to ask at.
    """
    scope = scope_of(by, resource, action)
    if scope is Scope.NONE or id is None:
        return scope is not Scope.NONE
    if resource in OURS:
        return OURS[resource](by, scope).filter(id=id).exists()
    door = Hooks.doors.get(resource)
    if door is None:
        raise invalid("is of a resource that is only asked about as a whole", "body", "id")
    try:
        door(by, id, action)
    except (NotFound, NotPermitted):
        return False
    return True


def _memberships(by: Caller, scope: Scope) -> "QuerySet[Membership]":
    return Membership.objects.filter(organization_id=by.organization_id or NIL)


def _organizations(by: Caller, scope: Scope) -> "QuerySet[Organization]":
    everywhere = Organization.objects.all()
    return everywhere if scope is Scope.ORGANIZATION else everywhere.filter(id=by.organization_id or NIL)


def _sessions(by: Caller, scope: Scope) -> "QuerySet[Session]":
    return Session.objects.filter(account=by.account_id or NIL, revoked_at=None)


OURS: dict[str, Rows] = {"memberships": _memberships, "organizations": _organizations, "sessions": _sessions}
