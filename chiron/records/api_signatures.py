"""Signing a record, and what remains possible after that, over HTTP."""

from uuid import UUID

from django.http import HttpResponse
from ninja import Router, Status

from chiron.kernel import clock
from chiron.kernel.access import Call, creates, needs
from chiron.kernel.problems import refusals
from chiron.kernel.versions import created, if_match
from chiron.records.queries import record_for
from chiron.records.services.sign import add_to_record, sign_record
from chiron.records.shapes import RecordEnvelope
from chiron.records.shapes_signatures import NewAddendum, SignatureEnvelope
from chiron.records.signatures import Verified, read_signature
from chiron.records.words import Verdict

router = Router(tags=["records"])


@router.post("/records/{uuid:record_id}/sign", response={201: SignatureEnvelope, **refusals(404, 409, 412)})
@needs("records", "sign")
@creates
def sign(request: Call, record_id: UUID, response: HttpResponse) -> Status[SignatureEnvelope]:
    """Sign what a record says now: it can then no longer be changed, only added to or withdrawn with a reason."""
    record = record_for(request.caller, record_id, "sign")
    signature = sign_record(by=request.caller, record=record, if_match=if_match(request), now=clock.now())
    shown = SignatureEnvelope.of(Verified(signature, Verdict.INTACT))
    return created(response, f"/api/records/{record_id}/signature", shown)


@router.get("/records/{uuid:record_id}/signature", response={200: SignatureEnvelope, **refusals(404)})
@needs("records", "read")
def read(request: Call, record_id: UUID) -> SignatureEnvelope:
    """Who signed a record and when, checked anew against what is stored."""
    return SignatureEnvelope.of(read_signature(request.caller, record_for(request.caller, record_id)))


@router.post("/records/{uuid:record_id}/addenda", response={201: RecordEnvelope, **refusals(404, 409)})
@needs("records", "create")
@creates
def add(request: Call, record_id: UUID, body: NewAddendum, response: HttpResponse) -> Status[RecordEnvelope]:
    """Add to a record without changing it: the addendum is a record of its own that points to it."""
    record = record_for(request.caller, record_id, "create", lock=True)
    added = add_to_record(by=request.caller, record=record, content=body.content, now=clock.now())
    shown = RecordEnvelope.of(added.record, added.statement)
    return created(response, f"/api/records/{added.record.id}", shown, added.record.version)
