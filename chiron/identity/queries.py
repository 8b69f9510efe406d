"""Reads of accounts, memberships, sessions and organizations. Looking at other people is an event of the platform."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from chiron.audit.public import record_platform
from chiron.identity.directory import Choice
from chiron.identity.models import Account, Membership, Session
from chiron.identity.policy import scope_of
from chiron.identity.roles import Role
from chiron.kernel.access import Caller, Scope
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.errors import NotFound, NotPermitted, NotSignedIn, invalid
from chiron.kernel.ids import NIL
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.tenancy.public import Organization, all_organizations


def me(by: Caller) -> tuple[Account, Membership | None]:
    """The caller's own account, and the membership with which it signed in.

    Raises NotSignedIn where there is none any more: another process removed it within the last second.
    """
    by.scope("me", "read")
    if by.membership_id is None:
        account = Account.objects.filter(id=by.account_id or NIL).first()
        if account is None:
            raise NotSignedIn
        return account, None
    membership = Membership.objects.select_related("account", "organization").filter(id=by.membership_id).first()
    if membership is None:
        raise NotSignedIn
    return membership.account, membership


def locale_of(account: Account, of_organization: str = "") -> str:
    """The locale in which an account is written to: its own choice, else the organization's, which is where it is not
    said that of the one it joined first."""
    if account.locale or of_organization:
        return account.locale or of_organization
    joined = Membership.objects.filter(account=account).order_by("id").values_list("organization__locale", flat=True)
    return joined.first() or ""


def own_sessions(by: Caller, query: PageQuery, now: datetime) -> Page[Session]:
    """The sessions of the caller's account that still stand, the newest first."""
    by.scope("sessions", "read")
    standing = Session.objects.filter(revoked_at=None, expires_at__gt=now)
    return page(standing.filter(account=by.account_id) if by.account_id else standing.none(), query)


def users(by: Caller, query: PageQuery, role: Role) -> Page[Membership]:
    """The members of the caller's organization who have that role, or asked for it."""
    by.scope("users", "read")
    found = page(_members(by).filter(roles__contains=[role]), query)
    _seen(by, "user.listed", "users", {"role": role})
    return found


def memberships(by: Caller, query: PageQuery) -> Page[Membership]:
    """All members of the caller's organization, the newest first."""
    by.scope("memberships", "read")
    found = page(_members(by), query)
    _seen(by, "membership.listed", "memberships")
    return found


def membership(by: Caller, membership_id: UUID) -> Membership:
    """One member of the caller's organization. Raises NotFound."""
    by.scope("memberships", "read")
    found = _members(by).filter(id=membership_id).first()
    if found is None:
        raise NotFound
    _seen(by, "membership.read", "memberships", resource_id=membership_id)
    return found


def accounts_with(role: Role, organization_id: UUID) -> list[UUID]:
    """The active accounts that have a role in an organization, for jobs that tell them something."""
    members = Membership.objects.filter(organization_id=organization_id, roles__contains=[role])
    approved = members.filter(approved_at__isnull=False, account__is_active=True)
    return list(approved.order_by("id").values_list("account_id", flat=True))


def engagement_of(account_id: UUID, organization_id: UUID) -> UUID | None:
    """What names the unbroken time for which an account is a member as it is now; None for who is none."""
    member = Membership.objects.filter(account_id=account_id, organization_id=organization_id)
    return member.values_list("engagement_id", flat=True).first()


def caller_of(membership_id: UUID) -> Caller | None:
    """Who a member is as of now, for what is done for people who are not here: without a session, and so without a
    second factor. None where the membership is gone, its account disabled, or its organization suspended."""
    return _standing(id=membership_id)


def caller_by_mail(account_id: UUID, organization_id: UUID) -> Caller:
    """A member as the caller who holds a link from a mail of ours. Raises NotFound for whom `caller_of` knows none."""
    caller = _standing(account_id=account_id, organization_id=organization_id)
    if caller is None:
        raise NotFound
    return replace(caller, device="link in a mail")


def _standing(**where: UUID) -> Caller | None:
    members = Membership.objects.filter(account__is_active=True, organization__suspended_at=None)
    member = members.filter(**where).first()
    if member is None:
        return None
    return Caller(
        account_id=member.account_id, organization_id=member.organization_id, roles=member.effective_roles,
        membership_id=member.id, provider_id=member.provider_id, patient_id=member.patient_id,
    )  # fmt: skip


def who_answers_for_privacy(organization_id: UUID) -> list[UUID]:
    """The accounts that are told of a broken glass: the privacy officers, else the admins."""
    return accounts_with(Role.PRIVACY_OFFICER, organization_id) or accounts_with(Role.ADMIN, organization_id)


def accounts_of(
    organization_id: UUID,
    *,
    patients: Collection[UUID] = (),
    providers: Collection[UUID] = (),
    accounts: Collection[UUID] = (),
) -> set[UUID]:
    """The active accounts with which those patients and providers sign in there, and which of those accounts still do.

    For those who tell them something: it says nothing to any caller.
    """
    meant = Q(patient_id__in=patients) | Q(provider_id__in=providers) | Q(account_id__in=accounts)
    members = Membership.objects.filter(meant, organization_id=organization_id)
    return set(members.filter(approved_at__isnull=False, account__is_active=True).values_list("account_id", flat=True))


def accounts_of_patients(organization_id: UUID, patient_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The active accounts that are these patients, by patient; who has none is absent."""
    members = Membership.objects.filter(organization_id=organization_id, patient_id__in=set(patient_ids))
    known = members.filter(account__is_active=True).values_list("patient_id", "account_id")
    return {patient_id: account_id for patient_id, account_id in known if patient_id}


def account_names(by: Caller, account_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """The user names of those accounts, of members of the caller's organization; nobody's where the policy says so."""
    if by.organization_id is None or scope_of(by, "memberships", "read") is Scope.NONE:
        return {}
    members = _members(by).filter(account__in={each for each in account_ids if each})
    names = {each.account_id: each.account.username for each in members}
    if names:
        _seen(by, "membership.listed", "memberships")
    return names


def organizations(by: Caller, query: PageQuery) -> Page[Organization]:
    """All organizations, the newest first; an admin's own alone."""
    return page(_organizations_within(by, by.scope("organizations", "read")), query)


def organization(by: Caller, organization_id: UUID) -> Organization:
    """One organization. Raises NotFound."""
    found = _organizations_within(by, by.scope("organizations", "read")).filter(id=organization_id).first()
    if found is None:
        raise NotFound
    return found


def organization_to_join(choice: Choice) -> Organization:
    """Where somebody registers: the organization named, or the only one there is. Raises Invalid."""
    try:
        named = choice.organization()
    except NotFound:
        raise invalid("is not an organization here", "body", "organization") from None
    if named is not None:
        return named
    known = all_organizations()
    if len(known) != 1:
        raise invalid("is required", "body", "organization")
    return known[0]


def _organizations_within(by: Caller, scope: Scope) -> "QuerySet[Organization]":
    everywhere = Organization.objects.all()
    return everywhere if scope is Scope.ORGANIZATION else everywhere.filter(id=by.organization_id or NIL)


def _members(by: Caller) -> "QuerySet[Membership]":
    if by.organization_id is None:
        raise NotPermitted
    return Membership.objects.select_related("account", "organization").filter(organization_id=by.organization_id)


def _seen(
    by: Caller, action: str, resource: str, payload: dict[str, str] | None = None, resource_id: UUID | None = None
) -> None:
    with atomic(ACCOUNTS):
        record_platform(by, action, resource=resource, resource_id=resource_id, payload=payload)
