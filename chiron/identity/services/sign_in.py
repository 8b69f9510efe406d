"""Signing in, staying signed in, signing out."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chiron.audit.public import record_platform
from chiron.identity import families, passwords, tokens
from chiron.identity.errors import ChooseOrganization, OrganizationSuspended, RefreshRefused, WrongCredentials
from chiron.identity.models import Account, Membership, Session
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in or a refresh gives: two tokens, and who it is."""

    access: str
    refresh: str
    account: Account
    membership: Membership | None


def sign_in(*, by: Caller, name: str, password: str, organization: str | None, now: datetime) -> SignedIn:
    """Open a session for the account of that user name or e-mail address.

    ``organization`` is a slug, a domain or None. Raises WrongCredentials alike for an unknown account, a wrong password,
    a disabled account and an organization that it is no member of; ChooseOrganization where several are possible;
    OrganizationSuspended. Every outcome is an event of the platform.
    """
    account = Account.objects.named(name)
    right = passwords.fits(password, account.password if account else None)
    if account is None or not right or not account.is_active:
        record_platform(by, "session.refused", resource="sessions", outcome="denied")
        raise WrongCredentials
    try:
        membership = _chosen(account, organization)
    except WrongCredentials:
        record_platform(by, "session.refused", resource="sessions", resource_id=account.id, outcome="denied")
        raise
    return begin(by=by, account=account, membership=membership, now=now)


def begin(*, by: Caller, account: Account, membership: Membership | None, now: datetime) -> SignedIn:
    """Open a session for an account that has proved who it is."""
    with atomic(ACCOUNTS):
        session = families.open_session(account, membership, by, now)
        organization_id = membership.organization_id if membership else None
        caller = Caller(
            account_id=account.id, organization_id=organization_id, session_id=session.id,
            address=by.address, device=by.device, request_id=by.request_id,
        )  # fmt: skip
        record_platform(caller, "session.opened", resource="sessions", resource_id=session.id)
    return _signed_in(session, account, membership, now)


def refresh(*, token: str, now: datetime) -> SignedIn:
    """A new access token and the successor of a refresh token. Raises RefreshRefused, OrganizationSuspended."""
    session = families.rotate(token, now)
    membership = session.membership
    if membership is None and not session.account.is_operator:
        raise RefreshRefused
    if membership is not None and membership.organization.suspended_at:
        raise OrganizationSuspended
    return _signed_in(session, session.account, membership, now)


def sign_out(*, by: Caller, now: datetime) -> None:
    """End the caller's session; its tokens are refused from the next call on."""
    with atomic(ACCOUNTS):
        families.end_sessions(now, id=by.session_id)
        record_platform(by, "session.closed", resource="sessions", resource_id=by.session_id)


def sign_out_everywhere(*, by: Caller, now: datetime) -> None:
    """End all sessions of the caller's account."""
    with atomic(ACCOUNTS):
        families.end_sessions(now, account_id=by.account_id)
        record_platform(by, "session.closed-all", resource="sessions")


def revoke_session(*, by: Caller, session_id: UUID, now: datetime) -> None:
    """End one of the caller's own sessions. Raises NotFound."""
    with atomic(ACCOUNTS):
        if not families.end_sessions(now, id=session_id, account_id=by.account_id):
            raise NotFound
        record_platform(by, "session.revoked", resource="sessions", resource_id=session_id)


def _chosen(account: Account, organization: str | None) -> Membership | None:
    memberships = list(Membership.objects.filter(account=account).select_related("organization").order_by("id"))
    if organization is not None:
        named = [each for each in memberships if organization in (each.organization.slug, *each.organization.domains)]
        if not named:
            raise WrongCredentials
        memberships = named
    if not memberships and not account.is_operator:
        raise WrongCredentials
    if len(memberships) > 1:
        raise ChooseOrganization
    if memberships and memberships[0].organization.suspended_at:
        raise OrganizationSuspended
    return memberships[0] if memberships else None


def _signed_in(session: Session, account: Account, membership: Membership | None, now: datetime) -> SignedIn:
    access = tokens.issue(account, membership, session, now)
    return SignedIn(access, families.token_of(session), account, membership)
