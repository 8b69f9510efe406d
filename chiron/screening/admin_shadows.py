"""The administration of models in the shadow: what they would have said, by what the active one did."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from django import forms
from django.contrib import admin

from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.kernel.cells import Table
from chiron.kernel.errors import NotFound
from chiron.kernel.forms import Dressed, shaped
from chiron.kernel.ids import NIL
from chiron.kernel.pages import Listed, Page, Shown
from chiron.kernel.schemas import PageQuery
from chiron.screening.admin_drift import said_of
from chiron.screening.comparing import LONGEST, Comparison, compare
from chiron.screening.models import ShadowAnswer
from chiron.screening.shapes_shadows import ShadowQuery
from chiron.screening.shelf import bundles_there

SCORES = {"p_normal": "normal", "p_borderline": "borderline", "p_deficient": "deficient"}
YEAR = LONGEST - timedelta(days=2)
"""As far back as can be asked at once, wherever it may be tomorrow already."""


class SeekDays(Dressed):
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(format="%Y-%m-%d"))
    until = forms.DateField(required=False, label="Until", widget=forms.DateInput(format="%Y-%m-%d"))


def id_of(found: Comparison) -> UUID:
    """What stands for two models in addresses of the administration."""
    return uuid5(NIL, f"{found.active} {found.shadow}")


@admin.register(ShadowAnswer)
class ShadowPage(Page):
    resource, id_name = "screening-shadows", "pair_id"
    title, group, icon, place = "Models in the shadow", "Screening", "compare", 38
    heads = ("Active", "In its shadow", "From", "Until", "Questions", "Said the same", "Failed")
    seek = SeekDays

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        days = shaped(ShadowQuery, {"from": asked["since"], "to": asked["until"]})
        names = names_of()
        rows = [
            (self.link(names.get(each.active, each.active[:12]), id_of(each)),
             names.get(each.shadow, each.shadow[:12]), str(each.days.first), str(each.days.last), each.screenings,
             same(each), each.failed)
            for each in compare(by, days.since, days.until, clock.now())
        ]  # fmt: skip
        return Listed(rows)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        now = clock.now()
        pairs = compare(by, now.date() - YEAR, None, now)
        found = next((each for each in pairs if id_of(each) == row_id), None)
        if found is None:
            raise NotFound
        names = names_of()
        facts = [
            ("Active", f"{names.get(found.active, 'gone')}, {found.active}"),
            ("In its shadow", f"{names.get(found.shadow, 'gone')}, {found.shadow}"),
            ("Days", f"{found.days.first} to {found.days.last}"), ("Questions", found.screenings),
            ("Said the same", same(found)), ("The one in the shadow failed", found.failed),
            *((f"Abstained: {who}", number) for who, number in found.abstained.items()),
            *((f"Mean difference of P({name})", f"{off:.3f}") for score, name in SCORES.items()
              if (off := found.differences[score]) is not None),
        ]  # fmt: skip
        cells = [(*said, number) for said, number in sorted(found.cells.items())]
        measured = [(each.bundle.version, *said_of(each)) for each in found.outcomes]
        tables = [
            Table(("Active", "In its shadow", "Questions"), cells, "What the two said"),
            Table(("Model", "Said", "Measured later", "Agreed", "95 % interval"), measured, "What was measured later"),
        ]
        return Shown("Two models on the same questions", facts, [each for each in tables if each.rows])


def names_of() -> dict[str, str]:
    """What the models that are here are called, by their hash."""
    return {each.content_hash: f"{each.name} {each.version}" for each in bundles_there()}


def same(found: Comparison) -> str:
    """How often both said the same."""
    number = sum(number for (active, shadow), number in found.cells.items() if active == shadow)
    return f"{number} ({number / found.screenings:.1%})"
