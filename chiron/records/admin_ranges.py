"""The administration of reference ranges: what is usual here, said as through the API."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin

from chiron.kernel.access import Caller
from chiron.kernel.cells import short
from chiron.kernel.forms import Act, Dressed, choices, shaped
from chiron.kernel.pages import Listed, Page, Shown
from chiron.kernel.schemas import PageQuery
from chiron.records.api_ranges import UsualRangeIn
from chiron.records.models import UsualRange
from chiron.records.services import ranges
from chiron.records.words import AgeUnit
from chiron.registry.public import Sex


class SeekRange(Dressed):
    code = forms.CharField(required=False, max_length=100)


class RangeAct(Act):
    """A reference range, said whole."""

    code = forms.CharField(max_length=100)
    code_system = forms.CharField(max_length=200, required=False)
    sex = forms.ChoiceField(choices=choices(Sex.choices), required=False)
    age_unit = forms.ChoiceField(choices=AgeUnit.choices, initial=AgeUnit.YEARS)
    age_from = forms.IntegerField(min_value=0, initial=0, help_text="In completed units of age.")
    age_until = forms.IntegerField(min_value=0, required=False, help_text="The age that is no longer meant.")
    unit = forms.CharField(max_length=64, help_text="In UCUM.")
    low = forms.DecimalField(required=False)
    high = forms.DecimalField(required=False)
    critical_low = forms.DecimalField(required=False)
    critical_high = forms.DecimalField(required=False)
    molar_mass = forms.DecimalField(required=False, help_text="In g/mol.")

    def perform(self, now: datetime) -> UUID:
        said = shaped(UsualRangeIn, self.typed()).said()
        own, version = (None, None) if self.creates else (self.row_id, self.cleaned_data["version"])
        return ranges.save_range(by=self.by, range_id=own, said=said, if_match=version, now=now).id


class AddRange(RangeAct):
    slug, label, need, creates = "add", "Add a reference range", ("reference-ranges", "create"), True


class ChangeRange(RangeAct):
    slug, label, need = "edit", "Change the reference range", ("reference-ranges", "update")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        usual = (ranges.read_range if looked_at else ranges.range_of_id)(self.by, self.row_id)
        return {name: getattr(usual, name) for name in (*UsualRangeIn.model_fields, "version")}


class RemoveRange(Act):
    slug, label, need, grave = "remove", "Remove the reference range", ("reference-ranges", "delete"), True

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        return {"version": ranges.range_of_id(self.by, self.row_id).version}

    def perform(self, now: datetime) -> None:
        ranges.remove_range(by=self.by, range_id=self.row_id, if_match=self.cleaned_data["version"])


@admin.register(UsualRange)
class RangePage(Page):
    resource, id_name = "reference-ranges", "range_id"
    title, group, icon, place = "Reference ranges", "Records", "straighten", 21
    heads = ("Code", "For", "Usual", "Critical", "Unit", "Changed")
    seek = SeekRange
    acts = (AddRange, ChangeRange, RemoveRange)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = ranges.list_ranges(by, query, code=asked["code"] or None)
        rows = [
            (self.link(each.code, each.id), whom(each), between(each.low, each.high),
             between(each.critical_low, each.critical_high), each.unit, each.updated_at)
            for each in found.rows
        ]  # fmt: skip
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        usual = ranges.read_range(by, row_id)
        facts = [
            ("Code", usual.code),
            ("System", usual.code_system),
            ("For", whom(usual)),
            ("Usual", between(usual.low, usual.high)),
            ("Critical", between(usual.critical_low, usual.critical_high)),
            ("Unit", usual.unit),
            ("Molar mass", number(usual.molar_mass)),
            ("Added", usual.recorded_at),
            ("Changed", usual.updated_at),
            ("Id", str(usual.id)),
        ]
        return Shown(f"Reference range {short(row_id)}", facts)


def whom(usual: UsualRange) -> str:
    """Of which sex and age it is usual."""
    until = "" if usual.age_until is None else usual.age_until
    return f"{usual.sex or 'any sex'}, {usual.age_from}–{until} {AgeUnit(usual.age_unit).label}"


def between(low: Any, high: Any) -> str | None:
    """Two ends, of which either may be open."""
    return None if low is None and high is None else f"{number(low) or ''}–{number(high) or ''}"


def number(value: Any) -> str | None:
    """A number without the zeros that mean nothing."""
    return None if value is None else f"{value.normalize():f}"
