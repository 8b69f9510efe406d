"""Events and the tree they are sealed into. The same tables stand in `accounts` and in every organization's schema."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Cast

from chiron.kernel.fields import SealedField, operational, personal
from chiron.kernel.models import Grants, Row


class Outcome(models.TextChoices):
    SUCCESS = "success"
    DENIED = "denied"
    FAILURE = "failure"


class Event(Row):
    """One line of the trail: who did what to whom, when, why and with what outcome.

    `payload` opens to {address, device, details}. `mac` authenticates all other columns but `xid`, which is the number
    of the transaction that wrote the event and tells the sealer what it may have missed.
    """

    grants: ClassVar = Grants.APPEND_ONLY
    sealer_grants: ClassVar[tuple[str, ...]] = ("SELECT",)

    at = operational(models.DateTimeField())
    organization_id = operational(models.UUIDField(null=True))
    account_id = operational(models.UUIDField(null=True))
    on_behalf_of = operational(models.UUIDField(null=True))
    session_id = operational(models.UUIDField(null=True))
    roles = operational(ArrayField(models.TextField(), default=list))
    action = operational(models.TextField())
    resource = operational(models.TextField(default="", blank=True))
    resource_id = operational(models.UUIDField(null=True))
    subjects = operational(ArrayField(models.UUIDField(), default=list))
    purpose = operational(models.TextField(default="", blank=True))
    outcome = operational(models.TextField(choices=Outcome, default=Outcome.SUCCESS))
    request_id = operational(models.TextField(default="", blank=True))
    payload = personal(SealedField(null=True, once=True))
    mac = operational(models.BinaryField(max_length=32))
    xid = operational(
        models.BigIntegerField(
            db_default=Cast(Cast(Func(function="pg_current_xact_id"), models.TextField()), models.BigIntegerField())
        )
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="an_outcome_is_known", condition=Q(outcome__in=Outcome.values)),
        ]
        indexes: ClassVar = [
            GinIndex(name="events_by_subject", fields=["subjects"]),
            models.Index(name="events_by_account", fields=["account_id", "-id"]),
            models.Index(name="events_by_transaction", fields=["xid"]),
            BrinIndex(name="events_by_time", fields=["at"]),
        ]


class Leaf(models.Model):
    """The place of one event in the tree, from 0 upward without a gap, and its RFC 6962 leaf hash."""

    grants: ClassVar = Grants.READ_ONLY
    sealer_grants: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")

    seq = operational(models.BigIntegerField(primary_key=True))
    event_id = operational(models.UUIDField())
    hash = operational(models.BinaryField(max_length=32))

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(name="an_event_is_sealed_once", fields=["event_id"])]


class Head(models.Model):
    """The signed root over the first `size` leaves. `previous` is the digest of the head before: heads form a chain."""

    grants: ClassVar = Grants.READ_ONLY
    sealer_grants: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")

    size = operational(models.BigIntegerField(primary_key=True))
    root = operational(models.BinaryField(max_length=32))
    previous = operational(models.BinaryField(max_length=32))
    at = operational(models.DateTimeField())
    signature = operational(models.BinaryField(max_length=64))
    frontier = operational(models.BinaryField())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="a_head_has_one_successor", fields=["previous"]),
            models.CheckConstraint(name="a_head_covers_something", condition=Q(size__gt=0)),
        ]


class Watermark(models.Model):
    """How far sealing went: every event of a transaction below `sealed_below` is sealed.

    It speeds up the search for unsealed events and proves nothing. It is true for one cluster only, whose identifier it
    therefore names; transaction numbers of another cluster mean nothing here.
    """

    grants: ClassVar = Grants.READ_ONLY
    sealer_grants: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")

    id = operational(models.SmallIntegerField(primary_key=True, default=1))
    system_identifier = operational(models.BigIntegerField())
    sealed_below = operational(models.BigIntegerField())

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(name="there_is_one_watermark", condition=Q(id=1))]
