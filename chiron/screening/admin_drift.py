"""The administration of what becomes of models in use: drift, week by week, and what later measurements say."""

from typing import Any
from uuid import UUID

from django.contrib import admin

from chiron.kernel.access import Caller
from chiron.kernel.cells import Table, Tag
from chiron.kernel.pages import Listed, Page, Shown
from chiron.kernel.schemas import PageQuery
from chiron.screening.model.drift import Verdict
from chiron.screening.models import Drift
from chiron.screening.watching import Measured, drift_for, list_drift, measured_outcomes

VERDICTS = {
    Verdict.TOO_FEW: Tag("too few"),
    Verdict.STABLE: Tag("stable", "good"),
    Verdict.WARNING: Tag("warning", "warn"),
    Verdict.ALARM: Tag("alarm", "bad"),
}


@admin.register(Drift)
class DriftPage(Page):
    resource, id_name = "screening-models", "drift_id"
    title, group, icon, place = "Drift", "Screening", "monitoring", 38
    heads = ("Week", "Verdict", "Largest index", "Screenings", "Model")

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = list_drift(by, query)
        rows = [
            (self.link(each.week, each.id), VERDICTS[Verdict(each.verdict)], f"{each.worst:.2f}", each.rows,
             each.bundle_hash[:12])
            for each in found.rows
        ]  # fmt: skip
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        drift = drift_for(by, row_id)
        facts = [
            ("Week", str(drift.week)), ("Verdict", VERDICTS[Verdict(drift.verdict)]), ("Screenings", drift.rows),
            ("Model", drift.bundle_hash), ("Judged", drift.at),
        ]  # fmt: skip
        indices = sorted(drift.indices.items(), key=lambda each: -each[1])
        measured = [said_of(each) for each in measured_outcomes(by) if each.bundle.content_hash == drift.bundle_hash]
        tables = [
            Table(("Column", "Index"), [(name, f"{index:.3f}") for name, index in indices], "Population stability"),
            Table(("Said", "Measured later", "Agreed", "95 % interval"), measured, "What was measured later"),
        ]
        return Shown(f"Drift in the week of {drift.week}", facts, [each for each in tables if each.rows])


def said_of(found: Measured) -> tuple[Any, ...]:
    """What a model said, how many of those were measured, and how many agreed."""
    if found.share is None or found.interval is None:
        return found.said, "fewer than 11", None, None
    low, high = found.interval
    return found.said, found.measured, f"{found.share:.1%}", f"{low:.1%} to {high:.1%}"
