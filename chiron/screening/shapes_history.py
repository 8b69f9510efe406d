"""Shapes of screenings that were made, and of what became of them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from chiron.kernel.schemas import Body, PageQuery
from chiron.screening.models import Screening
from chiron.screening.queries import Opened, Sought
from chiron.screening.words import Decision, Mode, Outcome, Reason, ResultClass, RiskClass

Why = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class SoughtQuery(BaseModel):
    patient: UUID | None = Field(None, description="Only screenings of this patient.")
    laboratory: UUID | None = Field(None, description="Only those of this laboratory.")
    batch: UUID | None = Field(None, description="Only those of this file.")
    result_class: ResultClass | None = Field(None, alias="class", description="Only answers of this class.")
    outcome: Outcome | None = None
    mode: Mode | None = None
    decision: Decision | None = None
    released: bool | None = Field(None, description="Whether the patient may read it.")
    from_: AwareDatetime | None = Field(None, alias="from", description="Made then or later.")
    to: AwareDatetime | None = Field(None, description="Made before then.")

    def sought(self) -> Sought:
        """The filters as the queries take them."""
        return Sought(
            self.patient, self.laboratory, self.batch, self.result_class, self.outcome, self.mode, self.decision,
            self.released, self.from_, self.to,
        )  # fmt: skip


class HistoryQuery(PageQuery, SoughtQuery):
    pass


class ScreeningSummary(BaseModel):
    id: UUID
    version: int
    patient_id: UUID | None = Field(description="None for an anonymous screening.")
    laboratory_id: UUID | None
    made_by: UUID | None
    made_at: datetime
    mode: Mode
    model_version: str
    model_hash: str
    outcome: Outcome
    reasons: list[Reason] = Field(description="Why there is no answer.")
    result_class: ResultClass | None = Field(alias="class")
    risk_class: RiskClass | None
    p_normal: float | None
    p_borderline: float | None
    p_deficient: float | None
    sex: str
    age: int | None
    input_hash: str
    decision: Decision
    decided_by: UUID | None
    decided_at: datetime | None
    released_by: UUID | None
    released_at: datetime | None
    confirmed_value: float | None = Field(description="A later vitamin B12 in serum, in pg/mL, if you may read it.")
    confirmed_at: datetime | None

    @classmethod
    def facts(cls, row: Screening) -> dict[str, Any]:
        """What the row says in clear."""
        renamed = {
            "model_version": row.bundle_version,
            "model_hash": row.bundle_hash,
            "class": row.result_class or None,
            "risk_class": row.risk_class or None,
        }
        plain = set(ScreeningSummary.model_fields) - {*renamed, "result_class"}
        return {name: getattr(row, name) for name in plain} | renamed


class History(BaseModel):
    screenings: list[ScreeningSummary]
    next: str | None


class ScreeningMade(ScreeningSummary):
    decision_reason: str = Field(description="Not shown to patients.")
    result: dict[str, Any] = Field(description="The answer as it was given, word for word.")

    @classmethod
    def of(cls, opened: Opened) -> "ScreeningMade":
        """One screening, opened."""
        said = {"decision_reason": opened.decision_reason, "result": orjson.loads(opened.result)}
        return cls(**cls.facts(opened.screening), **said)


class ScreeningMadeEnvelope(BaseModel):
    screening: ScreeningMade


class ScreeningSummaryEnvelope(BaseModel):
    screening: ScreeningSummary


class ScreeningDecision(Body):
    decision: Literal[Decision.ACCEPTED, Decision.OVERRIDDEN] = Field(examples=["overridden"])
    reason: Why = Field("", description="Needed to override.", examples=["Treated elsewhere since March."])
