"""Specimens over HTTP."""

from typing import Annotated
from uuid import UUID

from django.http import HttpResponse
from ninja import Body, Query, Router, Status

from chiron.kernel import clock
from chiron.kernel.access import Call, creates, needs
from chiron.kernel.problems import refusals
from chiron.kernel.versions import created, etag, if_match
from chiron.laboratory import queries
from chiron.laboratory.models import Specimen
from chiron.laboratory.services import specimens
from chiron.laboratory.shapes import (
    ReceivedIn,
    SpecimenEnvelope,
    SpecimenIn,
    SpecimenOut,
    SpecimenQuery,
    Specimens,
    WhyIn,
)

router = Router(tags=["specimens"])
ONE = "/specimens/{uuid:specimen_id}"


@router.get("/specimens", response=Specimens)
@needs("specimens", "read")
def list_specimens(request: Call, asked: Query[SpecimenQuery]) -> Specimens:
    """The specimens of my laboratories or of my patients, the newest first."""
    found = queries.list_specimens(request.caller, asked.asked(), asked)
    return Specimens(specimens=[SpecimenOut.of(each) for each in found.rows], next=found.next)


@router.post("/specimens", response={201: SpecimenEnvelope, **refusals(404, 409)})
@needs("specimens", "create")
@creates
def register_specimen(request: Call, body: SpecimenIn, response: HttpResponse) -> Status[SpecimenEnvelope]:
    """Announce a specimen to a laboratory, or register one that has come."""
    made = specimens.register_specimen(by=request.caller, said=body.said(), now=clock.now())
    return created(response, f"/api/specimens/{made.id}", shown(made), made.version)


@router.get(ONE, response={200: SpecimenEnvelope, **refusals(404)})
@needs("specimens", "read")
def read_specimen(request: Call, specimen_id: UUID, response: HttpResponse) -> SpecimenEnvelope:
    """One specimen."""
    found = queries.read_specimen(request.caller, specimen_id)
    etag(response, found.specimen.version)
    return SpecimenEnvelope(specimen=SpecimenOut.of(found))


@router.post(f"{ONE}/receive", response={200: SpecimenEnvelope, **refusals(404, 409, 412)})
@needs("specimens", "update")
def receive_specimen(
    request: Call, specimen_id: UUID, response: HttpResponse, body: Annotated[ReceivedIn | None, Body()] = None
) -> SpecimenEnvelope:
    """The specimen has come to the laboratory."""
    specimen = specimens.receive_specimen(
        by=request.caller, specimen_id=specimen_id, received_at=body.received_at if body else None,
        if_match=if_match(request), now=clock.now(),
    )  # fmt: skip
    etag(response, specimen.version)
    return shown(specimen)


@router.post(f"{ONE}/reject", response={200: SpecimenEnvelope, **refusals(404, 409, 412)})
@needs("specimens", "update")
def reject_specimen(request: Call, specimen_id: UUID, response: HttpResponse, body: WhyIn) -> SpecimenEnvelope:
    """The specimen is of no use; nothing is reported of it."""
    specimen = specimens.reject_specimen(
        by=request.caller, specimen_id=specimen_id, reason=body.reason, if_match=if_match(request), now=clock.now()
    )
    etag(response, specimen.version)
    return shown(specimen)


def shown(specimen: Specimen) -> SpecimenEnvelope:
    [found] = queries.open_specimens([specimen])
    return SpecimenEnvelope(specimen=SpecimenOut.of(found))
