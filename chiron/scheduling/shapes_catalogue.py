"""Appointment types and rooms over HTTP."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from chiron.kernel.schemas import Body, PageQuery, Word
from chiron.scheduling.models import AppointmentType, Room
from chiron.scheduling.services.catalogue import RoomSaid, TypeSaid

Buffer = Annotated[int, Field(ge=0, le=1440)]
Minutes = Annotated[int, Field(ge=0, le=525_600)]


class TypeIn(Body):
    """All of what an appointment type asks for."""

    name: Word = Field(examples=["First visit"])
    minutes: int = Field(ge=1, le=1440, description="How long it takes.", examples=[45])
    before_minutes: Buffer = Field(0, description="What must be free before it.")
    after_minutes: Buffer = Field(0, description="What must be free after it.", examples=[10])
    notice_minutes: Minutes = Field(0, description="How long before, at the latest, it is booked.", examples=[120])
    horizon_days: int = Field(365, ge=1, le=3650, description="How many days ahead it can be booked.")
    capacity: int = Field(1, ge=1, le=1000, description="How many patients share one appointment's time.")
    cancel_minutes: Minutes = Field(
        0, description="How long before patients may still cancel and move it.", examples=[1440]
    )
    moves_at_most: Annotated[int, Field(ge=0, le=100)] | None = Field(
        None, description="How often patients may move it; without it, as often as they like."
    )
    grace_minutes: Buffer = Field(0, description="How long a patient is waited for before they are missed.")
    release_minutes: Buffer | None = Field(
        None, description="How long after its beginning it is missed by itself, where nobody was checked in."
    )
    hold_minutes: int = Field(10, ge=1, le=120, description="How long its time is held until it is confirmed.")
    needs_approval: bool = Field(False, description="Whether what patients book waits for the clinic's approval.")
    active: bool = Field(True, description="Whether it can be booked.")

    @model_validator(mode="after")
    def _waits_before_it_misses(self) -> Self:
        if self.release_minutes is not None and self.release_minutes < self.grace_minutes:
            raise ValueError("is missed by itself while the patient is still waited for")
        return self

    def said(self) -> TypeSaid:
        return TypeSaid(**dict(self))


class TypeOut(BaseModel):
    id: UUID
    name: str
    minutes: int
    before_minutes: int
    after_minutes: int
    notice_minutes: int
    horizon_days: int
    capacity: int
    cancel_minutes: int
    moves_at_most: int | None
    grace_minutes: int
    release_minutes: int | None
    hold_minutes: int
    needs_approval: bool
    active: bool
    version: int

    @classmethod
    def of(cls, kind: AppointmentType) -> Self:
        said: dict[str, Any] = {name: getattr(kind, name) for name in cls.model_fields}
        return cls.model_validate(said)


class TypeEnvelope(BaseModel):
    appointment_type: TypeOut


class Types(BaseModel):
    appointment_types: list[TypeOut]
    next: str | None


class RoomIn(Body):
    """A room, or a device that only one appointment at a time can have."""

    name: Word = Field(examples=["Ultrasound 1"])
    department_id: UUID | None = None
    places: int | None = Field(None, ge=1, le=1000, description="Of those who share a time, so many are in it at most.")
    active: bool = Field(True, description="Whether it can be booked.")

    def said(self) -> RoomSaid:
        return RoomSaid(**dict(self))


class RoomOut(BaseModel):
    id: UUID
    name: str
    department_id: UUID | None
    places: int | None
    active: bool
    version: int

    @classmethod
    def of(cls, room: Room) -> Self:
        said: dict[str, Any] = {name: getattr(room, name) for name in cls.model_fields}
        return cls.model_validate(said)


class RoomEnvelope(BaseModel):
    room: RoomOut


class Rooms(BaseModel):
    rooms: list[RoomOut]
    next: str | None


class OfferQuery(PageQuery):
    active: bool | None = Field(None, description="Only those that can be booked, or only those that cannot.")
