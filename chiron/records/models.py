"""Records, the versions they had, and the annotations on them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q, Value

from chiron.kernel.fields import MeasuredField, SealedField, clinical, operational
from chiron.kernel.models import Grants, Row, Versioned
from chiron.records.words import AgeUnit, Flag, Precision, RecordType, Sensitivity, Status, Visibility
from chiron.registry.public import Sex

LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
"""Where a record stands in time that an erasure has left empty."""


class RecordQuerySet(models.QuerySet["Record"]):
    def standing(self) -> RecordQuerySet:
        """Without what was entered in error."""
        return self.filter(status=Status.ACTIVE)

    def without_content(self) -> RecordQuerySet:
        """For lists, which show the text of a record and not the original document."""
        return self.defer("content")


class Record(Versioned):
    """One clinical statement about one patient, as it stands now.

    `text` opens to {title, description, reason}, `content` to the original document. The first version of a record is
    this row itself; from its first change on, every version is also a `RecordVersion`. Once signed, a record is only
    withdrawn or added to: by another record, whose `addendum_to` it is.
    """

    grants: ClassVar = Grants.READ_WRITE

    patient = operational(models.ForeignKey("registry.Patient", models.PROTECT, related_name="+", db_index=False))
    record_type = clinical(models.CharField(max_length=16, choices=RecordType), erased=RecordType.NOTE)
    resource_type = clinical(models.CharField(max_length=64, default="", blank=True))
    status = clinical(models.CharField(max_length=16, choices=Status, default=Status.ACTIVE))
    clinical_status = clinical(models.CharField(max_length=64, default="", blank=True))
    codes = clinical(models.JSONField(default=list))
    code_keys = clinical(ArrayField(models.TextField(), default=list))
    occurred_at = clinical(models.DateTimeField(null=True))
    occurred_precision = clinical(models.CharField(max_length=8, choices=Precision, default=Precision.INSTANT))
    occurred_end = clinical(models.DateTimeField(null=True))
    timeline_at = clinical(models.DateTimeField(), erased=LONG_AGO)
    quantity_value = clinical(MeasuredField(null=True))
    quantity_unit = clinical(models.CharField(max_length=64, default="", blank=True))
    quantity_code = clinical(models.CharField(max_length=64, default="", blank=True))
    range_low = clinical(MeasuredField(null=True))
    range_high = clinical(MeasuredField(null=True))
    encounter_id = operational(models.UUIDField(null=True))
    flag = clinical(models.CharField(max_length=2, choices=Flag, null=True))
    labels = clinical(ArrayField(models.CharField(max_length=8, choices=Sensitivity), default=list))
    author_account = operational(models.UUIDField(null=True))
    author_provider = operational(
        models.ForeignKey("registry.Provider", models.PROTECT, related_name="+", null=True, db_index=False)
    )
    changed_by = operational(models.UUIDField(null=True))
    signed_at = operational(models.DateTimeField(null=True))
    addendum_to = operational(models.ForeignKey("self", models.PROTECT, related_name="+", null=True, db_index=False))
    source_key = clinical(models.BinaryField(max_length=32, null=True))
    source_digest = clinical(models.BinaryField(max_length=32, null=True))
    text = clinical(SealedField())
    content = clinical(SealedField(null=True))

    objects = RecordQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="a_statement_is_imported_once", fields=["source_key"]),
            models.CheckConstraint(name="a_record_is_of_a_known_type", condition=Q(record_type__in=RecordType.values)),
            models.CheckConstraint(name="a_record_stands_or_was_an_error", condition=Q(status__in=Status.values)),
            models.CheckConstraint(
                name="an_event_is_known_to_a_precision", condition=Q(occurred_precision__in=Precision.values)
            ),
            models.CheckConstraint(
                name="an_event_ends_after_it_begins", condition=Q(occurred_end__gte=F("occurred_at"))
            ),
            models.CheckConstraint(name="a_range_goes_upward", condition=Q(range_high__gte=F("range_low"))),
            models.CheckConstraint(name="a_flag_is_one_of_the_known", condition=Q(flag__in=Flag.values)),
            models.CheckConstraint(
                name="a_label_is_one_of_the_known", condition=Q(labels__contained_by=Sensitivity.values)
            ),
            models.CheckConstraint(name="a_record_adds_to_another", condition=~Q(addendum_to=F("id"))),
        ]
        indexes: ClassVar = [
            models.Index("patient", F("timeline_at").desc(), F("id").desc(), name="records_of_a_patient"),
            models.Index(F("timeline_at").desc(), F("id").desc(), name="records_by_time"),
            GinIndex(name="records_by_code", fields=["code_keys"]),
            models.Index("addendum_to", F("id").desc(), name="addenda_of_a_record", condition=~Q(addendum_to=None)),
        ]

    author_provider_id: UUID | None
    addendum_to_id: UUID | None


class Clearance(Row):
    """A provider sees the records with this label of those whom they care for."""

    grants: ClassVar = Grants.FULL

    provider = operational(models.ForeignKey("registry.Provider", models.PROTECT, related_name="+", db_index=False))
    label = operational(models.CharField(max_length=8, choices=Sensitivity))
    given_by = operational(models.UUIDField(null=True))
    given_at = operational(models.DateTimeField())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="a_clearance_is_given_once", fields=["provider", "label"]),
            models.CheckConstraint(name="a_clearance_is_for_a_known_label", condition=Q(label__in=Sensitivity.values)),
        ]


class RecordVersion(Row):
    """What a record said, from `changed_at` until its next version. `state` and `content` are sealed, for good."""

    grants: ClassVar = Grants.APPEND_ONLY

    record = operational(models.ForeignKey(Record, models.PROTECT, related_name="+", db_index=False))
    version = operational(models.IntegerField())
    changed_at = operational(models.DateTimeField())
    changed_by = operational(models.UUIDField(null=True))
    status = operational(models.CharField(max_length=16, choices=Status))
    state = clinical(SealedField())
    content = clinical(SealedField(null=True))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="a_version_is_kept_once", fields=["record", "version"]),
        ]


class Signature(Row):
    """Who vouched for which version of a record, and when, so that nobody changes what it said unnoticed.

    `digest` is an HMAC-SHA256 of what the version says, keyed with `salt`, which only the patient's key opens: it tells
    nothing about the words. `proof` is an Ed25519 signature over the digest and everything else in the row.
    """

    grants: ClassVar = Grants.APPEND_ONLY

    record = operational(models.ForeignKey(Record, models.PROTECT, related_name="+", db_index=False))
    record_version = operational(models.IntegerField())
    signed_at = operational(models.DateTimeField())
    signer_account = operational(models.UUIDField(null=True))
    signer_provider = operational(
        models.ForeignKey("registry.Provider", models.PROTECT, related_name="+", null=True, db_index=False)
    )
    key_id = operational(models.CharField(max_length=32))
    digest = operational(models.BinaryField(max_length=32))
    proof = operational(models.BinaryField(max_length=64))
    salt = clinical(SealedField())

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(name="a_record_is_signed_once", fields=["record"])]

    signer_provider_id: UUID | None


class Annotation(Versioned):
    """A remark of one who cares, on one record. `content` is sealed with the key of the record's patient."""

    grants: ClassVar = Grants.READ_WRITE

    record = operational(models.ForeignKey(Record, models.PROTECT, related_name="+", db_index=False))
    author_account = operational(models.UUIDField(null=True))
    author_provider = operational(
        models.ForeignKey("registry.Provider", models.PROTECT, related_name="+", null=True, db_index=False)
    )
    visibility = operational(models.CharField(max_length=10, choices=Visibility, default=Visibility.CARE_TEAM))
    content = clinical(SealedField())

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="an_annotation_is_seen_by_someone", condition=Q(visibility__in=Visibility.values)
            ),
        ]
        indexes: ClassVar = [models.Index("record", F("id").desc(), name="annotations_of_a_record")]


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def standing(self) -> AttachmentQuerySet:
        """Without what was entered in error."""
        return self.filter(status=Status.ACTIVE)


