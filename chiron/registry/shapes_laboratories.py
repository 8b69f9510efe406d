"""What the endpoints of laboratories take and give."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from chiron.kernel.schemas import Body, Word
from chiron.registry.models import Laboratory, LaboratoryStaff


class LaboratoryIn(Body):
    name: Word = Field(examples=["Central laboratory"])
    code: Annotated[str, StringConstraints(min_length=1, max_length=40)] = Field(examples=["central"])
    active: bool = True


class LaboratoryOut(BaseModel):
    id: UUID
    name: str
    code: str
    active: bool


class LaboratoryEnvelope(BaseModel):
    lab: LaboratoryOut


class Laboratories(BaseModel):
    labs: list[LaboratoryOut]
    next: str | None


class StaffIn(Body):
    account_id: UUID = Field(
        description="The account of a member whose role is LAB.", examples=["01996f3a-5c7e-7c1a-9d0e-3b8f6a2c4d11"]
    )


class StaffOut(BaseModel):
    account_id: UUID
    lab_id: UUID
    since: datetime
    until: datetime | None


class StaffEnvelope(BaseModel):
    staff: StaffOut


class Staff(BaseModel):
    staff: list[StaffOut]
    next: str | None


def laboratory_out(row: Laboratory) -> LaboratoryOut:
    """A laboratory on the wire."""
    return LaboratoryOut(id=row.id, name=row.name, code=row.code, active=row.active)


def staff_out(row: LaboratoryStaff) -> StaffOut:
    """Who works at a laboratory, on the wire."""
    return StaffOut(account_id=row.account_id, lab_id=row.laboratory_id, since=row.since, until=row.until)
