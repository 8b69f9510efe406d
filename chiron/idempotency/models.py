"""Stored answers."""

from django.db import models

from chiron.kernel.clock import now
from chiron.kernel.fields import SealedField, clinical, operational
from chiron.kernel.models import Grants, Row


class Answer(Row):
    """What an account was answered on a route under a key; only successes are kept."""

    grants = Grants.FULL

    account_id = operational(models.UUIDField())
    route = operational(models.CharField(max_length=200))
    key = operational(models.BinaryField(max_length=16))
    request = operational(models.BinaryField(max_length=16))
    status = operational(models.SmallIntegerField())
    answer = clinical(SealedField())
    kept_at = operational(models.DateTimeField(default=now, db_index=True))

    class Meta:
        constraints = [models.UniqueConstraint(name="one_answer_to_a_key", fields=["account_id", "route", "key"])]
