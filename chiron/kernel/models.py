"""What every row has: a UUIDv7, a data class on each field, and the rights that a runtime login gets on it."""

from datetime import datetime
from enum import Enum
from typing import ClassVar
from uuid import UUID

from django.db import models

from chiron.kernel.clock import now
from chiron.kernel.fields import operational
from chiron.kernel.ids import new_id


class Grants(Enum):
    """What the runtime role may do with a table."""

    FULL = ("SELECT", "INSERT", "UPDATE", "DELETE")
    READ_WRITE = ("SELECT", "INSERT", "UPDATE")
    APPEND_ONLY = ("SELECT", "INSERT")
    READ_ONLY = ("SELECT",)
    NONE = ()


class Row(models.Model):
    """A row of one of our tables. ``erasure_deletes``: of a patient who is erased it goes, instead of being blanked."""

    grants: ClassVar[Grants] = Grants.FULL
    sealer_grants: ClassVar[tuple[str, ...]] = ()
    erasure_deletes: ClassVar[bool] = False

    id: "models.UUIDField[UUID, UUID]" = operational(models.UUIDField(primary_key=True, default=new_id, editable=False))

    class Meta:
        abstract = True


class Versioned(Row):
    """A row that changes: each change raises its version, which is its ETag."""

    version: "models.IntegerField[int, int]" = operational(models.IntegerField(default=1, editable=False))
    recorded_at: "models.DateTimeField[datetime, datetime]" = operational(
        models.DateTimeField(default=now, editable=False)
    )
    updated_at: "models.DateTimeField[datetime, datetime]" = operational(
        models.DateTimeField(default=now, editable=False)
    )

    class Meta:
        abstract = True
