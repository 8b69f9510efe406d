"""Reads of the laboratory; each is one event in the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.laboratory.doors import REPORTS, SPECIMENS, report_for, reports_within, specimen_for, specimens_within
from chiron.laboratory.models import LaboratoryReport, Result, Specimen
from chiron.laboratory.sealing import index_of, number_of, reason_of
from chiron.laboratory.words import ReportState, SpecimenState
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import patient_safes


@dataclass(frozen=True, slots=True)
class OpenedSpecimen:
    """A specimen with its number, and why it was rejected."""

    specimen: Specimen
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class OpenedReport:
    """A report with its results in their order, and why it was amended or withdrawn."""

    report: LaboratoryReport
    results: Sequence[Result]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecimensAsked:
    """Which specimens; everything said must fit."""

    laboratory_id: UUID | None = None
    patient_id: UUID | None = None
    state: SpecimenState | None = None
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsAsked:
    """Which reports; everything said must fit."""

    laboratory_id: UUID | None = None
    patient_id: UUID | None = None
    specimen_id: UUID | None = None
    state: ReportState | None = None


def read_specimen(by: Caller, specimen_id: UUID) -> OpenedSpecimen:
    """One specimen. Raises NotFound."""
    specimen = specimen_for(by, specimen_id)
    audit.record(by, "specimen.read", resource=SPECIMENS, resource_id=specimen.id, subjects=[specimen.patient_id])
    return open_specimens([specimen])[0]


def list_specimens(by: Caller, asked: SpecimensAsked, query: PageQuery) -> Page[OpenedSpecimen]:
    """A page of specimens, the newest first."""
    narrowed = {"laboratory": asked.laboratory_id, "patient": asked.patient_id, "state": asked.state}
    said = {name: value for name, value in narrowed.items() if value}
    by_number = {"number_index": index_of(asked.number)} if asked.number else {}
    found = page(specimens_within(by, "read").filter(**said, **by_number), query)
    subjects = {each.patient_id for each in found.rows}
    audit.record(by, "specimen.listed", resource=SPECIMENS, subjects=subjects)
    return Page(open_specimens(found.rows), found.next)


def read_report(by: Caller, report_id: UUID) -> OpenedReport:
    """One report with its results. Raises NotFound."""
    report = report_for(by, report_id)
    subjects = [report.specimen.patient_id]
    audit.record(by, "laboratory-report.read", resource=REPORTS, resource_id=report.id, subjects=subjects)
    return open_reports([report])[0]


def list_reports(by: Caller, asked: ReportsAsked, query: PageQuery) -> Page[OpenedReport]:
    """A page of reports with their results, the newest first."""
    narrowed = {
        "specimen__laboratory": asked.laboratory_id, "specimen__patient": asked.patient_id,
        "specimen": asked.specimen_id, "state": asked.state,
    }  # fmt: skip
    said = {name: value for name, value in narrowed.items() if value}
    found = page(reports_within(by, "read").select_related("specimen").filter(**said), query)
    subjects = {each.specimen.patient_id for each in found.rows}
    audit.record(by, "laboratory-report.listed", resource=REPORTS, subjects=subjects)
    return Page(open_reports(found.rows), found.next)


def open_specimens(specimens: Sequence[Specimen]) -> list[OpenedSpecimen]:
    """Specimens that came through a door, opened by one query however many they are."""
    safes = patient_safes(current_organization_id(), {each.patient_id for each in specimens})
    return [
        OpenedSpecimen(each, number_of(each, safes[each.patient_id]), reason_of(each, safes[each.patient_id]))
        for each in specimens
    ]


def open_reports(reports: Sequence[LaboratoryReport]) -> list[OpenedReport]:
    """Reports that came through a door with their specimens, opened by two queries however many they are."""
    safes = patient_safes(current_organization_id(), {each.specimen.patient_id for each in reports})
    results: dict[UUID, list[Result]] = {}
    for result in Result.objects.filter(report__in=reports).order_by("place"):
        results.setdefault(result.report_id, []).append(result)
    return [
        OpenedReport(each, results.get(each.id, []), reason_of(each, safes[each.specimen.patient_id]))
        for each in reports
    ]


def patients_of_specimens(ids: Sequence[UUID]) -> list[UUID]:
    """Whom these specimens are of, for the audit trail of an attempt at them; it says nothing to any caller."""
    return list(Specimen.objects.filter(id__in=ids).order_by("id").values_list("patient_id", flat=True))


def patients_of_reports(ids: Sequence[UUID]) -> list[UUID]:
    """Whom these reports are about, for the audit trail of an attempt at them; it says nothing to any caller."""
    found = LaboratoryReport.objects.filter(id__in=ids).order_by("id")
    return list(found.values_list("specimen__patient_id", flat=True))
