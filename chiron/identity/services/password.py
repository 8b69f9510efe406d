"""Changing one's own password."""

from datetime import datetime

from chiron.audit.public import record_platform
from chiron.identity import tasks
from chiron.identity.alarms import Alarm, alarm
from chiron.identity.errors import StepUpRequired
from chiron.identity.families import end_families
from chiron.identity.models import Session
from chiron.identity.passwords import must_be_strong
from chiron.identity.rules import is_fresh
from chiron.identity.second_factors import is_enrolled
from chiron.identity.services.mfa import confirmed_account
from chiron.jobs.public import enqueue_from_accounts
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.ids import NIL


def change_password(*, by: Caller, old_password: str, password: str, now: datetime) -> None:
    """Take another password; every session of the account ends but the caller's own.

    Raises NotConfirmed unless the old password is right, StepUpRequired where the account has a second factor that the
    session has not shown within five minutes, Invalid for a weak password.
    """
    by.scope("password", "update")
    with atomic(ACCOUNTS):
        account = confirmed_account(by, old_password)
        session = Session.objects.filter(id=by.session_id or NIL).first()
        if is_enrolled(account.id) and not is_fresh(session.mfa_at if session else None, now):
            raise StepUpRequired
        must_be_strong(password)
        account.set_password(password)
        account.save(update_fields=["password"])
        end_families(now, account_id=account.id, besides=by.session_id)
        enqueue_from_accounts(tasks.tell_password_changed, account_id=account.id)
        alarm(account.id, Alarm.PASSWORD, about=account.id, now=now)
        record_platform(by, "password.changed", resource="accounts", resource_id=account.id)
