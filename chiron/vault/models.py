"""Wrapped keys. They live in `accounts`, what they seal lives elsewhere: neither backup alone reads a name."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from chiron.kernel import clock
from chiron.kernel.fields import operational, secret
from chiron.kernel.models import Grants, Row


class OrganizationKeyQuerySet(models.QuerySet["OrganizationKey"]):
    def standing(self) -> "OrganizationKeyQuerySet":
        """Without those that the erasure of an organization destroyed."""
        return self.exclude(wrapped=b"")


class OrganizationKey(Row):
    """A data key of an organization, wrapped by the master key. The newest generation seals.

    A retired one opens only what is never sealed again (the trail's payloads), and the first keys the blind indexes.
    """

    grants: ClassVar[Grants] = Grants.READ_WRITE

    organization_id = operational(models.UUIDField(editable=False))
    generation = operational(models.SmallIntegerField(default=1, editable=False))
    wrapped = secret(models.BinaryField())
    created_at = operational(models.DateTimeField(default=clock.now, editable=False))
    retired_at = operational(models.DateTimeField(null=True, editable=False))

    objects = OrganizationKeyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_organization_key_per_generation", fields=["organization_id", "generation"]
            )
        ]


class PatientKey(Row):
    """A data key of one patient, wrapped by a key of the organization. Without it nothing of the patient opens.

    The newest generation seals. A retired one opens only what is never sealed again (the trail's payloads); whoever
    erases a patient destroys every generation.
    """

    grants: ClassVar[Grants] = Grants.READ_WRITE

    organization_id = operational(models.UUIDField(editable=False))
    patient_id = operational(models.UUIDField(editable=False))
    generation = operational(models.SmallIntegerField(default=1, editable=False))
    wrapped = secret(models.BinaryField(null=True))
    created_at = operational(models.DateTimeField(default=clock.now, editable=False))
    retired_at = operational(models.DateTimeField(null=True, editable=False))
    destroyed_at = operational(models.DateTimeField(null=True, editable=False))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_patient_key_per_generation", fields=["organization_id", "patient_id", "generation"]
            ),
            models.CheckConstraint(
                name="patient_key_is_kept_or_destroyed",
                condition=Q(wrapped__isnull=False, destroyed_at__isnull=True)
                | Q(wrapped__isnull=True, destroyed_at__isnull=False),
            ),
        ]


class Erasure(models.Model):
    """A line of the ledger of erasures: whose keys were destroyed. Without a patient it is the whole organization.

    `account_id` is the account that was confirmed to be the patient, so that what it said of itself can be found in an
    older backup. Lines form a chain: `previous` is the digest of the line before. `signature` is explained in `ledger`.
    """

    grants: ClassVar[Grants] = Grants.APPEND_ONLY

    seq = operational(models.BigIntegerField(primary_key=True))
    organization_id = operational(models.UUIDField())
    patient_id = operational(models.UUIDField(null=True))
    account_id = operational(models.UUIDField(null=True))
    erased_by = operational(models.UUIDField(null=True))
    at = operational(models.DateTimeField())
    previous = operational(models.BinaryField(max_length=32))
    signature = operational(models.BinaryField(max_length=64))

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_erasure_has_one_successor", fields=["previous"]),
            models.UniqueConstraint(name="a_patient_is_erased_once", fields=["organization_id", "patient_id"]),
            models.UniqueConstraint(
                name="an_organization_is_erased_once", fields=["organization_id"], condition=Q(patient_id=None)
            ),
        ]
