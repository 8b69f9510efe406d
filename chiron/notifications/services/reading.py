"""Marking as read what somebody was told."""

from datetime import datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.notifications.models import Notification
from chiron.notifications.queries import notification_for, told


def mark_read(*, by: Caller, notification_id: UUID, now: datetime) -> Notification:
    """The caller has read this; it stays read since the first time. Raises NotFound."""
    notification = notification_for(by, notification_id, "update")
    if notification.read_at is None:
        notification.read_at = now
        Notification.objects.filter(id=notification.id, read_at=None).update(read_at=now)
    audit.record(by, "notification.read", resource="notifications", resource_id=notification.id)
    return notification


def mark_all_read(*, by: Caller, up_to: int | None, now: datetime) -> int:
    """The caller has read everything up to that number, or all there is; answers how many it had not.

    Numbers are given in commit order, so nothing that comes later is among them, however the requests overtake each
    other (NOT-07).
    """
    waiting = told(by, "update").filter(read_at=None)
    marked = (waiting if up_to is None else waiting.filter(number__lte=up_to)).update(read_at=now)
    audit.record(by, "notification.all_read", resource="notifications")
    return marked
