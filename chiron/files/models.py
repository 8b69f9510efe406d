"""What is known of each file. Its bytes lie in the storage, its name with the app it belongs to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from chiron.kernel.fields import SealedField, clinical, operational
from chiron.kernel.models import Grants, Row


class State(models.TextChoices):
    RECEIVING = "receiving"
    STORED = "stored"
    ABANDONED = "abandoned"
    ERASED = "erased"


class File(Row):
    """One file. `manifest` opens to {key, size, content_type, sha256}; size and type stand beside it for lists.

    A file that is still received has no manifest: its key is in the memory of the process that receives it, so what a
    crash leaves behind can be opened by nobody.
    """

    grants: ClassVar = Grants.FULL

    state = operational(models.CharField(max_length=9, choices=State, default=State.RECEIVING))
    begun_at = operational(models.DateTimeField())
    size = operational(models.BigIntegerField(null=True))
    content_type = clinical(models.CharField(max_length=100, default="", blank=True))
    manifest = clinical(SealedField(null=True))

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="a_file_is_in_a_known_state", condition=Q(state__in=State.values)),
            models.CheckConstraint(
                name="a_stored_file_has_its_manifest",
                condition=Q(state=State.STORED, manifest__isnull=False, size__gt=0)
                | (~Q(state=State.STORED) & Q(manifest__isnull=True, size__isnull=True)),
            ),
        ]
        indexes: ClassVar = [
            models.Index("begun_at", condition=~Q(state=State.STORED), name="files_that_are_not_stored")
        ]
