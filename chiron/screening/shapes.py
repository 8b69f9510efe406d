"""What screening says and hears over HTTP."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

from chiron.kernel.schemas import Body, Plain
from chiron.screening.blood.analytes import ANALYTES, NAME_BY_LOINC, RDW_SD
from chiron.screening.blood.reading import Measured
from chiron.screening.models import Screening
from chiron.screening.services.classify import Asked, Screened
from chiron.screening.words import Decision, Mode, Outcome, Reason, ResultClass, RiskClass

KNOWN = frozenset([*ANALYTES, *NAME_BY_LOINC, *RDW_SD])
COUNT = {
    "hemoglobin": {"value": 13.9, "unit": "g/dL"},
    "hematocrit": {"value": 41.7, "unit": "%"},
    "rbc": {"value": 4.6, "unit": "10*6/uL"},
    "mcv": {"value": 90.7, "unit": "fL"},
    "mch": {"value": 30.2, "unit": "pg"},
    "mchc": {"value": 33.3, "unit": "g/dL"},
    "rdw": {"value": 13.1, "unit": "%"},
    "wbc": {"value": 6.4, "unit": "10*3/uL"},
    "platelets": {"value": 245, "unit": "10*3/uL"},
}
"""A blood count of an adult."""


class LineIn(Body):
    """One analyte of a blood count."""

    value: Annotated[Decimal, Field(ge=0, le=10_000_000, max_digits=30), Plain]
    unit: str = Field(max_length=20, description="In UCUM, exactly.")


def _of_a_count(lines: Any) -> Any:
    if isinstance(lines, dict) and not KNOWN.issuperset(lines):
        raise ValueError("has a line that is neither an analyte of a blood count nor its LOINC code")
    return lines


class Classify(Body):
    """A blood count, of a patient or of somebody unnamed. Of a patient, age and sex are the registry's."""

    age: StrictInt | None = Field(None, ge=0, le=150, description="In completed years.", examples=[67])
    sex: Literal["female", "male", "other", "unknown"] | None = Field(None, examples=["female"])
    patient_id: UUID | None = None
    laboratory_id: UUID | None = Field(None, description="Without it, yours, where you work at one.")
    specimen_id: UUID | None = Field(None, description="Its patient and its laboratory need not be said.")
    cbc: Annotated[dict[str, LineIn], BeforeValidator(_of_a_count)] = Field(
        max_length=20, description="By analyte, or by LOINC code. The differential is optional.", examples=[COUNT]
    )
    pregnant: bool = False
    treated_with_b12: bool = Field(False, description="Within the last year.")
    mode: Mode = Mode.RESEARCH

    def asked(self) -> Asked:
        cbc = {name: Measured(line.value, line.unit) for name, line in self.cbc.items()}
        return Asked(**{**dict(self), "cbc": cbc})


class ReasonOut(BaseModel):
    code: Reason
    text: str
    features: list[str]


class PointOut(BaseModel):
    """A threshold of the model, with what it found and spared where it was tested."""

    probability: float
    sensitivity: float | None
    specificity: float | None


class PrevalenceUsed(BaseModel):
    share: float
    source: str


class Added(BaseModel):
    feature: str
    value: float | None
    adds: float = Field(description="In log-odds, before calibration.")


class ContributionOut(BaseModel):
    """A stage of the model: `base` and what all features add sum to `score`."""

    stage: Literal["low", "deficient"]
    base: float
    score: float
    top: list[Added]
    all: list[Added]


class IndexOut(BaseModel):
    name: str
    formula: str
    value: float
    cutoff: float
    points_to: str
    source: str


class ModelOut(BaseModel):
    """The model that answered, and where it stood."""

    model_config = ConfigDict(protected_namespaces=())

    id: str
    name: str
    version: str
    content_hash: str
    state: str


class ScreeningOut(BaseModel):
    """An answer to a blood count. What is null an abstention does not say."""

    id: UUID
    made_at: datetime
    patient_id: UUID | None
    laboratory_id: UUID | None
    specimen_id: UUID | None
    age: int | None
    sex: str
    decision: Decision
    released_at: datetime | None
    outcome: Outcome
    mode: Mode
    banner: str | None
    notice: str
    p_normal: float | None
    p_borderline: float | None
    p_deficient: float | None
    result_class: ResultClass | None = Field(alias="class")
    risk_class: RiskClass | None
    base_rate: float | None
    thresholds: dict[str, PointOut | None] | None
    prevalence: PrevalenceUsed | None
    ppv: float | None
    npv: float | None
    contributions: list[ContributionOut] | None
    reasons: list[ReasonOut]
    recommendation: str
    indices: list[IndexOut]
    model: ModelOut
    input_hash: str
    version: int

    @classmethod
    def of(cls, row: Screening, said: dict[str, Any]) -> Self:
        """A screening as it was answered, with what became of it."""
        names = (
            "id", "made_at", "patient_id", "laboratory_id", "specimen_id", "age", "sex", "decision", "released_at",
            "version",
        )  # fmt: skip
        return cls.model_validate(said | {name: getattr(row, name) for name in names})


class ScreeningEnvelope(BaseModel):
    screening: ScreeningOut

    @classmethod
    def of(cls, screened: Screened) -> Self:
        return cls(screening=ScreeningOut.of(screened.screening, screened.answer.content))
