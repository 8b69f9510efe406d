"""What the waitlist says and hears over HTTP."""

from datetime import date, datetime, timedelta
from typing import Annotated, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, StringConstraints, model_validator

from chiron.kernel.schemas import Body, Day, PageQuery
from chiron.scheduling.models import Appointment
from chiron.scheduling.queries_waitlist import InLine
from chiron.scheduling.services.waitlist import Wanted
from chiron.scheduling.shapes import Pair
from chiron.scheduling.words import Standing

YEAR = timedelta(days=366)
Priority = Annotated[int, Field(ge=1, le=9, description="1 is first, 9 last; who says nothing has 5.", examples=[2])]


class WaitlistIn(Body):
    """With one doctor, or with any of a department or a specialty; on these days."""

    patient_id: UUID | None = Field(None, description="For staff; patients wait for themselves.")
    doctor_id: UUID | None = None
    department_id: UUID | None = None
    specialty: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    type: UUID | None = Field(None, description="An appointment type; without one, a slot of the doctor's.")
    from_: Day = Field(alias="from", examples=["2031-07-15"])
    until: Day = Field(description="The last day, at most a year later.", examples=["2031-08-15"])
    times: list[Pair] = Field(
        default_factory=list,
        max_length=10,
        description="Between which times of the doctor's clock it may begin; none means any.",
        examples=[[["09:00", "12:00"]]],
    )
    earlier_than: UUID | None = Field(
        None, description="An appointment of the patient's, which is given up when an earlier time is accepted."
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if not self.from_ <= self.until <= self.from_ + YEAR:
            raise ValueError("ends before it begins, or more than a year later")
        if self.doctor_id and (self.department_id or self.specialty):
            raise ValueError("names a doctor, and others beside")
        if any(start >= end for start, end in self.times):
            raise ValueError("has times that end before they begin")
        return self

    def wanted(self) -> Wanted:
        return Wanted(
            first=self.from_, last=self.until, provider_id=self.doctor_id, department_id=self.department_id,
            specialty=self.specialty, type_id=self.type, times=self.times, earlier_than=self.earlier_than,
        )  # fmt: skip


class PriorityIn(Body):
    priority: Priority


class OfferOut(BaseModel):
    """Time that is held for the patient: confirm the appointment to accept it, cancel it to decline."""

    appointment_id: UUID
    doctor_id: UUID
    starts_at: datetime = Field(description="With the offset of the doctor's clock.")
    held_until: datetime | None

    @classmethod
    def of(cls, offer: Appointment) -> Self:
        starts_at = offer.starts_at.astimezone(ZoneInfo(offer.zone))
        return cls(
            appointment_id=offer.id, doctor_id=offer.provider_id, starts_at=starts_at, held_until=offer.held_until
        )


class WaitlistEntryOut(BaseModel):
    id: UUID
    patient_id: UUID
    doctor_id: UUID | None
    department_id: UUID | None
    specialty: str
    type: UUID | None
    from_: Day = Field(alias="from")
    until: date
    times: list[tuple[str, str]]
    earlier_than: UUID | None
    priority: int
    status: Standing
    joined_at: datetime
    offer: OfferOut | None
    version: int

    @classmethod
    def of(cls, found: InLine) -> Self:
        each, offer = found.entry, found.offer
        return cls(
            id=each.id, patient_id=each.patient_id, doctor_id=each.provider_id, department_id=each.department_id,
            specialty=each.specialty, type=each.type_id, **{"from": each.from_day}, until=each.until_day,
            times=each.times, earlier_than=each.earlier_than, priority=each.priority, status=Standing(each.status),
            joined_at=each.recorded_at, version=each.version,
            offer=OfferOut.of(offer) if offer else None,
        )  # fmt: skip


class WaitlistEntryEnvelope(BaseModel):
    entry: WaitlistEntryOut


class Waitlist(BaseModel):
    waitlist: list[WaitlistEntryOut]
    next: str | None


class WaitlistQuery(PageQuery):
    status: Standing | None = Standing.WAITING
    patient: UUID | None = None
