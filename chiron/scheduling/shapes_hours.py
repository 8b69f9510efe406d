"""Holidays, and what is decided of appointments under them, over HTTP."""

from datetime import datetime
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, model_validator

from chiron.kernel.ids import NIL
from chiron.kernel.schemas import Body, Line
from chiron.scheduling.proposing import Option, Proposal
from chiron.scheduling.services.decide import Decided, Seen
from chiron.scheduling.services.holidays import Holiday, HolidayChanged, HolidaySaid
from chiron.scheduling.services.move import Move
from chiron.scheduling.shapes import LONGEST_CLOSURE, Affected, AffectedOut, Wall, WallTime
from chiron.scheduling.words import Choice


class HolidayIn(Body):
    """From one wall time until before another nobody receives, by the clock of each doctor."""

    title: Line = Field("", examples=["New Year"])
    from_: Wall = Field(alias="from", examples=["2032-01-01T00:00"])
    until: Wall = Field(examples=["2032-01-02T00:00"])
    department_id: UUID | None = Field(None, description="Only in this department and those below it.")

    @model_validator(mode="after")
    def _goes_forward(self) -> Self:
        if not self.from_ < self.until <= self.from_ + LONGEST_CLOSURE:
            raise ValueError("ends before it begins, or more than ten years later")
        return self

    def said(self) -> HolidaySaid:
        return HolidaySaid(title=self.title, start=self.from_, end=self.until, department_id=self.department_id)


class HolidayOut(BaseModel):
    id: UUID
    title: str
    from_: Wall = Field(serialization_alias="from")
    until: Wall
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


class MoveIn(WallTime):
    id: UUID
    version: int | None = Field(None, ge=1, description="The one that was seen; another is left alone.")
    doctor_id: UUID | None = Field(None, description="Another doctor, who takes over.")

    def move(self) -> Move:
        return Move(self.id, self.wall(), self.offset(), self.doctor_id, self.version)


class MovesIn(Body):
    """What is accepted of a proposal: all of it, or a part."""

    moves: list[MoveIn] = Field(
        min_length=1,
        max_length=100,
        examples=[[{"id": str(NIL), "appointment_date": "2031-07-15", "start_time": "10:30"}]],
    )

    @model_validator(mode="after")
    def _says_nothing_twice(self) -> Self:
        if len({each.id for each in self.moves}) < len(self.moves):
            raise ValueError("names an appointment twice")
        return self


class OptionOut(BaseModel):
    doctor_id: UUID
    starts_at: datetime
    ends_at: datetime
    time_zone: str

    @classmethod
    def of(cls, option: Option) -> Self:
        zone = ZoneInfo(option.zone)
        starts_at, ends_at = (each.astimezone(zone) for each in (option.itself.starts_at, option.itself.ends_at))
        return cls(doctor_id=option.provider_id, starts_at=starts_at, ends_at=ends_at, time_zone=option.zone)


class ProposedOut(AffectedOut):
    options: list[OptionOut] = Field(description="Other times, the next first; the first is proposed for no other.")

    @classmethod
    def proposed(cls, proposal: Proposal) -> Self:
        options = [OptionOut.of(each) for each in proposal.options]
        return cls(**dict(AffectedOut.of(proposal.appointment)), options=options)


class Proposals(BaseModel):
    proposals: list[ProposedOut]
    next: str | None


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
