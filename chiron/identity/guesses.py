"""A password is looked at only where guessing is not locked out; whoever signs in by password asks here."""

from datetime import datetime
from functools import partial

from chiron.identity import lockouts
from chiron.identity.devices import known_device
from chiron.identity.managers import canonical
from chiron.identity.models import Account
from chiron.identity.passwords import fits


def forget_failures(account: Account) -> None:
    """The account has another password, so what was guessed at the old one counts no more."""
    names = [canonical(account.username), *([bytes(account.email_index).hex()] if account.email_index else [])]
    lockouts.forgive(*(f"password of {name}" for name in names))


def is_right(*, account: Account | None, name: str, password: str, device: str, now: datetime) -> bool:
    """Whether the password is the account's. A failure counts against the name, a known device's against that.

    The same for a name that is nobody's, in work and in what it counts. Raises LockedOut.
    """
    lock = f"password of {known_device(account, device) or canonical(name)}"
    lockouts.attempt(lock, now=now)
    right = fits(password, account.password, partial(_renew, account)) if account else fits(password, None)
    if right:
        lockouts.forgive(lock)
    return right


def _renew(account: Account, password: str) -> None:
    """Hash the same password anew. Sessions stay; where it was changed meanwhile, the change stands."""
    old = account.password
    account.set_password(password)
    if not Account.objects.filter(id=account.id, password=old).update(password=account.password):
        account.password = old
