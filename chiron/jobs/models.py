"""What is left to relay, and what has been done."""

from typing import ClassVar

from django.db import models

from chiron.kernel.clock import now
from chiron.kernel.fields import operational
from chiron.kernel.models import Grants, Row


class Done(Row):
    """An effect that took place, by its id; written in its transaction, so that trying again changes nothing."""

    grants = Grants.FULL

    at = operational(models.DateTimeField(default=now, db_index=True))


class Waiting(Row):
    """The outbox: an effect asked for in accounts, until it is in the queue. Its id is the effect's."""

    databases: ClassVar[tuple[str, ...]] = ("accounts",)
    grants = Grants.FULL

    job = operational(models.CharField(max_length=100))
    organization_id = operational(models.UUIDField(null=True))
    arguments = operational(models.JSONField(default=dict))
    due = operational(models.DateTimeField(null=True))


class Queued(models.Model):
    """A row of procrastinate's queue, to look at; only its own functions change it."""

    databases: ClassVar[tuple[str, ...]] = ("clinical",)

    id = operational(models.BigIntegerField(primary_key=True))
    task_name = operational(models.CharField(max_length=128))
    args = operational(models.JSONField())
    status = operational(models.CharField(max_length=20))
    scheduled_at = operational(models.DateTimeField(null=True))
    attempts = operational(models.IntegerField())

    class Meta:
        managed = False
        db_table = 'public"."procrastinate_jobs'
        verbose_name = "job"
        verbose_name_plural = "jobs"

    def __str__(self) -> str:
        return f"{self.task_name} {self.id}"