class Attachment(Versioned):
    """A file on one record. `text` opens to {name, reason}, with the key of the record's patient as the file itself."""

    grants: ClassVar = Grants.READ_WRITE

    record = operational(models.ForeignKey(Record, models.PROTECT, related_name="+", db_index=False))
    file = operational(models.OneToOneField("files.File", models.PROTECT, related_name="+"))
    status = operational(models.CharField(max_length=16, choices=Status, default=Status.ACTIVE))
    author_account = operational(models.UUIDField(null=True))
    author_provider = operational(
        models.ForeignKey("registry.Provider", models.PROTECT, related_name="+", null=True, db_index=False)
    )
    changed_by = operational(models.UUIDField(null=True))
    text = clinical(SealedField())

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="an_attachment_stands_or_was_an_error", condition=Q(status__in=Status.values)),
        ]
        indexes: ClassVar = [models.Index("record", F("id").desc(), name="attachments_of_a_record")]

    author_provider_id: UUID | None


class Anchor(Row):
    """Where the words stand that an annotation quotes, from this version of the record until the next of its anchors.

    `passage` opens to {part, start, end, quote}; an orphan has no start and no end.
    """

    grants: ClassVar = Grants.APPEND_ONLY

    annotation = operational(models.ForeignKey(Annotation, models.PROTECT, related_name="+", db_index=False))
    record_version = operational(models.IntegerField())
    passage = clinical(SealedField())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="an_annotation_has_one_place_in_a_version", fields=["annotation", "record_version"]
            ),
        ]

    annotation_id: UUID


