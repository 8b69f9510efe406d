"""Second factors: codes of an authenticator app (TOTP, RFC 6238), and backup codes for the day it is lost.

A code works once, however many present it at the same moment. An app's code moves `last_step` up, which only one of
them can, and leaves a row that cannot be there twice; a backup code is deleted, which only one of them can.

Backup codes carry 80 random bits, so nobody finds one by trying, not even with the digests and their key; that is why
a keyed digest does, and one indexed DELETE instead of ten runs of Argon2id for every guess.
"""

import base64
import hmac
import secrets
from datetime import datetime
from uuid import UUID

import pyotp

from chiron.identity.models import BackupCode, Membership, SecondFactor, SpentStep
from chiron.kernel.db import ACCOUNTS, atomic, refusing
from chiron.kernel.errors import DomainError
from chiron.kernel.ids import NIL
from chiron.tenancy.public import Policies
from chiron.vault.public import exact_index, platform_safe

STEP_SECONDS = 30
TOLERANCE = 1
BACKUP_CODES, BACKUP_BYTES = 10, 10
APP, BACKUP = "app", "backup-code"


def is_enrolled(account_id: UUID) -> bool:
    """Whether signing in to this account needs a second factor."""
    return SecondFactor.objects.filter(account_id=account_id, confirmed_at__isnull=False).exists()


def enrolment_due(account_id: UUID, membership: Membership | None) -> datetime | None:
    """From when on this account can do nothing but set up a second factor; None where it has one, or needs none."""
    if membership is None:
        return None
    organization = membership.organization
    policies = Policies.stored(organization.policies)
    due = policies.mfa_due(membership.effective_roles, organization.time_zone)
    return None if due is None or is_enrolled(account_id) else due


def spend(account_id: UUID, code: str, now: datetime, *, or_raise: type[DomainError]) -> str:
    """Accept a code of the app or a backup code, for good; says which it was. Anything else is refused."""
    typed = "".join(code.split()).replace("-", "").upper()
    if len(typed) == 6:
        factor = SecondFactor.objects.filter(account_id=account_id, confirmed_at__isnull=False).first()
        if factor is None:
            raise or_raise
        spend_step(factor, typed, now, or_raise=or_raise)
        return APP
    deleted, _ = BackupCode.objects.filter(account_id=account_id, digest=_digest(account_id, typed)).delete()
    if not deleted:
        raise or_raise
    return BACKUP


def spend_step(factor: SecondFactor, code: str, now: datetime, *, or_raise: type[DomainError]) -> None:
    """Accept the app's code of this half minute, the one before or the one after, if it is later than all accepted."""
    step = step_of(platform_safe().open(factor, "secret"), code, now)
    if step is None:
        raise or_raise
    with atomic(ACCOUNTS):
        if not SecondFactor.objects.filter(id=factor.id, last_step__lt=step).update(last_step=step):
            raise or_raise
        with refusing(ACCOUNTS, a_code_works_once=or_raise):
            SpentStep(account_id=factor.account_id, step=step).save(force_insert=True)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The half minute whose code this is, or None where it is none of the three that count now."""
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    for step in range(present - TOLERANCE, present + TOLERANCE + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            return step
    return None


def new_backup_codes(account_id: UUID) -> list[str]:
    """Ten new backup codes in place of all earlier ones; shown now and never again."""
    codes = [base64.b32encode(secrets.token_bytes(BACKUP_BYTES)).decode() for _ in range(BACKUP_CODES)]
    with atomic(ACCOUNTS):
        BackupCode.objects.filter(account_id=account_id).delete()
        rows = [BackupCode(account_id=account_id, digest=_digest(account_id, code)) for code in codes]
        BackupCode.objects.bulk_create(rows)
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]


def forget_second_factor(account_id: UUID) -> None:
    """The account signs in with its password alone."""
    with atomic(ACCOUNTS):
        SecondFactor.objects.filter(account_id=account_id).delete()
        BackupCode.objects.filter(account_id=account_id).delete()


def _digest(account_id: UUID, code: str) -> bytes:
    return exact_index(NIL, "backup code", f"{account_id} {code}")
