"""Mail to the owners of accounts, and housekeeping. Jobs carry the account's id; codes are made when the mail is."""

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings

from chiron.identity.email import email_of, former_email_of
from chiron.identity.models import Account
from chiron.identity.queries import locale_of
from chiron.identity.recovery import ADDRESS, RESET, code_for
from chiron.identity.services import sweeping
from chiron.jobs.public import job
from chiron.kernel import clock
from chiron.kernel.letters import letter
from chiron.kernel.mail import send_mail


@job("identity.sweep_sign_in", every="37 * * * *")
def sweep_sign_in() -> None:
    """Old codes, limits, lockouts and sessions are removed."""
    sweeping.sweep_sign_in(clock.now())


@job("identity.send_reset_code")
def send_reset_code(*, account_id: UUID) -> None:
    """Mail a code for another password; for nobody, and for who has no address, nothing."""
    account = Account.objects.filter(id=account_id, is_active=True).first()
    if account:
        _tell(account, "reset_code", link=_link("reset-password", RESET, account))


@job("identity.send_address_code")
def send_address_code(*, account_id: UUID) -> None:
    """Mail a code that verifies the address it is mailed to."""
    account = Account.objects.filter(id=account_id, is_active=True).first()
    if account:
        _tell(account, "address_code", link=_link("verify-email", ADDRESS, account))


@job("identity.tell_password_changed")
def tell_password_changed(*, account_id: UUID) -> None:
    """Tell the owner that the password was changed."""
    _tell(Account.objects.filter(id=account_id).first(), "password_changed")


@job("identity.tell_address_changed")
def tell_address_changed(*, account_id: UUID) -> None:
    """Tell the address that was the account's that it is not any more."""
    account = Account.objects.filter(id=account_id).first()
    address = former_email_of(account) if account else None
    if account and address:
        send_mail(to=address, letter=letter("chiron.identity", "address_changed", locale_of(account)))


@job("identity.tell_second_factor_changed")
def tell_second_factor_changed(*, account_id: UUID) -> None:
    """Tell the owner that the second factor was turned on or off, or its backup codes were renewed."""
    _tell(Account.objects.filter(id=account_id).first(), "second_factor_changed")


@job("identity.tell_session_stolen")
def tell_session_stolen(*, account_id: UUID) -> None:
    """Tell the owner that a refresh token was used twice."""
    _tell(Account.objects.filter(id=account_id).first(), "session_stolen")


@job("identity.tell_of_broken_glass")
def tell_of_broken_glass(*, account_id: UUID) -> None:
    """Tell one of those who answer for privacy that there is a broken glass to look at."""
    _tell(Account.objects.filter(id=account_id, is_active=True).first(), "broken_glass")


def _link(page: str, purpose: str, account: Account) -> str:
    """The address of a page of the front end, with a code for it."""
    return f"{settings.PUBLIC_URL}/{page}?{urlencode({'code': code_for(purpose, account, clock.now())})}"


def _tell(account: Account | None, name: str, **facts: str) -> None:
    address = email_of(account) if account else None
    if account and address:
        send_mail(to=address, letter=letter("chiron.identity", name, locale_of(account), **facts))
