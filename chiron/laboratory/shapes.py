"""What the laboratory's endpoints take and give."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from chiron.kernel.schemas import Body, PageQuery, Plain
from chiron.laboratory.models import Result
from chiron.laboratory.queries import OpenedReport, OpenedSpecimen, ReportsAsked, SpecimensAsked
from chiron.laboratory.rules import LOINC, Found, SpecimenSaid, is_loinc
from chiron.laboratory.services.reports import ReportSaid
from chiron.laboratory.words import ReportState, SpecimenState
from chiron.records.public import Code, Flag

AN_ID = "01996f3a-5c7e-7c1a-9d0e-3b8f6a2c4d11"


def _loinc(code: str) -> str:
    if not is_loinc(code):
        raise ValueError("is not written as LOINC writes codes, or its check digit is wrong")
    return code


def _in_this_age(instant: datetime) -> datetime:
    if not 1900 <= instant.year <= 2200:
        raise ValueError("is not in the years from 1900 to 2200")
    return instant.astimezone(UTC)


Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Instant = Annotated[AwareDatetime, AfterValidator(_in_this_age)]
Measured = Annotated[Decimal, Field(max_digits=20, decimal_places=10), Plain]
Loinc = Annotated[str, Field(min_length=3, max_length=10), AfterValidator(_loinc)]
Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


class KindIO(Body):
    """What a specimen is of, by SNOMED CT or HL7 table 0487."""

    system: str = Field(max_length=200, examples=["http://snomed.info/sct"])
    code: str = Field(min_length=1, max_length=100, examples=["119297000"])
    display: str = Field("", max_length=200, examples=["Blood specimen"])


class SpecimenIn(Body):
    lab_id: UUID = Field(examples=[AN_ID])
    patient_id: UUID = Field(examples=[AN_ID])
    number: Number = Field(description="The laboratory's own, unique there.", examples=["26-004711"])
    type: KindIO
    collected_at: Instant = Field(examples=["2026-05-04T08:15:00+02:00"])
    received_at: Instant | None = Field(None, description="Where it has come already.")

    def said(self) -> SpecimenSaid:
        """What the verb takes."""
        return SpecimenSaid(
            laboratory_id=self.lab_id, patient_id=self.patient_id, number=self.number,
            kind=Code(self.type.system, self.type.code, self.type.display),
            collected_at=self.collected_at, received_at=self.received_at,
        )  # fmt: skip


class ReceivedIn(Body):
    received_at: Instant | None = Field(
        None, description="Now where it is not said.", examples=["2026-05-04T09:00:00+02:00"]
    )


class WhyIn(Body):
    reason: Why = Field(examples=["Haemolysed"])


class SpecimenOut(BaseModel):
    id: UUID
    lab_id: UUID
    patient_id: UUID
    number: str
    type: dict[str, str]
    state: SpecimenState
    collected_at: datetime
    received_at: datetime | None
    reason: str

    @classmethod
    def of(cls, found: OpenedSpecimen) -> Self:
        row = found.specimen
        return cls(
            id=row.id, lab_id=row.laboratory_id, patient_id=row.patient_id, number=found.number, type=row.kind,
            state=SpecimenState(row.state), collected_at=row.collected_at, received_at=row.received_at,
            reason=found.reason,
        )  # fmt: skip


class SpecimenEnvelope(BaseModel):
    specimen: SpecimenOut


class Specimens(BaseModel):
    specimens: list[SpecimenOut]
    next: str | None


class SpecimenQuery(PageQuery):
    lab_id: UUID | None = None
    patient_id: UUID | None = None
    state: SpecimenState | None = None
    number: str = Field("", max_length=64)

    def asked(self) -> SpecimensAsked:
        """What the query takes."""
        return SpecimensAsked(
            laboratory_id=self.lab_id, patient_id=self.patient_id, state=self.state, number=self.number.strip()
        )


class ResultIn(Body):
    """What was found of one analyte."""

    code: Loinc = Field(description=f"Of {LOINC}.", examples=["718-7"])
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] = Field(
        examples=["Hemoglobin"]
    )
    value: Measured = Field(examples=[13.2])
    unit: str = Field(min_length=1, max_length=64, description="In UCUM.", examples=["g/dL"])
    low: Measured | None = Field(None, description="The laboratory's own reference range.", examples=[12])
    high: Measured | None = Field(None, examples=[15.5])


class ReportChanges(Body):
    results: list[ResultIn] = Field(min_length=1, max_length=200)
    resulted_at: Instant | None = Field(
        None, description="When that was known; now where it is not said.", examples=["2026-05-04T11:30:00+02:00"]
    )

    def said(self) -> ReportSaid:
        """What the verb takes."""
        return ReportSaid(found=[Found(**dict(each)) for each in self.results], resulted_at=self.resulted_at)


class ReportIn(ReportChanges):
    specimen_id: UUID = Field(examples=[AN_ID])


class AmendIn(ReportChanges):
    reason: Why = Field(examples=["Read from the other tube"])


class ResultOut(BaseModel):
    code: str
    name: str
    value: float
    unit: str
    low: float | None
    high: float | None
    flag: Flag | None
    record_id: UUID | None

    @classmethod
    def of(cls, row: Result) -> Self:
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class ReportOut(BaseModel):
    id: UUID
    specimen_id: UUID
    lab_id: UUID
    patient_id: UUID
    state: ReportState
    collected_at: datetime
    resulted_at: datetime
    released_at: datetime | None
    released_by: UUID | None
    reason: str
    results: list[ResultOut]

    @classmethod
    def of(cls, found: OpenedReport) -> Self:
        row, specimen = found.report, found.report.specimen
        own = ("id", "specimen_id", "state", "resulted_at", "released_at", "released_by")
        said: dict[str, Any] = {name: getattr(row, name) for name in own}
        return cls(
            **said, lab_id=specimen.laboratory_id, patient_id=specimen.patient_id, collected_at=specimen.collected_at,
            reason=found.reason, results=[ResultOut.of(each) for each in found.results],
        )  # fmt: skip


class ReportEnvelope(BaseModel):
    lab_report: ReportOut


class Reports(BaseModel):
    lab_reports: list[ReportOut]
    next: str | None


class ReportQuery(PageQuery):
    lab_id: UUID | None = None
    patient_id: UUID | None = None
    specimen_id: UUID | None = None
    state: ReportState | None = None

    def asked(self) -> ReportsAsked:
        """What the query takes."""
        return ReportsAsked(
            laboratory_id=self.lab_id, patient_id=self.patient_id, specimen_id=self.specimen_id, state=self.state
        )
