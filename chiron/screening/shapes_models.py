"""Models and how common the deficiency is, over HTTP."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from chiron.kernel.schemas import Body, Line, Word
from chiron.screening.models import Prevalence
from chiron.screening.services.bundles import Told, Words
from chiron.screening.words import BundleStanding


class StateChangeOut(BaseModel):
    """How a model came to stand elsewhere: who answers for it, and why."""

    state: BundleStanding
    person: str
    reason: str
    account_id: UUID | None
    at: datetime


class BundleOut(BaseModel):
    """A model, its card, and where it stands with the organization."""

    id: str
    name: str
    version: str
    content_hash: str
    state: BundleStanding
    card: dict[str, Any]
    gate: dict[str, Any] = Field(description="Whether it was good enough where it was tested; if not, why not.")
    label: dict[str, Any] = Field(description="What it predicts, by which assay and cutoffs.")
    thresholds: dict[str, Any]
    history: list[StateChangeOut]
    row_version: int = Field(description="What `If-Match` asks for.")

    @classmethod
    def of(cls, told: Told) -> Self:
        bundle = told.bundle
        return cls(
            id=f"{bundle.name}-{bundle.version}",
            name=bundle.name,
            version=bundle.version,
            content_hash=bundle.content_hash,
            state=told.state,
            card=dict(bundle.card),
            gate=dict(bundle.gate),
            label=dict(bundle.label),
            thresholds=dict(bundle.thresholds),
            history=[
                StateChangeOut(
                    state=BundleStanding(change.state),
                    person=words.person,
                    reason=words.reason,
                    account_id=change.account_id,
                    at=change.at,
                )
                for change, words in told.history
            ],
            row_version=told.version,
        )


class BundleEnvelope(BaseModel):
    model: BundleOut


class Bundles(BaseModel):
    models: list[BundleOut]
    next: None = None


class RollbackIn(Body):
    """Who answers for a change by name, and why it is made."""

    person: Word = Field(examples=["Dr Ama Mensah, head of the laboratory"])
    reason: Line = Field(min_length=1, examples=["Validated on our own patients of 2030; report of January 12."])

    def words(self) -> Words:
        return Words(self.person, self.reason)


class StateIn(RollbackIn):
    """Where a model is to stand from now on, who answers for that by name, and why."""

    state: BundleStanding


class PrevalenceIn(Body):
    """How common the deficiency is among those whom you screen, and how you know."""

    share: float = Field(gt=0, lt=1, examples=[0.052])
    source: Line = Field(min_length=1, max_length=250, examples=["Our own measurements of 2029, n = 1,204"])


class PrevalenceOut(BaseModel):
    share: float
    source: str
    at: datetime

    @classmethod
    def of(cls, row: Prevalence) -> Self:
        return cls(share=row.share, source=row.source, at=row.at)


class PrevalenceEnvelope(BaseModel):
    prevalence: PrevalenceOut | None

    @classmethod
    def of(cls, row: Prevalence | None) -> Self:
        return cls(prevalence=PrevalenceOut.of(row) if row else None)
