"""Removing what signing in leaves behind and nothing asks for any more. Running it decides nothing."""

from datetime import datetime, timedelta

from django.db.models import Q

from chiron.identity.models import Allowance, Lockout, MfaReset, SecondFactor, Session, SpentStep
from chiron.identity.rules import RESET_HOLDS
from chiron.identity.second_factors import STEP_SECONDS
from chiron.kernel.db import ACCOUNTS, atomic

REMEMBERED = timedelta(days=30)
UNCONFIRMED = timedelta(days=1)
STEPS = timedelta(hours=1)


def sweep_sign_in(now: datetime) -> dict[str, int]:
    """How many rows of each kind were removed.

    Accepted steps after an hour (`last_step` still refuses them), whole allowances, setups never confirmed and resets
    never confirmed after a day, and after thirty days the failures of whoever stopped guessing, done resets, and
    sessions that ended or expired.
    """
    old = now - REMEMBERED
    spent = int((now - STEPS).timestamp()) // STEP_SECONDS
    sweepable = {
        "steps": SpentStep.objects.filter(step__lt=spent),
        "allowances": Allowance.objects.filter(full_at__lt=now),
        "lockouts": Lockout.objects.filter(until__lt=old),
        "setups": SecondFactor.objects.filter(confirmed_at=None, created_at__lt=now - UNCONFIRMED),
        "resets": MfaReset.objects.filter(
            Q(confirmed_at__lt=old) | Q(confirmed_at=None, requested_at__lt=now - RESET_HOLDS)
        ),
        "sessions": Session.objects.filter(Q(revoked_at__lt=old) | Q(expires_at__lt=old)),
    }
    swept = {}
    for kind, rows in sweepable.items():
        with atomic(ACCOUNTS):
            swept[kind], _ = rows.delete()
    return swept
