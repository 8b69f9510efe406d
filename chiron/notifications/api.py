"""What one was told, over HTTP."""

from uuid import UUID

from ninja import Query, Router

from chiron.kernel import clock
from chiron.kernel.access import Call, needs
from chiron.kernel.problems import refusals
from chiron.notifications import queries, shapes
from chiron.notifications.services.preferring import prefer
from chiron.notifications.services.reading import mark_all_read, mark_read

router = Router(tags=["notifications"])


@router.get("/notifications", response=shapes.Notifications)
@needs("notifications", "read")
def list_notifications(request: Call, query: Query[shapes.NotificationQuery]) -> shapes.Notifications:
    """What you were told, the newest first."""
    found = queries.list_notifications(request.caller, query, unread=query.unread)
    return shapes.Notifications.of(found, queries.unread_count(request.caller), _language(request))


@router.get("/doctors/notifications", response=shapes.Notifications, tags=["doctors"])
@needs("notifications", "read")
def list_notifications_of_a_doctor(request: Call, query: Query[shapes.NotificationQuery]) -> shapes.Notifications:
    """The same, where the front ends of doctors look for it."""
    found = queries.list_notifications(request.caller, query, unread=query.unread)
    return shapes.Notifications.of(found, queries.unread_count(request.caller), _language(request))


@router.get("/notifications/unread", response=shapes.Unread)
@needs("notifications", "read")
def count_unread(request: Call) -> shapes.Unread:
    """How many you have not read."""
    return shapes.Unread(unread=queries.unread_count(request.caller))


@router.post("/notifications/read_all", response=shapes.AllRead)
@needs("notifications", "update")
def read_all(request: Call, query: Query[shapes.ReadAllQuery]) -> shapes.AllRead:
    """Mark all as read, or all up to a number: what came after it stays unread."""
    marked = mark_all_read(by=request.caller, up_to=query.up_to, now=clock.now())
    return shapes.AllRead(marked=marked, unread=queries.unread_count(request.caller))


@router.post("/notifications/{uuid:notification_id}/read", response={200: shapes.NotificationEnvelope, **refusals(404)})
@needs("notifications", "update")
def read(request: Call, notification_id: UUID) -> shapes.NotificationEnvelope:
    """Mark one as read."""
    marked = mark_read(by=request.caller, notification_id=notification_id, now=clock.now())
    return shapes.NotificationEnvelope(notification=shapes.NotificationOut.of(marked, _language(request)))


@router.get("/notifications/preferences", response=shapes.Preferences)
@needs("notification-preferences", "read")
def read_preferences(request: Call) -> shapes.Preferences:
    """What you are told of, for each kind and channel, and when you want no mail."""
    return shapes.Preferences.of(*queries.preferences_of(request.caller))


@router.put("/notifications/preferences", response=shapes.Preferences)
@needs("notification-preferences", "update")
def change_preferences(request: Call, body: shapes.PreferencesIn) -> shapes.Preferences:
    """Say anew what you want to be told of; what is not named is as it is for everybody."""
    prefer(by=request.caller, wishes=body.wishes(), quiet=body.quiet())
    return shapes.Preferences.of(*queries.preferences_of(request.caller))


def _language(request: Call) -> str:
    return queries.language_for(request.headers.get("Accept-Language", ""))