class UsualRange(Versioned):
    """A reference range of the organization: what is usual for a code, by sex and age, in one unit of UCUM.

    Ages count completed units, from `age_from` up to `age_until` (not included). An empty `sex` means any. `place` is
    the same number for all ranges that compete for the same patients. `molar_mass` is in g/mol.
    """

    grants: ClassVar = Grants.FULL

    code_system = operational(models.CharField(max_length=200, default="", blank=True))
    code = operational(models.CharField(max_length=100))
    sex = operational(models.CharField(max_length=7, choices=Sex, default="", blank=True))
    age_unit = operational(models.CharField(max_length=2, choices=AgeUnit, default=AgeUnit.YEARS))
    age_from = operational(models.IntegerField(default=0))
    age_until = operational(models.IntegerField(null=True))
    unit = operational(models.CharField(max_length=64))
    low = operational(MeasuredField(null=True))
    high = operational(MeasuredField(null=True))
    critical_low = operational(MeasuredField(null=True))
    critical_high = operational(MeasuredField(null=True))
    molar_mass = operational(MeasuredField(null=True))
    place = operational(models.BigIntegerField())

    class Meta:
        constraints: ClassVar = [
            ExclusionConstraint(
                name="reference_ranges_do_not_overlap",
                expressions=[
                    (Func(F("place"), F("place"), Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (Func(F("age_from"), F("age_until"), function="int4range"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                name="a_reference_range_goes_upward",
                condition=Q(high__gte=F("low"))
                & Q(low__gte=F("critical_low"))
                & Q(critical_high__gte=F("high"))
                & Q(critical_high__gte=F("critical_low")),
            ),
            models.CheckConstraint(name="an_age_range_goes_upward", condition=Q(age_until__gt=F("age_from"))),
            models.CheckConstraint(name="a_molar_mass_is_positive", condition=Q(molar_mass__gt=0)),
        ]
        indexes: ClassVar = [models.Index("code", name="reference_ranges_of_a_code")]
