"""The administration of screenings: asked, listed and shown as through the API. Deciding is for those who treat."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django import forms
from django.contrib import admin

from chiron.kernel.access import Caller
from chiron.kernel.cells import Table, Tag, short
from chiron.kernel.forms import Act, Dressed, Lines, choices, shaped
from chiron.kernel.pages import Listed, Page, Shown
from chiron.kernel.schemas import PageQuery
from chiron.registry.public import Sex, patient_link, patient_names
from chiron.screening.blood.analytes import ANALYTES
from chiron.screening.models import Screening
from chiron.screening.queries import Sought, list_screenings, read_screening
from chiron.screening.services.classify import classify
from chiron.screening.shapes import Classify
from chiron.screening.words import Decision, Mode, Outcome, ResultClass, RiskClass

TONES = {
    ResultClass.NORMAL: "good", ResultClass.BORDERLINE: "warn", ResultClass.DEFICIENT: "bad",
    RiskClass.LOW: "good", RiskClass.UNINFORMATIVE: "plain", RiskClass.RAISED: "warn",
}  # fmt: skip
EMPTY_COUNT = [{"analyte": each.name, "value": "", "unit": each.unit} for each in ANALYTES.values() if each.required]


class SeekScreening(Dressed):
    patient = forms.UUIDField(required=False)
    outcome = forms.ChoiceField(choices=choices(Outcome.choices), required=False)
    decision = forms.ChoiceField(choices=choices(Decision.choices), required=False)


class AskModel(Act):
    slug, label, need, creates = "add", "Classify a blood count", ("screenings", "create"), True

    patient_id = forms.UUIDField(required=False, label="Patient", help_text="Age and sex are then the registry's.")
    age = forms.IntegerField(required=False, min_value=0, max_value=150, help_text="In completed years.")
    sex = forms.ChoiceField(choices=choices(Sex.choices, "not said"), required=False)
    cbc = Lines("analyte", "value", "unit", label="Blood count")
    pregnant = forms.BooleanField(required=False)
    treated_with_b12 = forms.BooleanField(required=False, label="Treated with vitamin B12 within a year")
    mode = forms.ChoiceField(choices=Mode.choices, initial=Mode.RESEARCH)

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        return {"cbc": EMPTY_COUNT}

    def perform(self, now: datetime) -> UUID:
        typed = {name: value for name, value in self.typed().items() if value != ""}
        lines = typed.pop("cbc", [])
        cbc = {each["analyte"]: {"value": each.get("value"), "unit": each.get("unit")} for each in lines}
        return classify(by=self.by, asked=shaped(Classify, typed | {"cbc": cbc}).asked(), now=now).screening.id


@admin.register(Screening)
class ScreeningPage(Page):
    resource, id_name = "screenings", "screening_id"
    title, group, icon, place = "Screenings", "Screening", "hematology", 36
    heads = ("Made", "Patient", "Mode", "Outcome", "Class", "Risk", "Decision")
    seek = SeekScreening
    acts = (AskModel,)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        sought = Sought(
            patient_id=asked["patient"],
            outcome=Outcome(asked["outcome"]) if asked["outcome"] else None,
            decision=Decision(asked["decision"]) if asked["decision"] else None,
        )
        found = list_screenings(by, sought, query)
        names = patient_names(by, [each.patient_id for each in found.rows if each.patient_id])
        rows = [
            (self.link(each.made_at, each.id), patient_link(each.patient_id, names) if each.patient_id else "unnamed",
             each.mode, each.outcome, tag(each.result_class), tag(each.risk_class), each.decision)
            for each in found.rows
        ]  # fmt: skip
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        opened = read_screening(by, row_id)
        row, said = opened.screening, orjson.loads(opened.result)
        names = patient_names(by, [row.patient_id] if row.patient_id else [])
        facts = [
            ("Notice", said.get("notice")), ("Banner", said.get("banner")),
            ("Patient", patient_link(row.patient_id, names) if row.patient_id else "unnamed"),
            ("Made", row.made_at), ("Age", row.age), ("Sex", row.sex), ("Mode", row.mode), ("Outcome", row.outcome),
            ("Class", tag(row.result_class)), ("Risk", tag(row.risk_class)),
            ("Normal", percent(row.p_normal)), ("Borderline", percent(row.p_borderline)),
            ("Deficient", percent(row.p_deficient)), ("Base rate", percent(said.get("base_rate"))),
            ("PPV here", percent(said.get("ppv"))), ("NPV here", percent(said.get("npv"))),
            ("Recommendation", said.get("recommendation")),
            ("Model", said["model"].get("id")), ("Model then", said["model"].get("state")),
            ("Model version", row.bundle_version), ("Model hash", row.bundle_hash),
            ("Decision", row.decision), ("Why so decided", opened.decision_reason), ("Released", row.released_at),
            ("Id", str(row.id)),
        ]  # fmt: skip
        return Shown(f"Screening {short(row_id)}", facts, tables_of(said))


def tables_of(said: dict[str, Any]) -> list[Table]:
    """What an answer says in rows: reasons, contributions and indices. Of an older system it says none of them."""
    reasons = [(each["text"], ", ".join(each["features"])) for each in said.get("reasons", [])]
    added = [
        (each["stage"], one["feature"], one["value"], f"{one['adds']:+.3f}")
        for each in said.get("contributions") or ()
        for one in each["top"]
    ]
    indices = [
        (each["name"], f"{each['value']:.2f}", each["cutoff"], each["points_to"]) for each in said.get("indices", [])
    ]
    tables = [
        Table(("Reason", "Features"), reasons, "Why there is no answer"),
        Table(("Stage", "Feature", "Value", "Adds (log-odds)"), added, "What counted most"),
        Table(("Index", "Value", "Cutoff", "Points to"), indices, "Classical indices, no part of the answer"),
    ]
    return [each for each in tables if each.rows]


def tag(word: str) -> Tag | None:
    return Tag(word, TONES[word]) if word else None  # type: ignore[index]


def percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"
