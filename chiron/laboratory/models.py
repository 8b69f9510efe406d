"""Specimens, reports and their results, in each organization's schema."""

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from chiron.kernel.fields import MeasuredField, SealedField, clinical, operational, personal
from chiron.kernel.models import Grants, Row, Versioned
from chiron.laboratory.words import RELEASED, ReportState, SpecimenState
from chiron.records.public import Flag

LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
"""When a specimen was collected that an erasure has left empty."""


class Specimen(Versioned):
    """A sample of one patient at one laboratory.

    `number` is sealed with the patient's key and found by its blind index; `kind` is {system, code, display}, of SNOMED
    CT or HL7 table 0487; `reason` says, sealed, why it was rejected.
    """

    grants: ClassVar = Grants.READ_WRITE

    laboratory = operational(models.ForeignKey("registry.Laboratory", models.PROTECT, related_name="+"))
    patient = operational(models.ForeignKey("registry.Patient", models.PROTECT, related_name="+"))
    number = personal(SealedField())
    number_index = personal(models.BinaryField(max_length=16, null=True))
    kind = clinical(models.JSONField(default=dict))
    collected_at = clinical(models.DateTimeField(), erased=LONG_AGO)
    received_at = operational(models.DateTimeField(null=True))
    state = operational(models.CharField(max_length=10, choices=SpecimenState, default=SpecimenState.REGISTERED))
    reason = clinical(SealedField(null=True))
    registered_by = operational(models.UUIDField(null=True))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="a_specimens_number_is_its_own_at_a_laboratory", fields=["laboratory", "number_index"]
            ),
            models.CheckConstraint(
                name="a_specimen_is_received_after_it_is_collected", condition=Q(received_at__gte=F("collected_at"))
            ),
            models.CheckConstraint(
                name="a_specimen_is_examined_after_it_is_received",
                condition=Q(received_at__isnull=False)
                | Q(state__in=[SpecimenState.REGISTERED, SpecimenState.REJECTED]),
            ),
            models.CheckConstraint(
                name="a_specimen_stands_somewhere_known", condition=Q(state__in=SpecimenState.values)
            ),
        ]

    laboratory_id: UUID
    patient_id: UUID


class LaboratoryReport(Versioned):
    """What was found in one specimen. Released, it stands in the patient's chart, result by result.

    `released_at` and `released_by` tell of what it says now; `reason` says, sealed, why it was amended or withdrawn.
    """

    grants: ClassVar = Grants.READ_WRITE

    specimen = operational(models.ForeignKey(Specimen, models.PROTECT, related_name="+"))
    state = operational(models.CharField(max_length=11, choices=ReportState, default=ReportState.PRELIMINARY))
    resulted_at = operational(models.DateTimeField())
    reported_by = operational(models.UUIDField(null=True))
    released_at = operational(models.DateTimeField(null=True))
    released_by = operational(models.UUIDField(null=True))
    reason = clinical(SealedField(null=True))

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_report_is_released_after_its_results", condition=Q(released_at__gte=F("resulted_at"))
            ),
            models.CheckConstraint(
                name="a_report_in_the_chart_was_released",
                condition=Q(released_at__isnull=False) | ~Q(state__in=RELEASED),
            ),
            models.CheckConstraint(
                name="a_preliminary_report_was_not_released",
                condition=Q(released_at__isnull=True) | ~Q(state=ReportState.PRELIMINARY),
            ),
            models.CheckConstraint(name="a_report_is_as_sure_as_known", condition=Q(state__in=ReportState.values)),
        ]

    specimen_id: UUID


class Result(Row):
    """One analyte of a report: its LOINC code, its value in a unit of UCUM, and how it lies to what is usual.

    `low` and `high` are the laboratory's own reference range. `record` is what the patient's chart says of it.
    """

    grants: ClassVar = Grants.FULL
    erasure_deletes: ClassVar = True

    report = operational(models.ForeignKey(LaboratoryReport, models.PROTECT, related_name="+", db_index=False))
    place = operational(models.IntegerField())
    code = clinical(models.CharField(max_length=10))
    name = clinical(models.CharField(max_length=200))
    value = clinical(MeasuredField())
    unit = clinical(models.CharField(max_length=64))
    low = clinical(MeasuredField(null=True))
    high = clinical(MeasuredField(null=True))
    flag = clinical(models.CharField(max_length=2, choices=Flag, null=True))
    record = operational(models.ForeignKey("records.Record", models.PROTECT, related_name="+", null=True))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="an_analyte_stands_once_in_a_report", fields=["report", "code"]),
            models.UniqueConstraint(name="a_record_tells_of_one_result", fields=["record"]),
            models.CheckConstraint(name="the_range_of_a_result_goes_upward", condition=Q(high__gte=F("low"))),
            models.CheckConstraint(name="the_flag_of_a_result_is_known", condition=Q(flag__in=Flag.values)),
        ]

    report_id: UUID
    record_id: UUID | None
