"""What is typed in the administration of the laboratory; each form stands before one verb of the API."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError

from chiron.kernel.access import Scope
from chiron.kernel.errors import NotFound
from chiron.kernel.forms import Act, Lines, Moment, choices, shaped
from chiron.laboratory import queries
from chiron.laboratory.doors import REPORTS, report_for, specimen_for
from chiron.laboratory.models import Result
from chiron.laboratory.queries import OpenedReport
from chiron.laboratory.services import reports, specimens
from chiron.laboratory.shapes import AmendIn, ReceivedIn, ReportChanges, SpecimenIn, WhyIn
from chiron.registry.public import laboratories_within, patient_within

SNOMED_CT, BLOOD = "http://snomed.info/sct", ("119297000", "Blood specimen")


class Register(Act):
    slug, label, need, creates = "add", "Register a specimen", ("specimens", "create"), True

    lab_id = forms.ChoiceField(label="Laboratory")
    patient_id = forms.UUIDField(label="Id of the patient", help_text="It stands on their page.")
    number = forms.CharField(max_length=64, help_text="The laboratory's own, unique there.")
    display = forms.CharField(max_length=200, required=False, label="Of", initial=BLOOD[1])
    code = forms.CharField(max_length=100, initial=BLOOD[0])
    system = forms.CharField(max_length=200, label="Code of", initial=SNOMED_CT)
    collected_at = Moment()
    received_at = Moment(required=False, help_text="Where it has come already.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        examining = laboratories_within(self.by, self.by.scope(*self.need)).filter(active=True).order_by("name", "id")
        known = [(str(each.id), each.name) for each in examining]
        field: Any = self.fields["lab_id"]
        field.choices = field.widget.choices = choices(known, "choose")

    def clean_patient_id(self) -> UUID:
        patient_id: UUID = self.cleaned_data["patient_id"]
        try:
            patient_within(self.by, Scope.ORGANIZATION, patient_id)
        except NotFound:
            raise ValidationError("Nobody here has this id.") from None
        return patient_id

    def perform(self, now: datetime) -> UUID:
        said = self.typed()
        kind = {name: said.pop(name) for name in ("system", "code", "display")}
        shape = shaped(SpecimenIn, said | {"type": kind})
        return specimens.register_specimen(by=self.by, said=shape.said(), now=now).id


class Receive(Act):
    slug, label, need = "receive", "The specimen has come", ("specimens", "update")

    received_at = Moment(required=False, help_text="Now where it is not said.")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        return {"version": specimen_for(self.by, self.row_id, "update").version}

    def perform(self, now: datetime) -> UUID:
        said = shaped(ReceivedIn, {"received_at": self.cleaned_data["received_at"]})
        return specimens.receive_specimen(
            by=self.by, specimen_id=self.row_id, received_at=said.received_at, if_match=self.cleaned_data["version"],
            now=now,
        ).id  # fmt: skip


class Reject(Act):
    slug, label, need, grave = "reject", "The specimen is of no use", ("specimens", "update"), True

    reason = forms.CharField(max_length=2_000)

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        return {"version": specimen_for(self.by, self.row_id, "update").version}

    def perform(self, now: datetime) -> UUID:
        said = shaped(WhyIn, {"reason": self.cleaned_data["reason"]})
        return specimens.reject_specimen(
            by=self.by, specimen_id=self.row_id, reason=said.reason, if_match=self.cleaned_data["version"], now=now
        ).id


class ReportAct(Act):
    """What was found in a specimen, said whole."""

    results = Lines("code", "name", "value", "unit", "low", "high", label="Results")
    resulted_at = Moment(required=False, help_text="When that was known; now where it is not said.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["results"].required = True
        self.fields["results"].help_text += " The code is of LOINC, the unit of UCUM; low and high may be left out."

    def found(self) -> list[dict[str, Any]]:
        """The results as the API takes them."""
        return [{name: part for name, part in line.items() if part} for line in self.cleaned_data["results"]]


class AddReport(ReportAct):
    slug, label, need = "report", "Say what was found", ("laboratory-reports", "create")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        specimen_for(self.by, self.row_id, "create", resource=REPORTS)
        return {}

    def perform(self, now: datetime) -> UUID:
        said = shaped(ReportChanges, {"results": self.found(), "resulted_at": self.cleaned_data["resulted_at"]})
        reports.create_report(by=self.by, specimen_id=self.row_id, said=said.said(), now=now)
        return self.row_id


class SayAnew(ReportAct):
    """A report that there is, said anew; the time stays to the microsecond unless another is typed."""

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        self.before = before = self._before(looked_at)
        lines = [_line(each) for each in before.results]
        return {"results": lines, "resulted_at": before.report.resulted_at, "version": before.report.version}

    def anew(self) -> dict[str, Any]:
        """Everything that the report will say, as the API takes it."""
        resulted_at = self.changed().get("resulted_at", self.before.report.resulted_at)
        return {"results": self.found(), "resulted_at": resulted_at}

    def _before(self, looked_at: bool) -> OpenedReport:
        if looked_at:
            return queries.read_report(self.by, self.row_id)
        return queries.open_reports([report_for(self.by, self.row_id, self.need[1])])[0]


class ChangeReport(SayAnew):
    slug, label, need = "edit", "Change the report", ("laboratory-reports", "update")

    def perform(self, now: datetime) -> UUID:
        said = shaped(ReportChanges, self.anew()).said()
        version = self.cleaned_data["version"]
        return reports.change_report(by=self.by, report_id=self.row_id, said=said, if_match=version, now=now).id


class AmendReport(SayAnew):
    slug, label, need = "amend", "Amend the report", ("laboratory-reports", "amend")

    reason = forms.CharField(max_length=2_000, help_text="What is replaced in the chart is kept as entered in error.")

    def perform(self, now: datetime) -> UUID:
        said = shaped(AmendIn, self.anew() | {"reason": self.cleaned_data["reason"]})
        return reports.amend_report(
            by=self.by, report_id=self.row_id, said=said.said(), reason=said.reason,
            if_match=self.cleaned_data["version"], now=now,
        ).id  # fmt: skip


class Release(Act):
    slug, label, need = "release", "Release into the chart", ("laboratory-reports", "release")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        return {"version": report_for(self.by, self.row_id, "release").version}

    def perform(self, now: datetime) -> UUID:
        version = self.cleaned_data["version"]
        return reports.release_report(by=self.by, report_id=self.row_id, if_match=version, now=now).id


class Withdraw(Act):
    slug, label, need, grave = "withdraw", "Take the report back", ("laboratory-reports", "withdraw"), True

    reason = forms.CharField(max_length=2_000, help_text="What it brought into the chart is kept as entered in error.")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        return {"version": report_for(self.by, self.row_id, "withdraw").version}

    def perform(self, now: datetime) -> UUID:
        said = shaped(WhyIn, {"reason": self.cleaned_data["reason"]})
        return reports.withdraw_report(
            by=self.by, report_id=self.row_id, reason=said.reason, if_match=self.cleaned_data["version"], now=now
        ).id


def plain(value: Decimal | None) -> str:
    """A measured number with the digits it was measured with."""
    return "" if value is None else f"{value:f}"


def _line(row: Result) -> dict[str, str]:
    measured = {name: plain(getattr(row, name)) for name in ("value", "low", "high")}
    return {"code": row.code, "name": row.name, "unit": row.unit, **measured}
