"""Signing in to the administration. Every outcome is an event of the platform."""

from dataclasses import replace
from datetime import datetime

from chiron.audit.public import record_platform
from chiron.identity.families import start_family
from chiron.identity.guesses import is_right
from chiron.identity.models import Account, Session
from chiron.identity.seats import seats_of
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.errors import LockedOut


def admit(*, by: Caller, name: str, password: str, now: datetime) -> Account | None:
    """The account of that name and password, where it has a seat in the administration; None for everybody else, and
    for whoever has guessed too often.
    """
    account = Account.objects.named(name)
    try:
        right = is_right(account=account, name=name, password=password, device="", now=now)
    except LockedOut:
        right = False
    if account is not None and right and account.is_active and any(not seat.is_suspended for seat in seats_of(account)):
        return account
    with atomic(ACCOUNTS):
        whose = replace(by, account_id=account.id) if account else by
        record_platform(whose, "admin.refused", resource="admin", outcome="denied")
    return None


def open_administration(*, by: Caller, account: Account, now: datetime) -> Session:
    """A session for an account that was just admitted. It is ended like any other, and no token ever belongs to it."""
    with atomic(ACCOUNTS):
        session = start_family(by=by, account=account, organization_id=None, now=now)
        whose = replace(by, account_id=account.id, session_id=session.id, operator=account.is_operator)
        record_platform(whose, "admin.opened", resource="admin", resource_id=session.id)
    return session
