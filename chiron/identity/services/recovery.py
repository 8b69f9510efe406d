"""Getting back in with the help of one's mailbox."""

from datetime import datetime

from chiron.audit.public import record_platform
from chiron.identity import tasks
from chiron.identity.alarms import Alarm, alarm
from chiron.identity.email import email_index, email_of
from chiron.identity.errors import AccountExists
from chiron.identity.families import end_families
from chiron.identity.guesses import forget_failures
from chiron.identity.limits import take
from chiron.identity.models import Account
from chiron.identity.passwords import must_be_strong
from chiron.identity.recovery import ADDRESS, RESET, account_of
from chiron.jobs.public import enqueue_from_accounts
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic, refusing
from chiron.kernel.ids import NIL


def ask_for_reset(*, by: Caller, email: str, now: datetime) -> None:
    """Have a code sent to that address if it is an account's; nothing here tells whether it is.

    The same is done for every address, and a job of nobody sends nothing. Raises TooManyRequests.
    """
    index = email_index(email)
    take("reset.mailbox", index.hex(), now)
    account = Account.objects.filter(email_index=index, is_active=True).first()
    account_id = account.id if account else None
    with atomic(ACCOUNTS):
        enqueue_from_accounts(tasks.send_reset_code, account_id=account_id or NIL)
        record_platform(by, "password.reset_asked", resource="accounts", resource_id=account_id)


def reset_password(*, by: Caller, code: str, password: str, now: datetime) -> None:
    """Take another password with a code; every session of the account ends. A second factor is still asked for.

    Raises CodeRefused, Invalid for a weak password.
    """
    must_be_strong(password)
    with atomic(ACCOUNTS):
        account = account_of(RESET, code, now)
        account.set_password(password)
        account.email_verified_at = account.email_verified_at or now
        account.save(update_fields=["password", "email_verified_at"])
        end_families(now, account_id=account.id)
        forget_failures(account)
        enqueue_from_accounts(tasks.tell_password_changed, account_id=account.id)
        alarm(account.id, Alarm.PASSWORD, about=account.id, now=now)
        record_platform(by, "password.reset", resource="accounts", resource_id=account.id)


def verify_address(*, by: Caller, code: str, now: datetime) -> None:
    """Whoever has the code reads the account's mail, so the account is found by it, though another had only named it.

    Raises CodeRefused, AccountExists where another account verifies the same address at this moment.
    """
    with atomic(ACCOUNTS):
        account = account_of(ADDRESS, code, now)
        account.email_verified_at = now
        account.email_index = _index_won(account)
        with refusing(ACCOUNTS, one_account_per_email=AccountExists):
            account.save(update_fields=["email_verified_at", "email_index"])
        record_platform(by, "account.address_verified", resource="accounts", resource_id=account.id)


def _index_won(account: Account) -> bytes | None:
    """The index of the account's address, taken from whoever had not verified it; None where somebody had."""
    index = email_index(email_of(account) or "")
    others = Account.objects.filter(email_index=index).exclude(id=account.id)
    others.filter(email_verified_at=None).update(email_index=None)
    return None if others.exists() else index


def ask_for_verification(*, by: Caller) -> None:
    """Have the code for one's own address sent once more."""
    by.scope("me", "update")
    with atomic(ACCOUNTS):
        enqueue_from_accounts(tasks.send_address_code, account_id=by.account_id or NIL)
        record_platform(by, "account.verification_asked", resource="accounts", resource_id=by.account_id)
