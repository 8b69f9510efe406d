"""Codes sent by e-mail: they prove that whoever uses them reads the account's mail, once and for a while."""

from datetime import datetime, timedelta
from struct import Struct
from uuid import UUID

from chiron.identity.email import email_index, email_of
from chiron.identity.errors import CodeRefused
from chiron.identity.models import Account
from chiron.identity.signed import body_of, is_ours, sign

BODY = Struct(">16sQ")
RESET, ADDRESS = "password reset", "e-mail address"
LIFETIMES = {RESET: timedelta(hours=1), ADDRESS: timedelta(days=7)}


def code_for(purpose: str, account: Account, now: datetime) -> str:
    """A code for this purpose. It dies when it is used, and whenever what it is for changes in another way."""
    until = int((now + LIFETIMES[purpose]).timestamp())
    return sign(purpose, BODY.pack(account.id.bytes, until), _bound_to(purpose, account))


def account_of(purpose: str, code: str, now: datetime) -> Account:
    """Whose code it is; the account is locked for the change. Raises CodeRefused for whatever is none that holds."""
    try:
        body = body_of(code, BODY.size)
    except ValueError:
        raise CodeRefused from None
    account_id, until = BODY.unpack(body)
    account = Account.objects.select_for_update().filter(id=UUID(bytes=account_id), is_active=True).first()
    if account is None or not is_ours(purpose, code, body, _bound_to(purpose, account)) or until < now.timestamp():
        raise CodeRefused
    return account


def _bound_to(purpose: str, account: Account) -> str:
    if purpose == RESET:
        return account.password
    address = email_of(account) or ""
    return f"{email_index(address).hex()} {account.email_verified_at}"
