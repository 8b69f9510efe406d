"""Memberships: who has which roles in an organization. Whatever changes rights takes effect at once."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from chiron.audit.public import record_platform
from chiron.identity.email import email_index
from chiron.identity.errors import AccountExists, AlreadyLinked, AlreadyMember, LastAdmin, NotLinked
from chiron.identity.families import end_families
from chiron.identity.hooks import Hooks
from chiron.identity.models import Account, Membership
from chiron.identity.revocations import take_effect_at_commit
from chiron.identity.roles import Role, in_order
from chiron.identity.services.accounts import make_account
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic, refusing, take_turns
from chiron.kernel.errors import DomainError, NotFound, NotPermitted
from chiron.kernel.ids import new_id
from chiron.kernel.versions import expect
from chiron.tenancy.public import inside

LINKED = {"one_account_per_provider": AlreadyLinked, "one_account_per_patient": AlreadyLinked}


def employ(
    *, by: Caller, username: str, email: str, password: str | None, roles: Iterable[str], now: datetime
) -> Membership:
    """Make somebody a member of the caller's organization: with a password a new account, without one an account that
    exists and has both this user name and this address, so that nobody learns more of it than they know.

    Raises Invalid, AccountExists, NotFound, AlreadyMember.
    """
    by.scope("memberships", "create")
    with atomic(ACCOUNTS):
        account = Account.objects.named(username)
        if account is None and password is not None:
            account = make_account(username=username, email=email, password=password, now=now)
        elif account is None:
            raise NotFound
        elif account.email_index is None or bytes(account.email_index) != email_index(email) or password is not None:
            raise AccountExists
        return add_membership(by=by, account=account, roles=roles, now=now)


def add_membership(*, by: Caller, account: Account, roles: Iterable[str], now: datetime) -> Membership:
    """Make an account a member of the caller's organization, approved. Raises AlreadyMember."""
    by.scope("memberships", "create")
    if by.organization_id is None:
        raise NotPermitted
    membership = Membership(
        account=account,
        organization_id=by.organization_id,
        roles=in_order(roles),
        approved_at=now,
        authz_changed_at=now,
        recorded_at=now,
        updated_at=now,
    )
    with atomic(ACCOUNTS):
        with refusing(ACCOUNTS, one_membership_in_an_organization=AlreadyMember):
            membership.save(force_insert=True)
        payload = {"roles": membership.roles}
        record_platform(by, "membership.created", resource="memberships", resource_id=membership.id, payload=payload)
    return membership


def change_membership(
    *,
    by: Caller,
    membership_id: UUID,
    roles: Iterable[str] | None = None,
    approved: bool | None = None,
    if_match: int | None = None,
    now: datetime,
) -> Membership:
    """Give other roles; approve somebody, or take the approval back.

    Approving a doctor makes a provider of the claim, once; approving again finishes what a crash interrupted. Who loses
    the role LAB, or the approval, works at no laboratory from then on.
    Raises NotFound, StaleVersion, LastAdmin.
    """
    by.scope("memberships", "update")
    with atomic(ACCOUNTS):
        membership = _locked(by, id=membership_id)
        expect(membership, if_match)
        before = membership.effective_roles
        if roles is not None:
            membership.roles = in_order(roles)
        if approved is not None:
            membership.approved_at = (membership.approved_at or now) if approved else None
        _keep_an_admin(membership)
        if approved and Role.DOCTOR in membership.roles:
            _become_provider(by, membership)
        _end_engagement(by, membership, before, now)
        _save(membership, now)
        action = "membership.approved" if approved else "membership.updated"
        payload = {"roles": membership.roles, "approved": membership.approved_at is not None}
        record_platform(by, action, resource="memberships", resource_id=membership.id, payload=payload)
    return membership


