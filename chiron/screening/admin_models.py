"""The administration of the models that answer, and of how common the deficiency is."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin

from chiron.kernel.access import Caller
from chiron.kernel.cells import Table, Tag
from chiron.kernel.errors import NotFound
from chiron.kernel.forms import Act, shaped
from chiron.kernel.pages import Listed, Page, Shown
from chiron.kernel.schemas import PageQuery
from chiron.screening.models import BundleState, Prevalence
from chiron.screening.services import bundles, prevalence, rollback
from chiron.screening.services.bundles import Told
from chiron.screening.shapes_models import PrevalenceIn, RollbackIn, StateIn
from chiron.screening.words import BundleStanding

STATES = {
    BundleStanding.RESEARCH_ONLY: Tag("research-only"),
    BundleStanding.VALIDATED: Tag("validated", "good"),
    BundleStanding.SHADOW: Tag("shadow", "good"),
    BundleStanding.ACTIVE: Tag("active", "good"),
    BundleStanding.SUSPENDED: Tag("suspended", "bad"),
    BundleStanding.RETIRED: Tag("retired"),
}


def id_of(content_hash: str) -> UUID:
    """What stands for a model in addresses of the administration: the beginning of its hash."""
    return UUID(hex=content_hash[:32])


def model_of(by: Caller, row_id: UUID) -> Told:
    """The model that an address means. Raises NotFound."""
    found = next((each for each in bundles.list_bundles(by) if id_of(each.bundle.content_hash) == row_id), None)
    if found is None:
        raise NotFound
    return found


class ChangeState(Act):
    slug, label, need = "stand", "Let it stand elsewhere", ("screening-models", "update")

    state = forms.ChoiceField(choices=BundleStanding.choices)
    person = forms.CharField(max_length=100, help_text="Who answers for this, by name.")
    reason = forms.CharField(max_length=500)

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        told = model_of(self.by, self.row_id)
        return {"state": told.state, "version": told.version}

    def perform(self, now: datetime) -> UUID:
        said, bundle = shaped(StateIn, self.typed()), model_of(self.by, self.row_id).bundle
        bundles.change_state(
            by=self.by, content_hash=bundle.content_hash, state=said.state, words=said.words(),
            if_match=self.cleaned_data["version"], now=now,
        )  # fmt: skip
        return self.row_id


class RollBack(Act):
    slug, label, need = "rollback", "Take it back: the one before answers again", ("screening-models", "update")
    grave = True

    person = forms.CharField(max_length=100, help_text="Who answers for this, by name.")
    reason = forms.CharField(max_length=500)

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        model_of(self.by, self.row_id)
        return {}

    def perform(self, now: datetime) -> UUID:
        said, bundle = shaped(RollbackIn, self.typed()), model_of(self.by, self.row_id).bundle
        back = rollback.roll_back(by=self.by, content_hash=bundle.content_hash, words=said.words(), now=now)
        return id_of(back.bundle.content_hash)


@admin.register(BundleState)
class ModelPage(Page):
    resource, id_name = "screening-models", "model_id"
    title, group, icon, place = "Models", "Screening", "model_training", 37
    heads = ("Model", "State", "Gate", "Hash")
    acts = (ChangeState, RollBack)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        rows = [
            (self.link(f"{each.bundle.name} {each.bundle.version}", id_of(each.bundle.content_hash)),
             STATES[each.state], gate_of(each), each.bundle.content_hash[:12])
            for each in bundles.list_bundles(by)
        ]  # fmt: skip
        return Listed(rows)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        told = model_of(by, row_id)
        bundle = told.bundle
        facts = [
            ("Model", f"{bundle.name} {bundle.version}"), ("State", STATES[told.state]), ("Gate", gate_of(told)),
            ("Hash", bundle.content_hash), *(("Label", f"{name}: {value}") for name, value in bundle.label.items()),
        ]  # fmt: skip
        history = [
            (change.at, STATES[BundleStanding(change.state)], words.person, words.reason)
            for change, words in told.history
        ]
        tables = [
            Table(("Limit not kept",), [(reason,) for reason in bundle.gate.get("reasons", [])], "Gate"),
            Table(("When", "State", "Who answers for it", "Why"), history, "How it came to stand there"),
            Table(("Heading", "Said"), list(lines_of(bundle.card)), "Model card"),
        ]
        closed = () if told.state in rollback.MAY_BE_TAKEN_BACK else (RollBack.slug,)
        return Shown(
            f"Model {bundle.name} {bundle.version}", facts, [each for each in tables if each.rows], closed=closed
        )


class SayPrevalence(Act):
    slug, label, need, creates = "add", "Say how common it is", ("screening-prevalence", "update"), True

    share = forms.FloatField(min_value=0, max_value=1, help_text="Of those who are screened: 0.052 is 5.2 %.")
    source = forms.CharField(max_length=250, help_text="How you know.")

    def perform(self, now: datetime) -> None:
        said = shaped(PrevalenceIn, self.typed())
        prevalence.say_prevalence(by=self.by, share=said.share, source=said.source, now=now)


@admin.register(Prevalence)
class PrevalencePage(Page):
    resource, title, group, icon, place = "screening-prevalence", "Prevalence", "Screening", "percent", 38
    heads = ("Said", "Share", "Source")
    acts = (SayPrevalence,)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = prevalence.list_prevalences(by, query)
        return Listed([(each.at, f"{each.share:.2%}", each.source) for each in found.rows], found.next)


def gate_of(told: Told) -> Tag:
    if told.bundle.gate.get("made_up"):
        return Tag("made-up patients", "bad")
    return Tag("passed", "good") if told.bundle.gate.get("passed") else Tag("not passed", "warn")


def lines_of(card: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """A model card as headings and what stands under each."""
    for name, value in card.items():
        heading = f"{above}{name.replace('_', ' ').capitalize()}"
        if isinstance(value, Mapping):
            yield from lines_of(value, f"{heading}: ")
        elif isinstance(value, list):
            yield heading, "; ".join(str(each) for each in value)
        else:
            yield heading, str(value)
