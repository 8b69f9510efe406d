"""Who does not want to be screened, over HTTP."""

from datetime import datetime
from uuid import UUID

from ninja import Router
from pydantic import BaseModel, Field

from chiron.kernel import clock
from chiron.kernel.access import Call, needs
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import Body
from chiron.screening.services.opting import Stance, read_opt_out, set_opt_out

router = Router(tags=["screening"])

ADDRESS = "/patients/{uuid:patient_id}/screening-optout"


class OptOutIn(Body):
    opted_out: bool = Field(examples=[True])


class OptOutOut(BaseModel):
    opted_out: bool
    since: datetime | None = Field(description="Since when; null for who may be screened.")
    said_by: UUID | None = Field(description="The account that said so.")

    @classmethod
    def of(cls, stance: Stance) -> "OptOutOut":
        """The same, over HTTP."""
        return cls(opted_out=stance.opted_out, since=stance.since, said_by=stance.said_by)


class OptOutEnvelope(BaseModel):
    screening_optout: OptOutOut


@router.get(ADDRESS, response={200: OptOutEnvelope, **refusals(404)})
@needs("screening-optouts", "read")
def read_one(request: Call, patient_id: UUID) -> OptOutEnvelope:
    """Whether a patient does not want to be screened."""
    return OptOutEnvelope(screening_optout=OptOutOut.of(read_opt_out(request.caller, patient_id)))


@router.put(ADDRESS, response={200: OptOutEnvelope, **refusals(404)})
@needs("screening-optouts", "update")
def put_one(request: Call, patient_id: UUID, body: OptOutIn) -> OptOutEnvelope:
    """Say whether a patient may be screened from now on; what was screened before stays as it is."""
    stance = set_opt_out(by=request.caller, patient_id=patient_id, opted_out=body.opted_out, now=clock.now())
    return OptOutEnvelope(screening_optout=OptOutOut.of(stance))
