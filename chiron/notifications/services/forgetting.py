"""Forgetting what somebody was told: once it is old, and with an erasure."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from chiron.notifications.models import Notification, Preference, QuietHours
from chiron.tenancy.public import all_organizations, inside

READ_LIVES, UNREAD_LIVES = timedelta(days=90), timedelta(days=365)


def forget_old(now: datetime) -> int:
    """Forget what was read three months ago and what nobody read for a year, in every organization; how much it was.

    Numbers go on where they were: none is given twice.
    """
    old = Q(read_at__lt=now - READ_LIVES) | Q(read_at=None, at__lt=now - UNREAD_LIVES)
    forgotten = 0
    for organization in all_organizations():
        with inside(organization.id):
            _, rows = Notification.objects.filter(old).delete()
            forgotten += rows.get("notifications.Notification", 0)
    return forgotten


def forget_told(account_id: UUID, *, until: datetime) -> None:
    """Forget what an account was told in the current organization until an instant, and what it wanted to be told."""
    Notification.objects.filter(account_id=account_id, at__lte=until).delete()
    Preference.objects.filter(account_id=account_id).delete()
    QuietHours.objects.filter(account_id=account_id).delete()
