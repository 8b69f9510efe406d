"""Shapes of what became of a model in use."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field, WithJsonSchema

from chiron.screening.model.drift import Verdict
from chiron.screening.models import Drift
from chiron.screening.watching import Measured

# Signatures have a Verdict, too, and what the document names it names by the name of a class alone.
Drifted = Annotated[Verdict, WithJsonSchema({"type": "string", "enum": [*Verdict]})]


class DriftOut(BaseModel):
    """How far those who were screened in four weeks are from those whom a model was trained on."""

    model_hash: str
    week: date = Field(description="The Monday of the judgement.")
    rows: int
    verdict: Drifted
    worst: float = Field(description="The largest of the indices: a warning from 0.10, an alarm from 0.25.")
    indices: dict[str, float] = Field(description="The population stability index of each feature and probability.")
    at: datetime

    @classmethod
    def of(cls, row: Drift) -> Self:
        return cls(
            model_hash=row.bundle_hash, week=row.week, rows=row.rows, verdict=Verdict(row.verdict), worst=row.worst,
            indices=row.indices, at=row.at,
        )  # fmt: skip


class DriftList(BaseModel):
    drift: list[DriftOut]
    next: str | None


class OutcomeOut(BaseModel):
    """How many of those of whom a model said so were measured later, and how many of them agreed."""

    model_hash: str
    model_version: str
    said: str = Field(description="A class, with which vitamin B12 of that class agrees, or a risk class.")
    measured: int | None = Field(description="None of fewer than 11: then nothing is told.")
    agreeing: int | None = Field(description="Of a risk class, how many were deficient.")
    share: float | None
    low: float | None = Field(description="The 95 % interval of the share (Wilson).")
    high: float | None

    @classmethod
    def of(cls, found: Measured) -> Self:
        low, high = found.interval or (None, None)
        return cls(
            model_hash=found.bundle.content_hash, model_version=found.bundle.version, said=found.said,
            measured=found.measured, agreeing=found.agreeing, share=found.share, low=low, high=high,
        )  # fmt: skip


class OutcomeList(BaseModel):
    outcomes: list[OutcomeOut]
    next: None = None
