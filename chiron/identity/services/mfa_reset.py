"""Taking away the second factor of somebody who has lost it: one admin asks, another confirms."""

from datetime import datetime
from uuid import UUID

from chiron.audit.public import record_platform
from chiron.identity.alarms import Alarm, alarm
from chiron.identity.errors import BelongsElsewhere, SecondAdminNeeded, SecondFactorOff
from chiron.identity.families import end_families
from chiron.identity.models import Account, Membership, MfaReset
from chiron.identity.rules import RESET_HOLDS
from chiron.identity.second_factors import forget_second_factor, is_enrolled
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic, refusing
from chiron.kernel.errors import NotFound
from chiron.kernel.ids import NIL


def reset_mfa(*, by: Caller, membership_id: UUID, now: datetime) -> MfaReset:
    """Ask for the reset; or, where another admin has asked within a day, do it and end all sessions of the account.

    Raises NotFound, SecondFactorOff, SecondAdminNeeded for whoever asked, BelongsElsewhere where the account would lose
    its second factor in other organizations too.
    """
    by.scope("memberships", "reset-mfa")
    with atomic(ACCOUNTS):
        membership = _door(by, membership_id)
        reset = MfaReset.objects.filter(membership=membership, confirmed_at=None).first()
        if reset is not None and now - reset.requested_at > RESET_HOLDS:
            reset.delete()
            reset = None
        if reset is None:
            reset = MfaReset(membership=membership, requested_by=by.account_id or NIL, requested_at=now)
            reset.save(force_insert=True)
            record_platform(by, "mfa.reset-requested", resource="memberships", resource_id=membership_id)
            return reset
        reset.confirmed_by, reset.confirmed_at = by.account_id or NIL, now
        with refusing(ACCOUNTS, a_second_admin_confirms=SecondAdminNeeded):
            reset.save(update_fields=["confirmed_by", "confirmed_at"])
        forget_second_factor(membership.account_id)
        alarm(membership.account_id, Alarm.MFA, about=membership.account_id, now=now)
        end_families(now, account_id=membership.account_id)
        record_platform(by, "mfa.reset", resource="memberships", resource_id=membership_id)
    return reset


def _door(by: Caller, membership_id: UUID) -> Membership:
    """The membership, its account locked, where its second factor is this organization's to take away."""
    mine = Membership.objects.select_related("account").filter(organization_id=by.organization_id or NIL)
    membership = mine.filter(id=membership_id).first()
    if membership is None:
        raise NotFound
    account = Account.objects.select_for_update(no_key=True).get(id=membership.account_id)
    if not is_enrolled(account.id):
        raise SecondFactorOff
    if account.is_operator or Membership.objects.filter(account=account).exclude(id=membership.id).exists():
        raise BelongsElsewhere
    return membership
