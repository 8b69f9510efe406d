"""Memberships: who has which roles in an organization. Whatever changes rights takes effect at once."""

from datetime import datetime
from uuid import UUID

from chiron.audit.public import record_platform
from chiron.identity.errors import AlreadyMember, LastAdmin
from chiron.identity.hooks import Hooks
from chiron.identity.models import Account, Membership
from chiron.identity.revocations import take_effect
from chiron.identity.roles import Role
from chiron.identity.services.accounts import make_account
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic, refusing, take_turns
from chiron.kernel.errors import NotFound
from chiron.kernel.versions import expect
from chiron.tenancy.public import inside


def add_membership(*, by: Caller, account: Account, roles: list[str], now: datetime) -> Membership:
    """Make an account a member of the caller's organization, approved. Raises AlreadyMember."""
    by.scope("memberships", "create")
    with atomic(ACCOUNTS), refusing(ACCOUNTS, one_membership_in_an_organization=AlreadyMember):
        membership = Membership(
            account=account, organization_id=by.organization_id, roles=sorted(set(roles)), approved_at=now
        )
        membership.save(force_insert=True)
        record_platform(by, "membership.created", resource="memberships", resource_id=membership.id)
    return membership


def change_membership(
    *, by: Caller, membership_id: UUID, roles: list[str] | None, approved: bool | None, if_match: int | None, now: datetime
) -> Membership:
    """Change roles, or approve (a doctor: a provider is made from the claim). Raises NotFound, LastAdmin, StaleVersion."""
    by.scope("memberships", "update")
    with atomic(ACCOUNTS):
        take_turns(ACCOUNTS, f"memberships {by.organization_id}")
        membership = _locked(by, membership_id)
        expect(membership, if_match)
        if roles is not None:
            membership.roles = sorted(set(roles))
        if approved is not None:
            membership.approved_at = (membership.approved_at or now) if approved else None
        _keep_an_admin(by, membership)
        if membership.approved_at and Role.DOCTOR in membership.roles and membership.provider_id is None:
            with inside(membership.organization_id):
                membership.provider_id = Hooks.provider_for_claim(by, account_id=membership.account_id)
        _changed(membership, now)
        record_platform(by, "membership.updated", resource="memberships", resource_id=membership.id,
                        payload={"roles": membership.roles, "approved": bool(membership.approved_at)})  # fmt: skip
    return membership


def end_membership(*, by: Caller, membership_id: UUID, now: datetime) -> None:
    """Take all rights away and keep the row for the audit trail's sake. Raises NotFound, LastAdmin."""
    by.scope("memberships", "delete")
    with atomic(ACCOUNTS):
        take_turns(ACCOUNTS, f"memberships {by.organization_id}")
        membership = _locked(by, membership_id)
        membership.roles = []
        _keep_an_admin(by, membership)
        _changed(membership, now)
        record_platform(by, "membership.ended", resource="memberships", resource_id=membership.id)


def link(*, by: Caller, account_id: UUID, now: datetime, **person: UUID) -> None:
    """Say that an account is this patient (``patient_id=``) or this provider (``provider_id=``). Raises NotFound.

    Permission was asked by the app above that confirmed it.
    """
    with atomic(ACCOUNTS):
        membership = (
            Membership.objects.select_for_update()
            .filter(account_id=account_id, organization_id=by.organization_id)
            .first()
        )
        if membership is None:
            raise NotFound
        for name, value in person.items():
            setattr(membership, name, value)
        _changed(membership, now)
        record_platform(by, "membership.linked", resource="memberships", resource_id=membership.id)


def _locked(by: Caller, membership_id: UUID) -> Membership:
    membership = (
        Membership.objects.select_for_update(of=("self",))
        .select_related("account", "organization")
        .filter(id=membership_id, organization_id=by.organization_id)
        .first()
    )
    if membership is None:
        raise NotFound
    return membership


def _keep_an_admin(by: Caller, changed: Membership) -> None:
    if Role.ADMIN in changed.effective_roles:
        return
    others = Membership.objects.filter(
        organization_id=by.organization_id, roles__contains=[Role.ADMIN], approved_at__isnull=False
    ).exclude(id=changed.id)
    if not others.exists():
        raise LastAdmin


def _changed(membership: Membership, now: datetime) -> None:
    membership.version += 1
    membership.authz_version += 1
    membership.authz_changed_at = membership.updated_at = now
    membership.save()
    take_effect()


def account_for(username: str, email: str | None, password: str | None) -> Account:
    """The account of that user name; a new one where a password is given. Raises NotFound, UsernameTaken, Invalid."""
    if password is not None:
        return make_account(username=username, email=email or "", password=password)
    account = Account.objects.filter(username__iexact=username, is_active=True).first()
    if account is None:
        raise NotFound
    return account
