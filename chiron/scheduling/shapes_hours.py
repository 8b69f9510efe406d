"""Holidays, and what is decided of appointments under them, over HTTP."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field, NaiveDatetime, model_validator

from chiron.kernel.schemas import Body, Line
from chiron.scheduling.services.decide import Decided, Seen
from chiron.scheduling.services.holidays import Holiday, HolidayChanged, HolidaySaid
from chiron.scheduling.shapes import Affected, AffectedOut
from chiron.scheduling.words import Choice


class HolidayIn(Body):
    """From one wall time until before another nobody receives, by the clock of each doctor."""

    title: Line = Field("", examples=["New Year"])
    from_: NaiveDatetime = Field(alias="from", examples=["2032-01-01T00:00"])
    until: NaiveDatetime = Field(examples=["2032-01-02T00:00"])
    department_id: UUID | None = Field(None, description="Only in this department and those below it.")

    @model_validator(mode="after")
    def _goes_forward(self) -> Self:
        if self.until <= self.from_:
            raise ValueError("ends before it begins")
        return self

    def said(self) -> HolidaySaid:
        return HolidaySaid(title=self.title, start=self.from_, end=self.until, department_id=self.department_id)


class HolidayOut(BaseModel):
    id: UUID
    title: str
    from_: NaiveDatetime = Field(serialization_alias="from")
    until: NaiveDatetime
    department_id: UUID | None
    version: int

    @classmethod
    def of(cls, holiday: Holiday) -> Self:
        said = holiday.said
        return cls(
            id=holiday.closure.id, title=said.title, from_=said.start, until=said.end,
            department_id=said.department_id, version=holiday.closure.version,
        )  # fmt: skip


class HolidayEnvelope(BaseModel):
    holiday: HolidayOut


class Holidays(BaseModel):
    holidays: list[HolidayOut]
    next: str | None


class ChangedHoliday(HolidayEnvelope, Affected):
    @classmethod
    def of(cls, changed: HolidayChanged) -> Self:
        return cls(
            holiday=HolidayOut.of(changed.holiday), next=changed.affected.next,
            affected=[AffectedOut.of(each) for each in changed.affected.rows],
        )  # fmt: skip


class SeenIn(Body):
    id: UUID
    version: int | None = Field(None, ge=1, description="The one that was seen; another is left alone.")


class DecisionIn(Body):
    """What becomes of appointments for which nobody receives any more."""

    choice: Choice = Field(description="`ask` lets the patient choose another time until it begins.", examples=["keep"])
    appointments: list[SeenIn] = Field(min_length=1, max_length=200)
    reason: Line = Field("", description="Kept with what is cancelled.", examples=["The clinic is closed that day"])

    @model_validator(mode="after")
    def _says_nothing_twice(self) -> Self:
        if len({each.id for each in self.appointments}) < len(self.appointments):
            raise ValueError("names an appointment twice")
        return self

    def seen(self) -> list[Seen]:
        return [Seen(each.id, each.version) for each in self.appointments]


class RefusedOut(BaseModel):
    id: UUID
    problem: str = Field(description="The code of the refusal, as in `/problems/<code>`.")


class DecidedOut(BaseModel):
    decided: list[UUID]
    refused: list[RefusedOut] = Field(description="What stands otherwise than was seen; nothing happened to it.")

    @classmethod
    def of(cls, decided: Decided) -> Self:
        return cls(
            decided=list(decided.done), refused=[RefusedOut(id=each, problem=code) for each, code in decided.refused]
        )
