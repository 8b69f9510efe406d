"""Signing in, staying signed in, signing out. Every outcome is an event of the platform."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chiron.audit.public import record_platform
from chiron.identity import tokens
from chiron.identity.alarms import Alarm, alarm
from chiron.identity.challenges import Challenge, challenge
from chiron.identity.devices import known_device
from chiron.identity.directory import Choice
from chiron.identity.errors import (
    ChooseOrganization,
    OrganizationSuspended,
    RefreshRefused,
    SecondFactorMissing,
    WrongCredentials,
)
from chiron.identity.families import end_families, refresh_token_of, start_family, take_turn
from chiron.identity.guesses import is_right
from chiron.identity.models import Account, Membership, Session
from chiron.identity.second_factors import is_enrolled
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.errors import DomainError, NotFound


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in or a refresh gives: two tokens, and who it is."""

    access: str
    refresh: str
    session_id: UUID
    account: Account
    membership: Membership | None


def sign_in(
    *, by: Caller, name: str, password: str, choice: Choice, device: str = "", now: datetime
) -> SignedIn | Challenge:
    """Open a session for the account of that user name or e-mail address, or ask for its second factor.

    Guesses are bounded for the name that was typed, whether or not it is an account's; for the owner's known `device`
    they are counted apart.

    Raises WrongCredentials alike for an unknown account, a wrong password, a disabled account and an organization that
    it does not belong to; ChooseOrganization where it belongs to several; OrganizationSuspended; LockedOut.
    """
    account = Account.objects.named(name)
    try:
        right = is_right(account=account, name=name, password=password, device=device, now=now)
        if account is None or not right or not account.is_active:
            raise WrongCredentials
        membership = _membership(account, choice)
        try:
            return begin(by=by, account=account, membership=membership, device=device, now=now)
        except SecondFactorMissing:
            return _challenged(by, account, membership, now)
    except DomainError as refusal:
        with atomic(ACCOUNTS):
            whose = replace(by, account_id=account.id) if account else by
            payload = {"why": refusal.code}
            record_platform(whose, "session.refused", resource="sessions", outcome="denied", payload=payload)
        raise


def begin(
    *,
    by: Caller,
    account: Account,
    membership: Membership | None,
    mfa_at: datetime | None = None,
    device: str | None = None,
    now: datetime,
) -> SignedIn:
    """Open a session for an account that has proved who it is; an operator's without a membership.

    The owner is told of a `device` that is not known. Account and membership are locked, so that whoever disables or
    removes them ends this session too.
    Raises WrongCredentials where that has just happened or the password is another now, and, whatever the way that led
    here, SecondFactorMissing where the account has one and `mfa_at` does not say that it was shown.
    """
    with atomic(ACCOUNTS):
        standing = Account.objects.filter(id=account.id, is_active=True, password=account.password)
        if not standing.select_for_update(no_key=True).exists():
            raise WrongCredentials
        if mfa_at is None and is_enrolled(account.id):
            raise SecondFactorMissing
        if membership is not None:
            membership = _locked(membership.id)
        organization_id = membership.organization_id if membership else None
        session = start_family(by=by, account=account, organization_id=organization_id, mfa_at=mfa_at, now=now)
        if device is not None and not known_device(account, device):
            alarm(account.id, Alarm.DEVICES, about=session.id, now=now)
        whose = replace(by, account_id=account.id, organization_id=organization_id, session_id=session.id)
        record_platform(whose, "session.opened", resource="sessions", resource_id=session.id)
    return signed_in(session, account, membership, now)


def refresh(*, by: Caller, token: str, now: datetime) -> SignedIn:
    """New tokens for a refresh token, with the roles of now. Raises RefreshRefused, OrganizationSuspended."""
    session = take_turn(by=by, token=token, now=now)
    membership = None
    if session.organization is not None:
        membership = _membership_of(session)
    if membership is None and (session.organization is not None or not session.account.is_operator):
        raise RefreshRefused
    return signed_in(session, session.account, membership, now)


def sign_out(*, by: Caller, now: datetime) -> None:
    """End the caller's session; its tokens are refused from the next call on."""
    by.scope("sessions", "delete")
    with atomic(ACCOUNTS):
        end_families(now, id=by.session_id)
        record_platform(by, "session.closed", resource="sessions", resource_id=by.session_id)


def sign_out_everywhere(*, by: Caller, now: datetime) -> None:
    """End all sessions of the caller's account, in every organization."""
    by.scope("sessions", "delete")
    with atomic(ACCOUNTS):
        ended = end_families(now, account_id=by.account_id)
        record_platform(by, "session.closed-all", resource="sessions", payload={"sessions": [str(id) for id in ended]})


def end_session(*, by: Caller, session_id: UUID, now: datetime) -> None:
    """End one of the caller's own sessions. Raises NotFound where there is no such standing session."""
    by.scope("sessions", "delete")
    with atomic(ACCOUNTS):
        if not end_families(now, id=session_id, account_id=by.account_id):
            raise NotFound
        record_platform(by, "session.closed", resource="sessions", resource_id=session_id)


def revoke_session(*, by: Caller, session_id: UUID, now: datetime) -> None:
    """The platform operator ends anybody's session. Raises NotFound where there is no such standing session."""
    by.scope("accounts", "update")
    with atomic(ACCOUNTS):
        if not end_families(now, id=session_id):
            raise NotFound
        record_platform(by, "session.revoked", resource="sessions", resource_id=session_id)


def _membership(account: Account, choice: Choice) -> Membership | None:
    """The membership that is meant. An operator who names none of their own signs in as the operator."""
    mine = Membership.objects.filter(account=account).select_related("organization").order_by("id")
    try:
        named = choice.organization()
    except NotFound:
        raise WrongCredentials from None
    found = list(mine.filter(organization=named) if named else mine[:2])
    if account.is_operator and (named is None or not found):
        return None
    if not found:
        raise WrongCredentials
    if len(found) > 1:
        raise ChooseOrganization
    if found[0].organization.suspended_at is not None:
        raise OrganizationSuspended
    return found[0]


def _membership_of(session: Session) -> Membership | None:
    found = Membership.objects.select_related("organization")
    return found.filter(account=session.account, organization=session.organization).first()


def _locked(membership_id: UUID) -> Membership:
    rows = Membership.objects.select_for_update(of=("self",), no_key=True).select_related("account", "organization")
    membership = rows.filter(id=membership_id).first()
    if membership is None:
        raise WrongCredentials
    return membership


def _challenged(by: Caller, account: Account, membership: Membership | None, now: datetime) -> Challenge:
    organization_id = membership.organization_id if membership else None
    with atomic(ACCOUNTS):
        whose = replace(by, account_id=account.id, organization_id=organization_id)
        record_platform(whose, "session.challenged", resource="sessions")
    return challenge(account, membership, now)


def signed_in(session: Session, account: Account, membership: Membership | None, now: datetime) -> SignedIn:
    """The tokens of a session, with the roles of now."""
    access = tokens.issue(session, account, membership, now)
    return SignedIn(access, refresh_token_of(session), session.id, account, membership)
