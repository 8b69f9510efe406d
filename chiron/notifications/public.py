"""What other apps may use of notifications."""

from chiron.notifications.hooks import Reader
from chiron.notifications.kinds import Channel, Kind
from chiron.notifications.models import Delivery, Notification
from chiron.notifications.numbering import CHANNEL
from chiron.notifications.pages import gone
from chiron.notifications.queries import list_notifications, unread_count
from chiron.notifications.services.alarming import alarmed
from chiron.notifications.services.forgetting import forget_told
from chiron.notifications.services.reading import mark_all_read, mark_read
from chiron.notifications.services.sending import reader_of
from chiron.notifications.services.telling import notify
from chiron.notifications.words import sentence

__all__ = [
    "CHANNEL",
    "Channel",
    "Delivery",
    "Kind",
    "Notification",
    "Reader",
    "alarmed",
    "forget_told",
    "gone",
    "list_notifications",
    "mark_all_read",
    "mark_read",
    "alarmed",
    "notify",
    "reader_of",
    "sentence",
    "unread_count",
]
