"""Signing in to the administration. Every outcome is an event of the platform."""

from dataclasses import dataclass, replace
from datetime import datetime

from chiron.audit.public import record_platform
from chiron.identity import limits, lockouts
from chiron.identity.errors import WrongCredentials
from chiron.identity.families import start_family
from chiron.identity.guesses import is_right
from chiron.identity.models import Account, Session
from chiron.identity.seats import seats_of
from chiron.identity.second_factors import is_enrolled
from chiron.identity.services.mfa import accept_code
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.errors import DomainError, TooManyRequests


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who may come in, and when they showed a second factor, where they have one."""

    account: Account
    mfa_at: datetime | None


def admit(*, by: Caller, name: str, password: str, code: str = "", now: datetime) -> Admitted | None:
    """The account of that name and password, with a code of its second factor where it has one, and with a seat.

    None for everybody else, and for whoever has guessed too often; why is told to the platform's trail alone.
    """
    try:
        limits.admit("sign-in", by=by, now=now)
    except TooManyRequests:
        return None
    account = Account.objects.named(name)
    whose = replace(by, account_id=account.id) if account else by
    try:
        right = is_right(account=account, name=name, password=password, device="", now=now)
        if account is None or not right or not account.is_active:
            raise WrongCredentials
        if all(seat.closed for seat in seats_of(account, now)):
            raise WrongCredentials
        return Admitted(account, _second_factor(whose, account, code, now))
    except DomainError as refusal:
        with atomic(ACCOUNTS):
            record_platform(whose, "admin.refused", resource="admin", outcome="denied", payload={"why": refusal.code})
        return None


def open_administration(*, by: Caller, account: Account, mfa_at: datetime | None, now: datetime) -> Session:
    """A session for an account that was just admitted. It is ended like any other, and no token ever belongs to it."""
    with atomic(ACCOUNTS):
        session = start_family(by=by, account=account, organization_id=None, mfa_at=mfa_at, now=now)
        whose = replace(by, account_id=account.id, session_id=session.id, operator=account.is_operator)
        record_platform(whose, "admin.opened", resource="admin", resource_id=session.id)
    return session


def _second_factor(by: Caller, account: Account, code: str, now: datetime) -> datetime | None:
    if not is_enrolled(account.id):
        return None
    lock = f"code of {account.id}"
    lockouts.attempt(lock, now=now)
    with atomic(ACCOUNTS):
        accept_code(by, account, code, lock, now)
    return now
