"""Making accounts: by registering, or by an admin."""

from datetime import datetime

from chiron.audit.public import record_platform
from chiron.identity import passwords
from chiron.identity.errors import EmailTaken, UsernameTaken
from chiron.identity.hooks import Hooks, Person
from chiron.identity.models import Account, Membership
from chiron.identity.roles import Role
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic, refusing
from chiron.tenancy.public import Organization, inside


def make_account(*, username: str, email: str, password: str) -> Account:
    """A new account, its password strong enough. Raises UsernameTaken, EmailTaken, Invalid."""
    passwords.check_strength(password)
    account = Account(username=username)
    account.set_email(email)
    account.set_password(password)
    with refusing(ACCOUNTS, account_username_is_its_own=UsernameTaken, account_email_is_its_own=EmailTaken):
        account.save(force_insert=True)
    return account


def register(
    *, by: Caller, organization: Organization, username: str, email: str, password: str, role: Role, person: Person,
    now: datetime,
) -> Membership:  # fmt: skip
    """Somebody makes an account for themselves, as a patient or as a doctor, and says who they are.

    A patient is approved at once but sees no patient's data until staff link the claim to a patient; a doctor has no
    role until an admin approves. The account commits before the claim: a claim lost in between is made again by
    ``PUT /users/me``.
    """
    with atomic(ACCOUNTS):
        account = make_account(username=username, email=email, password=password)
        membership = Membership(
            account=account, organization=organization, roles=[role], approved_at=now if role is Role.PATIENT else None
        )
        membership.save(force_insert=True)
        caller = _as(by, account, organization)
        record_platform(caller, "account.registered", resource="account", resource_id=account.id)
    claim(by=caller, membership=membership, person=person)
    return membership


def claim(*, by: Caller, membership: Membership, person: Person) -> None:
    """Keep, or renew, who the account says to be, sealed in the organization, for staff to confirm."""
    kind = "doctor" if Role.DOCTOR in membership.roles else "patient"
    with inside(membership.organization_id):
        Hooks.make_claim(
            by, account_id=membership.account_id, membership_id=membership.id, kind=kind, person=person
        )


def change_email(*, by: Caller, email: str) -> None:
    """Give the caller's own account another address. Raises EmailTaken."""
    with atomic(ACCOUNTS), refusing(ACCOUNTS, account_email_is_its_own=EmailTaken):
        account = Account.objects.select_for_update().get(id=by.account_id)
        account.set_email(email)
        account.save(update_fields=["email", "email_index"])
        record_platform(by, "account.updated", resource="account", resource_id=account.id)


def _as(by: Caller, account: Account, organization: Organization) -> Caller:
    return Caller(
        account_id=account.id, organization_id=organization.id,
        address=by.address, device=by.device, request_id=by.request_id,
    )  # fmt: skip
