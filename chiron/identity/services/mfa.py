"""Second factors: setting one up, showing it, taking it away. Every outcome is an event of the platform."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import pyotp
import segno

from chiron.audit.public import record_platform
from chiron.identity import lockouts, tasks
from chiron.identity.alarms import Alarm, alarm
from chiron.identity.challenges import challenged
from chiron.identity.devices import known_device
from chiron.identity.errors import NotConfirmed, SecondFactorOff, SecondFactorOn, WrongCode
from chiron.identity.families import end_families
from chiron.identity.models import Account, Membership, SecondFactor, Session
from chiron.identity.passwords import fits
from chiron.identity.second_factors import (
    forget_second_factor,
    is_enrolled,
    new_backup_codes,
    spend,
    spend_step,
)
from chiron.identity.services.sign_in import SignedIn, begin, signed_in
from chiron.jobs.public import enqueue_from_accounts
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.errors import DomainError, NotSignedIn
from chiron.kernel.ids import NIL
from chiron.vault.public import platform_safe

ISSUER = "Chiron"


@dataclass(frozen=True, slots=True)
class Setup:
    """What an authenticator app has to know; shown once."""

    secret: str
    otpauth_uri: str
    qr_svg: str


def set_up(*, by: Caller, password: str, now: datetime) -> Setup:
    """A new secret for the caller's app; it counts for nothing until `enrol` has seen a code of it.

    Raises NotConfirmed for a wrong password, SecondFactorOn.
    """
    by.scope("mfa", "update")
    with atomic(ACCOUNTS):
        account = confirmed_account(by, password)
        if is_enrolled(account.id):
            raise SecondFactorOn
        SecondFactor.objects.filter(account=account).delete()
        factor, secret = SecondFactor(account=account, created_at=now), pyotp.random_base32()
        factor.secret = platform_safe().seal(factor, "secret", secret)
        factor.save(force_insert=True)
        record_platform(by, "mfa.set-up", resource="mfa", resource_id=account.id)
    uri = pyotp.TOTP(secret).provisioning_uri(name=account.username, issuer_name=ISSUER)
    return Setup(secret, uri, segno.make(uri, error="m").svg_inline(scale=4))


def enrol(*, by: Caller, code: str, now: datetime) -> list[str]:
    """Turn the second factor on, and give ten backup codes. All other sessions of the account end.

    Raises NotConfirmed for a wrong code, SecondFactorOff where none was set up, SecondFactorOn.
    """
    by.scope("mfa", "update")
    try:
        with atomic(ACCOUNTS):
            account = _locked(by.account_id)
            factor = SecondFactor.objects.filter(account=account).first()
            if factor is None:
                raise SecondFactorOff
            if factor.confirmed_at is not None:
                raise SecondFactorOn
            spend_step(factor, code.strip(), now, or_raise=NotConfirmed)
            SecondFactor.objects.filter(id=factor.id).update(confirmed_at=now)
            codes = new_backup_codes(account.id)
            end_families(now, account_id=account.id, besides=by.session_id)
            Session.objects.filter(id=by.session_id or NIL).update(mfa_at=now)
            enqueue_from_accounts(tasks.tell_second_factor_changed, account_id=account.id)
            alarm(account.id, Alarm.MFA, about=account.id, now=now)
            record_platform(by, "mfa.enrolled", resource="mfa", resource_id=account.id)
    except DomainError as refusal:
        _refused(by, refusal)
        raise
    return codes


def finish_sign_in(*, by: Caller, mfa_token: str, code: str, device: str = "", now: datetime) -> SignedIn:
    """Open the session for which the password was right, now that a code is right too.

    Raises ChallengeRefused, WrongCode, LockedOut, OrganizationSuspended, WrongCredentials where the account was just
    disabled.
    """
    whose = by
    try:
        account, membership = challenged(mfa_token, now)
        organization_id = membership.organization_id if membership else None
        whose = replace(by, account_id=account.id, organization_id=organization_id)
        lock = f"code of {known_device(account, device) or account.id}"
        lockouts.attempt(lock, now=now)
        with atomic(ACCOUNTS):
            accept_code(whose, account, code, lock, now)
            return begin(by=by, account=account, membership=membership, mfa_at=now, device=device, now=now)
    except DomainError as refusal:
        _refused(whose, refusal)
        raise


def accept_code(by: Caller, account: Account, code: str, lock: str, now: datetime) -> None:
    """Spend a code of an account whose password was right, in the transaction that lets it in. Raises WrongCode."""
    lockouts.forgive(lock)
    way = spend(_locked(account.id).id, code, now, or_raise=WrongCode)
    record_platform(by, "mfa.accepted", resource="mfa", resource_id=account.id, payload={"with": way})


def step_up(*, by: Caller, code: str, now: datetime) -> SignedIn:
    """Show the second factor again, for what needs it fresh: the caller's session goes on with new tokens.

    Raises NotConfirmed, SecondFactorOff, NotSignedIn where the session has just ended.
    """
    by.scope("mfa", "update")
    with atomic(ACCOUNTS):
        account = _locked(by.account_id)
        way = _spend_own(account.id, code, now)
        session = Session.objects.select_for_update().filter(id=by.session_id or NIL, revoked_at=None).first()
        membership = Membership.objects.select_related("organization").filter(id=by.membership_id or NIL).first()
        if session is None or (membership is None and by.membership_id is not None):
            raise NotSignedIn
        session.mfa_at = now
        session.save(update_fields=["mfa_at"])
        record_platform(by, "mfa.stepped-up", resource="mfa", resource_id=account.id, payload={"with": way})
    return signed_in(session, account, membership, now)


def disable(*, by: Caller, password: str, code: str, now: datetime) -> None:
    """Take the second factor and its backup codes away. Raises NotConfirmed, SecondFactorOff."""
    by.scope("mfa", "update")
    with atomic(ACCOUNTS):
        account = confirmed_account(by, password)
        _spend_own(account.id, code, now)
        forget_second_factor(account.id)
        enqueue_from_accounts(tasks.tell_second_factor_changed, account_id=account.id)
        alarm(account.id, Alarm.MFA, about=account.id, now=now)
        record_platform(by, "mfa.disabled", resource="mfa", resource_id=account.id)


def renew_backup_codes(*, by: Caller, password: str, code: str, now: datetime) -> list[str]:
    """Ten new backup codes; the earlier ones work no more. Raises NotConfirmed, SecondFactorOff."""
    by.scope("mfa", "update")
    with atomic(ACCOUNTS):
        account = confirmed_account(by, password)
        _spend_own(account.id, code, now)
        codes = new_backup_codes(account.id)
        enqueue_from_accounts(tasks.tell_second_factor_changed, account_id=account.id)
        alarm(account.id, Alarm.MFA, about=account.id, now=now)
        record_platform(by, "mfa.codes-renewed", resource="mfa", resource_id=account.id)
    return codes


def confirmed_account(by: Caller, password: str) -> Account:
    """The caller's own account, locked, now that its password was said again. Raises NotConfirmed, NotSignedIn."""
    account = _locked(by.account_id)
    if not fits(password, account.password):
        raise NotConfirmed
    return account


def _locked(account_id: UUID | None) -> Account:
    """Accounts are locked before second factors, and these before sessions."""
    account = Account.objects.select_for_update(no_key=True).filter(id=account_id or NIL).first()
    if account is None:
        raise NotSignedIn
    return account


def _spend_own(account_id: UUID, code: str, now: datetime) -> str:
    if not is_enrolled(account_id):
        raise SecondFactorOff
    return spend(account_id, code, now, or_raise=NotConfirmed)


def _refused(by: Caller, refusal: DomainError) -> None:
    with atomic(ACCOUNTS):
        payload = {"why": refusal.code}
        record_platform(by, "mfa.refused", resource="mfa", resource_id=by.account_id, outcome="denied", payload=payload)
