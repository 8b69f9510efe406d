"""Shapes of the comparison of the active model with the one in its shadow."""

from datetime import date
from typing import Self

from pydantic import BaseModel, Field

from chiron.kernel.schemas import Day
from chiron.screening.comparing import Comparison
from chiron.screening.shapes_watching import OutcomeOut


class ShadowQuery(BaseModel):
    since: Day | None = Field(None, alias="from", description="The first day, of the organization's clock.")
    until: Day | None = Field(None, alias="to", description="The last day; without it today.")


class ShadowCellOut(BaseModel):
    """So many questions to which the two said so."""

    active: str = Field(description="A class, `unclassified` or `abstained`.")
    shadow: str = Field(description="The same, or `failed`.")
    number: int


class AbstainedOut(BaseModel):
    """Of how many questions one of the two abstained alone, and of how many both."""

    active: int
    shadow: int
    both: int


class DifferencesOut(BaseModel):
    """The mean absolute differences of the probabilities, where both gave some."""

    p_normal: float | None
    p_borderline: float | None
    p_deficient: float | None


class ComparisonOut(BaseModel):
    """What an active model and one in its shadow said to the same questions."""

    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    active_hash: str
    shadow_hash: str
    screenings: int
    failed: int = Field(description="How often the one in the shadow was away or failed.")
    abstained: AbstainedOut
    cells: list[ShadowCellOut]
    differences: DifferencesOut
    outcomes: list[OutcomeOut] = Field(description="What was measured later of those to whom both were asked.")

    @classmethod
    def of(cls, found: Comparison) -> Self:
        cells = [
            ShadowCellOut(active=active, shadow=shadow, number=number)
            for (active, shadow), number in sorted(found.cells.items())
        ]
        return cls(
            first=found.days.first, last=found.days.last, active_hash=found.active, shadow_hash=found.shadow,
            screenings=found.screenings, failed=found.failed, abstained=AbstainedOut(**found.abstained), cells=cells,
            differences=DifferencesOut(**found.differences), outcomes=[OutcomeOut.of(each) for each in found.outcomes],
        )  # fmt: skip


class Comparisons(BaseModel):
    comparisons: list[ComparisonOut]
    next: None = None
