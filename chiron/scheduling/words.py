"""The words of appointments."""

from django.db import models

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Status(models.TextChoices):
    """Where an appointment stands: FHIR R4's words (value set appointmentstatus), and a hold, which FHIR lacks.

    A hold that came to nothing is cancelled, by whoever gave it up or by nobody. What is pending waits for approval.
    """

    HELD = "held"
    PENDING = "pending"
    BOOKED = "booked"
    CHECKED_IN = "checked-in"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NO_SHOW = "noshow"


EXPECTED = (Status.PENDING, Status.BOOKED)
"""Of whom it is said that they will come."""


class Standing(models.TextChoices):
    """Where somebody stands who joined the waitlist; what is over had its days pass."""

    WAITING = "waiting"
    BOOKED = "booked"
    LEFT = "left"
    OVER = "over"


class Of(models.TextChoices):
    """Whose time is reserved."""

    PROVIDER = "provider"
    PATIENT = "patient"
    ROOM = "room"


class Choice(models.TextChoices):
    """What staff decide of an appointment for which its doctor does not receive any more."""

    KEEP = "keep"
    CANCEL = "cancel"
    ASK = "ask"


class OnConflict(models.TextChoices):
    """What becomes of a series where one of its dates is not possible: nothing at all, all others; or just tell."""

    FAIL = "fail"
    SKIP = "skip"
    LIST = "list"


class Step(models.TextChoices):
    """What can become of an appointment; as the API calls it."""

    CONFIRM = "confirm"
    APPROVE = "approve"
    DECLINE = "decline"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    CHECK_IN = "check_in"
    COMPLETE = "complete"
    NO_SHOW = "no_show"
    UNDO_NO_SHOW = "undo_no_show"
    FOLLOW_CLOCK = "follow_clock"


class Reckoning(models.TextChoices):
    """What "24 hours before" means where clocks change on the way: so much time, or the same time of the clock."""

    ELAPSED = "elapsed"
    CLOCK = "clock"


class Late(models.TextChoices):
    """What becomes of a reminder whose time has passed when the appointment is booked."""

    SEND = "send"
    SKIP = "skip"


class Reminded(models.TextChoices):
    """Where a reminder stands: told is handed to notifications, which deliver it; all others but waiting never go."""

    WAITING = "waiting"
    TOLD = "told"
    EXPIRED = "expired"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"


class Way(models.TextChoices):
    """On which channel of notifications a reminder goes."""

    EMAIL = "email"
    APP = "app"


class Answer(models.TextChoices):
    """What a patient answers to a reminder."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
