"""The administration of the laboratory: specimens and reports, shown and moved on as through the API."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.urls import reverse

from chiron.identity.public import account_names
from chiron.kernel.access import Caller
from chiron.kernel.cells import Link, Table, Tag, short
from chiron.kernel.forms import Dressed, choices
from chiron.kernel.pages import Listed, Page, Shown, may
from chiron.kernel.schemas import PageQuery
from chiron.laboratory import queries
from chiron.laboratory.admin_forms import (
    AddReport,
    AmendReport,
    ChangeReport,
    Receive,
    Register,
    Reject,
    Release,
    Withdraw,
    plain,
)
from chiron.laboratory.models import LaboratoryReport, Result, Specimen
from chiron.laboratory.queries import ReportsAsked, SpecimensAsked
from chiron.laboratory.words import ReportState, SpecimenState
from chiron.records.public import Flag
from chiron.registry.public import laboratory_names, patient_link, patient_names

SPECIMEN_TAGS = {
    SpecimenState.REGISTERED: Tag("registered"),
    SpecimenState.RECEIVED: Tag("received", "warn"),
    SpecimenState.EXAMINED: Tag("examined", "good"),
    SpecimenState.REJECTED: Tag("rejected", "bad"),
}
REPORT_TAGS = {
    ReportState.PRELIMINARY: Tag("preliminary", "warn"),
    ReportState.FINAL: Tag("final", "good"),
    ReportState.AMENDED: Tag("amended", "good"),
    ReportState.WITHDRAWN: Tag("withdrawn", "bad"),
}
FLAG_TAGS = {each: Tag(each.value, "plain" if each is Flag.NORMAL else "bad") for each in Flag}


class SeekSpecimen(Dressed):
    number = forms.CharField(required=False, max_length=64)
    state = forms.ChoiceField(choices=choices(SpecimenState.choices), required=False)


CLOSED: dict[SpecimenState, tuple[str, ...]] = {
    SpecimenState.REGISTERED: (AddReport.slug,),
    SpecimenState.RECEIVED: (Receive.slug,),
    SpecimenState.EXAMINED: (Receive.slug, Reject.slug),
    SpecimenState.REJECTED: (Receive.slug, Reject.slug, AddReport.slug),
}
"""What is not done with a specimen any more."""


@admin.register(Specimen)
class SpecimenPage(Page):
    resource, id_name = "specimens", "specimen_id"
    title, group, icon, place = "Specimens", "Laboratory", "labs", 23
    heads = ("Number", "Patient", "Laboratory", "Of", "State", "Collected", "Received")
    seek, seeks_by = SeekSpecimen, "post"
    acts = (Register, Receive, Reject, AddReport)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        state = SpecimenState(asked["state"]) if asked["state"] else None
        found = queries.list_specimens(by, SpecimensAsked(number=asked["number"], state=state), query)
        patients = patient_names(by, [each.specimen.patient_id for each in found.rows])
        laboratories = laboratory_names(by, [each.specimen.laboratory_id for each in found.rows])
        rows = [
            (self.link(each.number, row.id), patient_link(row.patient_id, patients),
             laboratories.get(row.laboratory_id), kind_of(row), SPECIMEN_TAGS[SpecimenState(row.state)],
             row.collected_at, row.received_at)
            for each in found.rows for row in [each.specimen]
        ]  # fmt: skip
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        found = queries.read_specimen(by, row_id)
        row = found.specimen
        patient = patient_link(row.patient_id, patient_names(by, [row.patient_id]))
        laboratory = laboratory_names(by, [row.laboratory_id]).get(row.laboratory_id)
        facts = [
            ("Number", found.number), ("Patient", patient), ("Laboratory", laboratory), ("Of", kind_of(row)),
            ("State", SPECIMEN_TAGS[SpecimenState(row.state)]), ("Rejected because", found.reason),
            ("Collected", row.collected_at), ("Received", row.received_at), ("Registered", row.recorded_at),
            ("Id", str(row.id)),
        ]  # fmt: skip
        tables = [_reports_of(by, row_id)] if may(by, "laboratory-reports", "read") else []
        return Shown(f"Specimen {short(row_id)}", facts, tables, closed=CLOSED[SpecimenState(row.state)])


RELEASED_ALREADY = (ChangeReport.slug, Release.slug)
CLOSED_REPORTS: dict[ReportState, tuple[str, ...]] = {
    ReportState.PRELIMINARY: (AmendReport.slug,),
    ReportState.FINAL: RELEASED_ALREADY,
    ReportState.AMENDED: RELEASED_ALREADY,
    ReportState.WITHDRAWN: (*RELEASED_ALREADY, AmendReport.slug, Withdraw.slug),
}
"""What is not done with a report any more, or not yet."""


class SeekReport(Dressed):
    state = forms.ChoiceField(choices=choices(ReportState.choices), required=False)


@admin.register(LaboratoryReport)
class ReportPage(Page):
    resource, id_name = "laboratory-reports", "report_id"
    title, group, icon, place = "Laboratory reports", "Laboratory", "lab_profile", 24
    heads = ("Resulted", "Patient", "Laboratory", "Results", "State", "Released")
    seek = SeekReport
    acts = (ChangeReport, Release, AmendReport, Withdraw)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        state = ReportState(asked["state"]) if asked["state"] else None
        found = queries.list_reports(by, ReportsAsked(state=state), query)
        of = [each.report.specimen for each in found.rows]
        patients = patient_names(by, [each.patient_id for each in of])
        laboratories = laboratory_names(by, [each.laboratory_id for each in of])
        rows = [
            (self.link(each.report.resulted_at, each.report.id), patient_link(specimen.patient_id, patients),
             laboratories.get(specimen.laboratory_id), len(each.results), REPORT_TAGS[ReportState(each.report.state)],
             each.report.released_at)
            for each in found.rows for specimen in [each.report.specimen]
        ]  # fmt: skip
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        found = queries.read_report(by, row_id)
        row, specimen = found.report, found.report.specimen
        accounts = account_names(by, [row.reported_by, row.released_by])
        facts = [
            ("Patient", patient_link(specimen.patient_id, patient_names(by, [specimen.patient_id]))),
            ("Laboratory", laboratory_names(by, [specimen.laboratory_id]).get(specimen.laboratory_id)),
            ("Specimen", Link(short(specimen.id), reverse("admin:laboratory_specimen_change", args=[specimen.id]))),
            ("State", REPORT_TAGS[ReportState(row.state)]), ("Because", found.reason),
            ("Collected", specimen.collected_at), ("Resulted", row.resulted_at), ("Released", row.released_at),
            ("Reported by", accounts.get(row.reported_by, row.reported_by) if row.reported_by else None),
            ("Released by", accounts.get(row.released_by, row.released_by) if row.released_by else None),
            ("Id", str(row.id)),
        ]  # fmt: skip
        heads = ("Analyte", "LOINC", "Value", "Usual", "Flag")
        table = Table(heads, [_result(each) for each in found.results], "Results")
        return Shown(
            f"Laboratory report {short(row_id)}", facts, [table], closed=CLOSED_REPORTS[ReportState(row.state)]
        )


def kind_of(specimen: Specimen) -> str:
    """What a specimen is of, as people call it where somebody said so."""
    return specimen.kind.get("display") or specimen.kind.get("code") or ""


def _result(row: Result) -> tuple[Any, ...]:
    low, high = plain(row.low), plain(row.high)
    usual = f"{low}–{high}" if low or high else None
    return (
        row.name,
        row.code,
        f"{plain(row.value)} {row.unit}",
        usual,
        FLAG_TAGS[Flag(row.flag)] if row.flag else None,
    )


def _reports_of(by: Caller, specimen_id: UUID) -> Table:
    found = queries.list_reports(by, ReportsAsked(specimen_id=specimen_id), PageQuery())
    rows = [
        (Link(each.report.resulted_at, reverse("admin:laboratory_laboratoryreport_change", args=[each.report.id])),
         len(each.results), REPORT_TAGS[ReportState(each.report.state)])
        for each in found.rows
    ]  # fmt: skip
    return Table(("Resulted", "Results", "State"), rows, "Reports")
