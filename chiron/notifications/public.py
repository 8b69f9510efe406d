"""What other apps may use of notifications."""

from chiron.notifications.hooks import Reader
from chiron.notifications.kinds import Channel, Kind
from chiron.notifications.models import Delivery, Notification
from chiron.notifications.numbering import CHANNEL
from chiron.notifications.services.telling import notify

__all__ = ["CHANNEL", "Channel", "Delivery", "Kind", "Notification", "Reader", "notify"]
