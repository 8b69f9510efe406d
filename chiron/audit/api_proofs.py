"""Signed heads and proofs, for verification without this server."""

from uuid import UUID

from ninja import Query, Router
from pydantic import BaseModel, Field

from chiron.audit.proofs import Source, prove_event, read_head
from chiron.audit.shapes import HeadEnvelope, ProofEnvelope
from chiron.kernel.access import Call, needs
from chiron.kernel.problems import refusals

router = Router(tags=["audit"])


class ProofQuery(BaseModel):
    source: Source = Field("organization", description="The organization's own trail, or the platform's.")
    since: int | None = Field(
        None, alias="from", ge=1, lt=2**63, description="Also prove that the head extends the tree of this size."
    )


@router.get("/audit/head", response={200: HeadEnvelope})
@needs("audit-proofs", "read")
def last_head(request: Call, query: Query[ProofQuery]) -> HeadEnvelope:
    """The newest signed head of the trail, and the key that checks it. Platform operators get the platform's."""
    return HeadEnvelope.of(*read_head(request.caller, query.source, query.since))


@router.get("/audit/{uuid:event_id}/proof", response={200: ProofEnvelope, **refusals(404, 409)})
@needs("audit-proofs", "read")
def proof(request: Call, event_id: UUID, query: Query[ProofQuery]) -> ProofEnvelope:
    """That an event is in the tree under the newest head. A stand-alone script verifies it without this server."""
    return ProofEnvelope.of(prove_event(request.caller, event_id, query.source, query.since))
