"""Notifications, what accounts want of them, and their deliveries, in each organization's schema."""

from django.db import models
from django.db.models import F, Q

from chiron.kernel.fields import operational
from chiron.kernel.models import Grants, Row
from chiron.notifications.kinds import Channel, Kind


class Notification(Row):
    """An account is told that something happened to one object.

    ``number`` counts the account's notifications in the order in which they commit: 1, 2, 3, … without a gap. It is
    empty only within the transaction that makes the row.
    """

    account_id = operational(models.UUIDField())
    number = operational(models.BigIntegerField(null=True))
    kind = operational(models.CharField(max_length=40, choices=[(each.value, each.value) for each in Kind]))
    resource = operational(models.CharField(max_length=40))
    resource_id = operational(models.UUIDField())
    at = operational(models.DateTimeField())
    read_at = operational(models.DateTimeField(null=True))

    class Meta:
        constraints = [
            models.UniqueConstraint(name="notification_number_is_its_own", fields=["account_id", "number"]),
            models.CheckConstraint(name="notifications_are_counted_from_one", condition=Q(number__gte=1)),
        ]
        indexes = [
            models.Index(name="notifications_without_number", fields=["account_id"], condition=Q(number=None)),
            models.Index(name="notifications_unread", fields=["account_id", "number"], condition=Q(read_at=None)),
            models.Index(name="notifications_by_reading", fields=["read_at"], condition=~Q(read_at=None)),
        ]


class Counter(Row):
    """How many notifications the account with this id ever had, which is the number of its last one."""

    grants = Grants.READ_WRITE

    last = operational(models.BigIntegerField())


class Preference(Row):
    """An account wants to be told of a kind on a channel, or not; without a row, the kind's own answer holds."""

    account_id = operational(models.UUIDField())
    kind = operational(models.CharField(max_length=40, choices=[(each.value, each.value) for each in Kind]))
    channel = operational(models.CharField(max_length=10, choices=[(each.value, each.value) for each in Channel]))
    on = operational(models.BooleanField())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_preference_of_a_kind", fields=["account_id", "kind", "channel"])
        ]


class QuietHours(Row):
    """When an account wants no mail: from one wall time to another of its own zone, over midnight too."""

    account_id = operational(models.UUIDField(unique=True))
    begin = operational(models.TimeField())
    end = operational(models.TimeField())
    time_zone = operational(models.CharField(max_length=64))

    class Meta:
        constraints = [models.CheckConstraint(name="quiet_hours_end", condition=~Q(begin=F("end")))]


class Delivery(Row):
    """A notification on its way to its account by mail. ``provider_id`` is what the mail's carrier calls it.

    ``reason`` says why it was not sent: what was wrong with the address, with the mail server, or with its news.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"
        SUPPRESSED = "suppressed"
        EXPIRED = "expired"

    notification = operational(
        models.ForeignKey("notifications.Notification", models.CASCADE, related_name="+", db_index=False)
    )
    channel = operational(models.CharField(max_length=10, choices=[(each.value, each.value) for each in Channel]))
    state = operational(models.CharField(max_length=10, choices=State, default=State.WAITING))
    not_before = operational(models.DateTimeField())
    attempts = operational(models.IntegerField(default=0))
    reason = operational(models.CharField(max_length=40, default="", blank=True))
    provider_id = operational(models.CharField(max_length=200, default="", blank=True))
    sent_at = operational(models.DateTimeField(null=True))

    class Meta:
        constraints = [models.UniqueConstraint(name="delivered_once_a_channel", fields=["notification", "channel"])]
        indexes = [
            models.Index(name="deliveries_waiting", fields=["not_before"], condition=Q(state="waiting")),
            models.Index(name="deliveries_by_provider_id", fields=["provider_id"], condition=~Q(provider_id="")),
        ]
