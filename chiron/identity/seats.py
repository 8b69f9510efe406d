"""Seats: the places from which an account administers, one for each organization and one for the platform."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chiron.identity.errors import StepUpRequired
from chiron.identity.models import Account, Membership, Session
from chiron.identity.policy import scope_of
from chiron.identity.rules import is_fresh
from chiron.identity.second_factors import enrolment_due
from chiron.kernel.access import Caller
from chiron.kernel.ids import NIL
from chiron.tenancy.public import Organization, policies_of

PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Seat:
    """A place to administer from, and the caller who sits there; without an organization it is the platform's."""

    caller: Caller
    organization: Organization | None = None
    closed: str = ""
    """Why nobody may sit there now."""

    @property
    def key(self) -> str:
        """What the choice of this seat is remembered by."""
        return str(self.organization.id) if self.organization else PLATFORM

    @property
    def name(self) -> str:
        """What people call the place."""
        return self.organization.name if self.organization else "The platform"


def seats_of(account: Account, now: datetime, by: Caller | None = None, session_id: UUID | None = None) -> list[Seat]:
    """Where the account may administer, the platform first and then the organizations by name.

    The policy says which roles may; a membership that is not approved has none. `by` tells where the request is from.
    What is done from a seat is done to run the organization, not to treat (HL7 PurposeOfUse: HOPERAT).
    """
    by = replace(by or Caller(), account_id=account.id, session_id=session_id, purpose="HOPERAT")
    platform = [Seat(replace(by, operator=True))] if account.is_operator else []
    memberships = Membership.objects.select_related("organization").filter(account=account)
    seats = [_seat(by, each, now) for each in memberships.order_by("organization__name", "id")]
    return platform + [seat for seat in seats if scope_of(seat.caller, "administration", "open")]


def stands(session_id: UUID, account: Account, now: datetime) -> bool:
    """Whether that session is the account's and has not ended."""
    standing = Session.objects.filter(id=session_id, account=account, revoked_at=None, expires_at__gt=now)
    return standing.exists()


def prove_for_export(by: Caller, now: datetime) -> None:
    """Refuse, from a seat, who must show a second factor for an export and has not just signed in with it.

    As `Proof.WANTED` does of operations. Raises StepUpRequired.
    """
    if not by.organization_id or not policies_of(by.organization_id).exports_step_up:
        return
    session = Session.objects.filter(id=by.session_id or NIL).first()
    if session is None or not is_fresh(session.mfa_at, now):
        raise StepUpRequired


def _seat(by: Caller, membership: Membership, now: datetime) -> Seat:
    caller = replace(
        by,
        organization_id=membership.organization_id,
        roles=membership.effective_roles,
        membership_id=membership.id,
        provider_id=membership.provider_id,
        patient_id=membership.patient_id,
    )
    return Seat(caller, membership.organization, _why_closed(membership, now))


def _why_closed(membership: Membership, now: datetime) -> str:
    if membership.organization.suspended_at is not None:
        return "is suspended; its data is kept."
    due = enrolment_due(membership.account_id, membership)
    return "requires a second factor: set one up first." if due is not None and due <= now else ""
