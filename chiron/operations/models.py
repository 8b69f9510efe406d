"""What a migration from version 1 leaves behind: which document became what, and those that nobody could take over."""

from typing import ClassVar

from django.db import models

from chiron.kernel.clock import now
from chiron.kernel.fields import SealedField, clinical, operational, personal, secret
from chiron.kernel.models import Grants, Row


class MigratedDocument(Row):
    """A document of version 1 that was taken over. Its id, made of the document's, is that of what it became.

    ``source`` is the database that it came from and ``key`` its ObjectId, where that is what its `_id` was.
    ``rest`` holds what has no place here, sealed with the key of its patient or of the organization. ``digest`` is of
    the document; an erasure of the patient blanks both, and the row keeps the patient from coming back.
    """

    databases: ClassVar[tuple[str, ...]] = ("clinical",)
    grants = Grants.READ_WRITE

    source = operational(models.CharField(max_length=63))
    collection = operational(models.CharField(max_length=40))
    key = operational(models.BinaryField(max_length=12, null=True))
    patient = operational(models.ForeignKey("registry.Patient", models.PROTECT, null=True, related_name="+"))
    digest = personal(models.BinaryField(max_length=16, null=True))
    rest = clinical(SealedField(null=True))
    migrated_at = operational(models.DateTimeField(default=now))

    class Meta:
        indexes = [models.Index(name="migrated_by_collection", fields=["source", "collection"])]


class Quarantined(Row):
    """A document that could not be taken over, or of which only the value at ``path`` could not; and why."""

    grants = Grants.FULL

    collection = operational(models.CharField(max_length=40))
    path = operational(models.CharField(max_length=200, default=""))
    reason = operational(models.CharField(max_length=40))
    at = operational(models.DateTimeField(default=now))

    class Meta:
        abstract = True


class QuarantinedDocument(Quarantined):
    """One of an organization, sealed for it or with the key of its patient."""

    databases: ClassVar[tuple[str, ...]] = ("clinical",)

    patient = operational(models.ForeignKey("registry.Patient", models.PROTECT, null=True, related_name="+"))
    digest = personal(models.BinaryField(max_length=16, null=True))
    document = clinical(SealedField())

    class Meta:
        indexes = [models.Index(name="quarantined_by_collection", fields=["collection"])]


class UnplacedDocument(Quarantined):
    """One that no organization's schema can hold: it names none that is here, or it is, or belongs to, an account.

    ``patient_id`` is set where the account is that patient's: it goes with them.
    """

    databases: ClassVar[tuple[str, ...]] = ("accounts",)

    organization = operational(models.ForeignKey("tenancy.Organization", models.CASCADE, null=True, related_name="+"))
    patient_id = operational(models.UUIDField(null=True, db_index=True))
    digest = personal(models.BinaryField(max_length=16, null=True))
    document = secret(SealedField())
