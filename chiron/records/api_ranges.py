"""The organization's reference ranges over HTTP."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router, Status
from pydantic import BaseModel, Field

from chiron.kernel import clock
from chiron.kernel.access import Call, creates, needs
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import Body, PageQuery
from chiron.kernel.versions import created, etag, if_match
from chiron.records.models import UsualRange
from chiron.records.services import ranges
from chiron.records.services.ranges import RangeSaid
from chiron.records.shapes import Measured
from chiron.records.words import AgeUnit

router = Router(tags=["reference ranges"])
Age = Annotated[int, Field(ge=0, le=100_000)]
ADDRESS = "/reference-ranges/{uuid:range_id}"


class UsualRangeIn(Body):
    """What is usual for a code, in one unit, for one sex or any, and for an age."""

    code_system: str = Field("", max_length=200, examples=["http://loinc.org"])
    code: str = Field(min_length=1, max_length=100, examples=["718-7"])
    sex: Literal["", "male", "female", "other", "unknown"] = Field("", description="Empty: any.")
    age_unit: AgeUnit = AgeUnit.YEARS
    age_from: Age = Field(0, description="In completed units of age.")
    age_until: Age | None = Field(None, description="The age that is no longer meant.", examples=[18])
    unit: str = Field(min_length=1, max_length=64, description="In UCUM.", examples=["g/dL"])
    low: Measured | None = Field(None, examples=[12])
    high: Measured | None = Field(None, examples=[15.5])
    critical_low: Measured | None = Field(None, examples=[7])
    critical_high: Measured | None = Field(None, examples=[20])
    molar_mass: Annotated[Measured, Field(gt=0)] | None = Field(
        None, description="In g/mol: then masses and amounts of substance can be compared."
    )

    def said(self) -> RangeSaid:
        return RangeSaid(**dict(self))


class UsualRangeOut(BaseModel):
    id: UUID
    code_system: str
    code: str
    sex: str
    age_unit: AgeUnit
    age_from: int
    age_until: int | None
    unit: str
    low: float | None
    high: float | None
    critical_low: float | None
    critical_high: float | None
    molar_mass: float | None

    @classmethod
    def of(cls, usual: UsualRange) -> Self:
        said: dict[str, Any] = {name: getattr(usual, name) for name in cls.model_fields}
        return cls.model_validate(said)


class UsualRangeEnvelope(BaseModel):
    reference_range: UsualRangeOut


class UsualRanges(BaseModel):
    reference_ranges: list[UsualRangeOut]
    next: str | None


class RangeQuery(PageQuery):
    code: str | None = Field(None, max_length=100, description="Only those of this code.")


def shown(usual: UsualRange) -> UsualRangeEnvelope:
    return UsualRangeEnvelope(reference_range=UsualRangeOut.of(usual))


@router.get("/reference-ranges", response=UsualRanges)
@needs("reference-ranges", "read")
def list_ranges(request: Call, page: Query[RangeQuery]) -> UsualRanges:
    """What is usual in this organization, the newest first."""
    found = ranges.list_ranges(request.caller, page, code=page.code)
    return UsualRanges(reference_ranges=[UsualRangeOut.of(each) for each in found.rows], next=found.next)


@router.post("/reference-ranges", response={201: UsualRangeEnvelope, **refusals(409)})
@needs("reference-ranges", "create")
@creates
def create_range(request: Call, body: UsualRangeIn, response: HttpResponse) -> Status[UsualRangeEnvelope]:
    """Say what is usual; results that are written from now on are flagged by it."""
    made = ranges.save_range(by=request.caller, range_id=None, said=body.said(), if_match=None, now=clock.now())
    return created(response, f"/api/reference-ranges/{made.id}", shown(made), made.version)


@router.get(ADDRESS, response={200: UsualRangeEnvelope, **refusals(404)})
@needs("reference-ranges", "read")
def read_range(request: Call, range_id: UUID, response: HttpResponse) -> UsualRangeEnvelope:
    """One reference range."""
    found = ranges.read_range(request.caller, range_id)
    etag(response, found.version)
    return shown(found)


@router.put(ADDRESS, response={200: UsualRangeEnvelope, **refusals(404, 409, 412)})
@needs("reference-ranges", "update")
def change_range(request: Call, range_id: UUID, body: UsualRangeIn, response: HttpResponse) -> UsualRangeEnvelope:
    """Say everything of a reference range anew; what is already flagged stays as it is."""
    saved = ranges.save_range(
        by=request.caller, range_id=range_id, said=body.said(), if_match=if_match(request), now=clock.now()
    )
    etag(response, saved.version)
    return shown(saved)


@router.delete(ADDRESS, response={204: None, **refusals(404, 412)})
@needs("reference-ranges", "delete")
def remove_range(request: Call, range_id: UUID) -> Status[None]:
    """Take a reference range away; what is already flagged stays as it is."""
    ranges.remove_range(by=request.caller, range_id=range_id, if_match=if_match(request))
    return Status(204, None)
