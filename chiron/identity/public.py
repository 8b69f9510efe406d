"""What other apps may use of identity."""

from datetime import datetime
from uuid import UUID

from chiron.identity.hooks import Person
from chiron.identity.models import Account, Membership, Session
from chiron.identity.roles import ROLES, Role
from chiron.identity.services.accounts import make_account
from chiron.identity.services.memberships import add_membership, link
from chiron.identity.services.organizations import create_organization
from chiron.kernel.access import Caller


def link_patient(*, by: Caller, account_id: UUID, patient_id: UUID, now: datetime) -> None:
    """An account is this patient: it may see its own data from its next sign-in or refresh on. Raises NotFound."""
    link(by=by, account_id=account_id, now=now, patient_id=patient_id)


def link_provider(*, by: Caller, account_id: UUID, provider_id: UUID, now: datetime) -> None:
    """An account is this provider. Raises NotFound."""
    link(by=by, account_id=account_id, now=now, provider_id=provider_id)


__all__ = [
    "ROLES",
    "Account",
    "Membership",
    "Person",
    "Role",
    "Session",
    "add_membership",
    "create_organization",
    "link_patient",
    "link_provider",
    "make_account",
]
