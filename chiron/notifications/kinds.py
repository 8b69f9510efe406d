"""What somebody can be told, and on which ways."""

from enum import StrEnum


class Kind(StrEnum):
    """What happened, as the API says it."""

    ASSIGNED = "patient.assigned"
    BOOKED = "appointment.booked"
    MOVED = "appointment.moved"
    CANCELLED = "appointment.cancelled"
    ASKED = "appointment.asked"
    REMINDER = "appointment.reminder"
    OFFERED = "appointment.offered"
    ANNOTATED = "record.annotated"
    RESULT_SHARED = "result.shared"
    BATCH_ENDED = "batch.ended"
    GLASS_BROKEN = "glass.broken"
    MODEL_DRIFTED = "model.drifted"
    SECURITY = "account.security"


class Channel(StrEnum):
    """How a notification reaches somebody. Off in the app, it still stands in the list, but arrives read."""

    APP = "app"
    EMAIL = "email"


ALWAYS = frozenset({Kind.GLASS_BROKEN, Kind.SECURITY})
"""Nobody can mute these; their mails are sent at once, by those who see what happens, and are no deliveries."""

MAILED = frozenset(
    {Kind.BOOKED, Kind.MOVED, Kind.CANCELLED, Kind.ASKED, Kind.REMINDER, Kind.OFFERED, Kind.RESULT_SHARED}
)
"""What is also mailed as long as the account does not say otherwise."""


def is_on(kind: Kind, channel: Channel) -> bool:
    """Whether an account that said nothing is told of that kind on that channel."""
    return channel is Channel.APP or kind in MAILED