def remove_membership(*, by: Caller, membership_id: UUID, if_match: int | None = None, now: datetime) -> None:
    """End a membership and its sessions; the account stays. Raises NotFound, StaleVersion, LastAdmin."""
    by.scope("memberships", "delete")
    with atomic(ACCOUNTS):
        membership = _locked(by, id=membership_id)
        expect(membership, if_match)
        before, membership.roles = membership.effective_roles, []
        _keep_an_admin(membership)
        _end_engagement(by, membership, before, now)
        end_families(now, account_id=membership.account_id, organization_id=membership.organization_id)
        membership.delete()
        record_platform(by, "membership.removed", resource="memberships", resource_id=membership_id)


def link_patient(*, by: Caller, account_id: UUID, patient_id: UUID, now: datetime) -> None:
    """Staff have confirmed that an account is this patient: it sees its own data from its next refresh on.

    Raises NotFound where the account is no member, AlreadyLinked.
    """
    by.scope("patients", "link")
    _link(by, account_id, now, patient_id=patient_id)


def unlink_patient(*, by: Caller, patient_id: UUID, now: datetime) -> UUID:
    """No account is this patient any more; the one that was sees nothing of it from now on. Gives its id.

    Raises NotLinked.
    """
    by.scope("patients", "link")
    with atomic(ACCOUNTS):
        membership = _locked(by, NotLinked, patient_id=patient_id)
        membership.patient_id = None
        _save(membership, now)
        payload = {"patient_id": str(patient_id)}
        record_platform(by, "membership.unlinked", resource="memberships", resource_id=membership.id, payload=payload)
    return membership.account_id


def link_provider(*, by: Caller, account_id: UUID, provider_id: UUID, now: datetime) -> None:
    """An account is this provider. Raises NotFound where the account is no member, AlreadyLinked."""
    by.scope("providers", "update")
    _link(by, account_id, now, provider_id=provider_id)


def _link(by: Caller, account_id: UUID, now: datetime, **person: UUID) -> None:
    with atomic(ACCOUNTS):
        membership = _locked(by, account_id=account_id)
        [(column, id)] = person.items()
        if getattr(membership, column) not in (None, id):
            raise AlreadyLinked
        if getattr(membership, column) == id:
            return
        setattr(membership, column, id)
        if column == "patient_id":
            membership.roles = in_order({*membership.roles, Role.PATIENT})
        _save(membership, now)
        payload = {column: str(id)}
        record_platform(by, "membership.linked", resource="memberships", resource_id=membership.id, payload=payload)


def _locked(by: Caller, missing: type[DomainError] = NotFound, **which: UUID) -> Membership:
    if by.organization_id is None:
        raise NotPermitted
    take_turns(ACCOUNTS, f"memberships of {by.organization_id}")
    rows = Membership.objects.select_for_update(of=("self",)).select_related("account", "organization")
    membership = rows.filter(organization_id=by.organization_id, **which).first()
    if membership is None:
        raise missing
    return membership


def _keep_an_admin(changed: Membership) -> None:
    admins = Membership.objects.filter(
        organization_id=changed.organization_id,
        roles__contains=[Role.ADMIN],
        approved_at__isnull=False,
        account__is_active=True,
    )
    if Role.ADMIN in changed.effective_roles or not admins.filter(id=changed.id).exists():
        return
    if not admins.exclude(id=changed.id).exists():
        raise LastAdmin


def _become_provider(by: Caller, membership: Membership) -> None:
    with inside(membership.organization_id):
        made = Hooks.provider_for_claim(by, account_id=membership.account_id)
    membership.provider_id = made or membership.provider_id


def _end_engagement(by: Caller, membership: Membership, before: frozenset[str], now: datetime) -> None:
    """Who has the role LAB no more works nowhere, even where they have it again before anybody hears of this."""
    if Role.LAB in before - membership.effective_roles:
        membership.engagement_id = new_id()
        Hooks.engagement_ended(by, membership.account_id, now)


def _save(membership: Membership, now: datetime) -> None:
    membership.version += 1
    membership.authz_version += 1
    membership.authz_changed_at = membership.updated_at = now
    with refusing(ACCOUNTS, **LINKED):
        membership.save(force_update=True)
    take_effect_at_commit()
