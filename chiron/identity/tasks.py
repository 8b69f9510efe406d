"""Mail to the owners of accounts, and housekeeping. Jobs carry the account's id; codes are made when the mail is."""

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings

from chiron.identity.email import email_of, former_email_of
from chiron.identity.models import Account
from chiron.identity.recovery import ADDRESS, RESET, code_for
from chiron.identity.services import sweeping
from chiron.jobs.public import job
from chiron.kernel import clock
from chiron.kernel.mail import send_mail

CODE = """{greeting}

{link}

{otherwise}
"""
CHANGED = """{what}

If it was you, there is nothing to do. If not, choose another password at once ("forgotten password" on the sign-in
page), and tell your organization.
"""


@job("identity.sweep_sign_in", every="37 * * * *")
def sweep_sign_in() -> None:
    """Old codes, limits, lockouts and sessions are removed."""
    sweeping.sweep_sign_in(clock.now())


@job("identity.send_reset_code")
def send_reset_code(*, account_id: UUID) -> None:
    """Mail a code for another password; for nobody, and for who has no address, nothing."""
    _send_code(
        account_id,
        RESET,
        subject="Choose another password",
        greeting="Somebody, you we hope, asked for another password. This link is good for one hour, and once:",
        otherwise="If it was not you, there is nothing to do: without the link nothing changes.",
    )


@job("identity.send_address_code")
def send_address_code(*, account_id: UUID) -> None:
    """Mail a code that verifies the address it is mailed to."""
    _send_code(
        account_id,
        ADDRESS,
        subject="Confirm your e-mail address",
        greeting="This link confirms that this is your address. It is good for a week:",
        otherwise="If you made no account, there is nothing to do.",
    )


@job("identity.tell_password_changed")
def tell_password_changed(*, account_id: UUID) -> None:
    """Tell the owner that the password was changed."""
    _tell(account_id, "The password of your account was changed, and its other sessions were ended.")


@job("identity.tell_address_changed")
def tell_address_changed(*, account_id: UUID) -> None:
    """Tell the address that was the account's that it is not any more."""
    account = Account.objects.filter(id=account_id).first()
    address = former_email_of(account) if account else None
    if address:
        send_mail(to=address, subject="A change to your account", body=CHANGED.format(what=MOVED))


@job("identity.tell_second_factor_changed")
def tell_second_factor_changed(*, account_id: UUID) -> None:
    """Tell the owner that the second factor was turned on or off, or its backup codes were renewed."""
    _tell(account_id, "The second factor of your account was turned on, turned off or renewed.")


@job("identity.tell_session_stolen")
def tell_session_stolen(*, account_id: UUID) -> None:
    """Tell the owner that a refresh token was used twice."""
    _tell(account_id, "A session of your account was used from two places at once, and was ended.")


MOVED = "Your account has another e-mail address from now on; this one is not used any more."
GLASS = """In your organization somebody broke the glass: they could read a patient's records without being assigned to
the patient, and said why.

Look at it, and say that you have: the list of broken glass is in the administration.
"""


@job("identity.tell_of_broken_glass")
def tell_of_broken_glass(*, account_id: UUID) -> None:
    """Tell one of those who answer for privacy that there is a broken glass to look at."""
    account = Account.objects.filter(id=account_id, is_active=True).first()
    address = email_of(account) if account else None
    if address:
        send_mail(to=address, subject="A broken glass to look at", body=GLASS)


def _send_code(account_id: UUID, purpose: str, *, subject: str, greeting: str, otherwise: str) -> None:
    account = Account.objects.filter(id=account_id, is_active=True).first()
    address = email_of(account) if account else None
    if account and address:
        page = "reset-password" if purpose == RESET else "verify-email"
        query = urlencode({"code": code_for(purpose, account, clock.now())})
        link = f"{settings.PUBLIC_URL}/{page}?{query}"
        send_mail(to=address, subject=subject, body=CODE.format(greeting=greeting, link=link, otherwise=otherwise))


def _tell(account_id: UUID, what: str) -> None:
    account = Account.objects.filter(id=account_id).first()
    address = email_of(account) if account else None
    if address:
        send_mail(to=address, subject="A change to your account", body=CHANGED.format(what=what))
