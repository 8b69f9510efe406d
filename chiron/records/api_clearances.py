"""Who is cleared for which sensitivity labels, over HTTP."""

from uuid import UUID

from ninja import Router
from pydantic import BaseModel, Field

from chiron.kernel import clock
from chiron.kernel.access import Call, needs
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import Body
from chiron.records.clearances import clear, clearances_of
from chiron.records.words import Sensitivity

router = Router(tags=["providers"])


class ClearancesIn(Body):
    labels: list[Sensitivity] = Field(max_length=len(Sensitivity), examples=[["PSY", "SUD"]])


class Clearances(BaseModel):
    labels: list[Sensitivity]


@router.get("/providers/{uuid:provider_id}/clearances", response={200: Clearances, **refusals(404)})
@needs("clearances", "read")
def read_clearances(request: Call, provider_id: UUID) -> Clearances:
    """The labels of which a provider sees the records of those whom they care for."""
    return Clearances(labels=clearances_of(request.caller, provider_id))


@router.put("/providers/{uuid:provider_id}/clearances", response={200: Clearances, **refusals(404)})
@needs("clearances", "update")
def give_clearances(request: Call, provider_id: UUID, body: ClearancesIn) -> Clearances:
    """Clear a provider for these labels and no others."""
    labels = clear(by=request.caller, provider_id=provider_id, labels=body.labels, now=clock.now())
    return Clearances(labels=labels)
