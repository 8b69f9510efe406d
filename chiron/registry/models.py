"""The rows of the registry, in each organization's schema. Names and contact data are sealed."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from chiron.kernel.fields import SealedField, operational, personal
from chiron.kernel.ids import new_number
from chiron.kernel.models import Grants, Row, Versioned


class Sex(models.TextChoices):
    """Administrative gender (FHIR R4, value set administrative-gender)."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


class Precision(models.TextChoices):
    """How much of a birth date is known."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class Patient(Versioned):
    """Somebody who is cared for. ``details`` and ``original`` are sealed with the patient's own key.

    Of one who was erased the row stays, empty, because others point at it; no door leads there.
    """

    grants = Grants.READ_WRITE

    number = operational(models.BigIntegerField(default=new_number, editable=False))
    details = personal(SealedField())
    original = personal(SealedField(null=True))
    digest = personal(models.BinaryField(max_length=16, null=True))
    name_tokens = personal(ArrayField(models.BigIntegerField(), default=list))
    birth_date = personal(models.DateField(null=True))
    birth_precision = personal(models.CharField(max_length=5, choices=Precision, default=Precision.DAY))
    birth_estimated = personal(models.BooleanField(default=False))
    sex = personal(models.CharField(max_length=7, choices=Sex, default=Sex.UNKNOWN))
    deceased = personal(models.BooleanField(default=False))
    deceased_at = personal(models.DateTimeField(null=True))
    active = operational(models.BooleanField(default=True))
    replaced_by = operational(models.ForeignKey("self", models.PROTECT, null=True, related_name="+"))
    erased_at = operational(models.DateTimeField(null=True))

    class Meta:
        indexes = [
            GinIndex(name="patient_by_name", fields=["name_tokens"]),
            models.Index(name="patient_by_birth_date", fields=["birth_date"]),
        ]
        constraints = [
            models.CheckConstraint(name="patient_replaced_by_another", condition=~Q(replaced_by=F("id"))),
            models.UniqueConstraint(name="patient_number_is_its_own", fields=["number"]),
        ]


class Identifier(Row):
    """A number under which a patient is known to an authority; found by its blind index, unique with its system."""

    erasure_deletes = True  # blanked, two numbers would be the same one

    patient = operational(models.ForeignKey("registry.Patient", models.PROTECT, related_name="+"))
    system = operational(models.CharField(max_length=255))
    kind = operational(models.CharField(max_length=20, default=""))
    value = personal(SealedField())
    index = personal(models.BinaryField(max_length=16))
    value_index = personal(models.BinaryField(max_length=16, db_index=True))

    class Meta:
        constraints = [models.UniqueConstraint(name="identifier_belongs_to_one_patient", fields=["index"])]


class Provider(Versioned):
    """Somebody who treats; a doctor is a provider whose role says so. ``details`` are sealed for the organization."""

    grants = Grants.READ_WRITE

    number = operational(models.BigIntegerField(default=new_number, editable=False))
    role = operational(models.CharField(max_length=40, default="doctor"))
    specialty = operational(models.CharField(max_length=100, default="", blank=True))
    details = personal(SealedField())
    original = personal(SealedField(null=True))
    digest = operational(models.BinaryField(max_length=16, null=True))
    source_key = operational(models.BinaryField(max_length=16, null=True))
    name_tokens = personal(ArrayField(models.BigIntegerField(), default=list))
    active = operational(models.BooleanField(default=True))

    class Meta:
        indexes = [GinIndex(name="provider_by_name", fields=["name_tokens"])]
        constraints = [
            models.UniqueConstraint(name="provider_is_imported_once", fields=["source_key"]),
            models.UniqueConstraint(name="provider_number_is_its_own", fields=["number"]),
        ]


class Department(Versioned):
    """A part of the organization, or a place: a department, a site (FHIR Organization), a location (FHIR Location)."""

    class Kind(models.TextChoices):
        DEPARTMENT = "department"
        SITE = "site"
        LOCATION = "location"

    grants = Grants.FULL

    kind = operational(models.CharField(max_length=10, choices=Kind, default=Kind.DEPARTMENT))
    name = operational(models.CharField(max_length=200))
    parent = operational(models.ForeignKey("self", models.PROTECT, null=True, related_name="+"))
    active = operational(models.BooleanField(default=True))
    original = operational(SealedField(null=True))
    digest = operational(models.BinaryField(max_length=16, null=True))
    source_key = operational(models.BinaryField(max_length=16, null=True))

    class Meta:
        constraints = [
            models.CheckConstraint(name="department_is_not_its_own_parent", condition=~Q(parent=F("id"))),
            models.UniqueConstraint(name="department_is_imported_once", fields=["source_key"]),
        ]


class ProviderDepartment(Row):
    """A provider works in a department from one day to another, both included; ended, it stays as history."""

    grants = Grants.READ_WRITE

    provider = operational(models.ForeignKey("registry.Provider", models.PROTECT, related_name="+"))
    department = operational(models.ForeignKey("registry.Department", models.PROTECT, related_name="+"))
    since = operational(models.DateField())
    until = operational(models.DateField(null=True))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="works_in_a_department_once_at_a_time", fields=["provider", "department"], condition=Q(until=None)
            ),
            models.CheckConstraint(
                name="work_ends_after_it_begins", condition=Q(until=None) | Q(until__gte=F("since"))
            ),
        ]


class Laboratory(Versioned):
    """Who examines samples, inside the organization or for it."""

    grants = Grants.READ_WRITE

    name = operational(models.CharField(max_length=200))
    code = operational(models.CharField(max_length=40))
    active = operational(models.BooleanField(default=True))

    class Meta:
        constraints = [models.UniqueConstraint(name="laboratory_code_is_its_own", fields=["code"])]


class LaboratoryStaff(Row):
    """An account works at a laboratory, whose specimens and reports it sees; ended, it stays as history.

    It counts while the account's membership is of the same engagement, which only accounts knows.
    """

    grants = Grants.READ_WRITE

    laboratory = operational(models.ForeignKey("registry.Laboratory", models.PROTECT, related_name="+"))
    account_id = operational(models.UUIDField(db_index=True))
    engagement_id = operational(models.UUIDField())
    since = operational(models.DateTimeField())
    until = operational(models.DateTimeField(null=True))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="works_at_a_laboratory_once_at_a_time",
                fields=["laboratory", "account_id"],
                condition=Q(until=None),
            ),
            models.CheckConstraint(
                name="leaves_a_laboratory_after_joining", condition=Q(until=None) | Q(until__gte=F("since"))
            ),
        ]


class Assignment(Row):
    """A provider cares for a patient; ended, it stays as history."""

    grants = Grants.READ_WRITE

    patient = operational(models.ForeignKey("registry.Patient", models.PROTECT, related_name="+"))
    provider = operational(models.ForeignKey("registry.Provider", models.PROTECT, related_name="+"))
    since = operational(models.DateTimeField())
    until = operational(models.DateTimeField(null=True))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="assigned_once_at_a_time", fields=["patient", "provider"], condition=Q(until=None)
            )
        ]


class BrokenGlass(Row):
    """A provider who is not assigned looked all the same, for a while and for a reason; it is never taken back."""

    grants = Grants.APPEND_ONLY

    patient = operational(models.ForeignKey("registry.Patient", models.PROTECT, related_name="+"))
    provider = operational(models.ForeignKey("registry.Provider", models.PROTECT, related_name="+"))
    account_id = operational(models.UUIDField())
    reason = personal(SealedField())
    since = operational(models.DateTimeField())
    until = operational(models.DateTimeField())

    class Meta:
        constraints = [models.CheckConstraint(name="glass_stays_broken_for_a_while", condition=Q(until__gt=F("since")))]
        indexes = [models.Index(name="glass_broken_by", fields=["provider", "patient", "until"])]


class GlassSeen(Row):
    """Somebody who answers for privacy looked at why a glass was broken; once is enough, and it is never taken back."""

    grants = Grants.APPEND_ONLY

    glass = operational(models.ForeignKey("registry.BrokenGlass", models.PROTECT, related_name="+", db_index=False))
    account_id = operational(models.UUIDField())
    at = operational(models.DateTimeField())

    class Meta:
        constraints = [models.UniqueConstraint(name="broken_glass_is_acknowledged_once", fields=["glass"])]


class Claim(Versioned):
    """Who a person that registered says to be, until staff link the account to a patient or approve the doctor."""

    class Kind(models.TextChoices):
        PATIENT = "patient"
        DOCTOR = "doctor"

    class Status(models.TextChoices):
        OPEN = "open"
        LINKED = "linked"

    grants = Grants.READ_WRITE

    account_id = operational(models.UUIDField())
    membership_id = operational(models.UUIDField())
    kind = operational(models.CharField(max_length=7, choices=Kind))
    status = operational(models.CharField(max_length=6, choices=Status, default=Status.OPEN))
    details = personal(SealedField())

    class Meta:
        constraints = [models.UniqueConstraint(name="one_claim_of_a_kind", fields=["account_id", "kind"])]
