"""Laboratories, and who works there."""

from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router, Status

from chiron.kernel import clock
from chiron.kernel.access import Call, creates, needs
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import PageQuery
from chiron.kernel.versions import created, etag, if_match
from chiron.registry import doors
from chiron.registry import queries_laboratories as queries
from chiron.registry.services import laboratories
from chiron.registry.shapes_laboratories import (
    Laboratories,
    LaboratoryEnvelope,
    LaboratoryIn,
    Staff,
    StaffEnvelope,
    StaffIn,
    laboratory_out,
    staff_out,
)

router = Router(tags=["laboratories"])


@router.get("/labs", response=Laboratories)
@needs("laboratories", "read")
def list_laboratories(request: Call, page: Query[PageQuery]) -> Laboratories:
    """Laboratories, the newest first."""
    found = queries.list_laboratories(request.caller, page)
    return Laboratories(labs=[laboratory_out(each) for each in found.rows], next=found.next)


@router.post("/labs", response={201: LaboratoryEnvelope, **refusals(409)})
@needs("laboratories", "create")
@creates
def create_laboratory(request: Call, response: HttpResponse, body: LaboratoryIn) -> Status[LaboratoryEnvelope]:
    """Add a laboratory."""
    made = laboratories.save_laboratory(
        by=request.caller, laboratory_id=None, **body.model_dump(), if_match=None, now=clock.now()
    )
    return created(response, f"/api/labs/{made.id}", LaboratoryEnvelope(lab=laboratory_out(made)), made.version)


@router.get("/labs/{uuid:laboratory_id}", response={200: LaboratoryEnvelope, **refusals(404)})
@needs("laboratories", "read")
def read_laboratory(request: Call, response: HttpResponse, laboratory_id: UUID) -> LaboratoryEnvelope:
    """One laboratory."""
    found = doors.laboratory_for(request.caller, laboratory_id)
    etag(response, found.version)
    return LaboratoryEnvelope(lab=laboratory_out(found))


@router.put("/labs/{uuid:laboratory_id}", response={200: LaboratoryEnvelope, **refusals(404, 409, 412)})
@needs("laboratories", "update")
def change_laboratory(
    request: Call, response: HttpResponse, laboratory_id: UUID, body: LaboratoryIn
) -> LaboratoryEnvelope:
    """Say everything of a laboratory anew."""
    changed = laboratories.save_laboratory(
        by=request.caller, laboratory_id=laboratory_id, **body.model_dump(), if_match=if_match(request), now=clock.now()
    )
    etag(response, changed.version)
    return LaboratoryEnvelope(lab=laboratory_out(changed))


@router.get("/labs/{uuid:laboratory_id}/staff", response={200: Staff, **refusals(404)})
@needs("laboratory-staff", "read")
def list_laboratory_staff(request: Call, laboratory_id: UUID, page: Query[PageQuery]) -> Staff:
    """Who works and worked at a laboratory, the latest first."""
    found = queries.staff_of(request.caller, laboratory_id, page)
    return Staff(staff=[staff_out(each) for each in found.rows], next=found.next)


@router.post("/labs/{uuid:laboratory_id}/staff", response={201: StaffEnvelope, **refusals(404, 409)})
@needs("laboratory-staff", "create")
@creates
def add_laboratory_staff(
    request: Call, response: HttpResponse, laboratory_id: UUID, body: StaffIn
) -> Status[StaffEnvelope]:
    """From now on this member, whose role is LAB, works at the laboratory and sees what is examined there."""
    made = laboratories.add_staff(
        by=request.caller, laboratory_id=laboratory_id, account_id=body.account_id, now=clock.now()
    )
    location = f"/api/labs/{laboratory_id}/staff/{made.account_id}"
    return created(response, location, StaffEnvelope(staff=staff_out(made)))


@router.delete("/labs/{uuid:laboratory_id}/staff/{uuid:account_id}", response={204: None, **refusals(404)})
@needs("laboratory-staff", "delete")
def end_laboratory_staff(request: Call, laboratory_id: UUID, account_id: UUID) -> Status[None]:
    """This account does not work at the laboratory any more."""
    laboratories.end_staff(by=request.caller, laboratory_id=laboratory_id, account_id=account_id, now=clock.now())
    return Status(204, None)
