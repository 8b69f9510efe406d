"""The waitlist over HTTP. What is offered is an appointment that is held: it is confirmed or cancelled as one."""

from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router, Status

from chiron.kernel import clock
from chiron.kernel.access import Call, creates, needs
from chiron.kernel.problems import refusals
from chiron.kernel.versions import created, etag, if_match
from chiron.scheduling import queries_waitlist as queries
from chiron.scheduling import shapes_waitlist as shapes
from chiron.scheduling.models import WaitlistEntry
from chiron.scheduling.services.waitlist import join, leave, prioritize

router = Router(tags=["appointments"])

LIST = "/appointments/waitlist"
ONE = f"{LIST}/{{uuid:entry_id}}"


@router.post(LIST, response={201: shapes.WaitlistEntryEnvelope, **refusals(404, 409)}, by_alias=True)
@needs("waitlist", "create")
@creates
def join_waitlist(
    request: Call, response: HttpResponse, body: shapes.WaitlistIn
) -> Status[shapes.WaitlistEntryEnvelope]:
    """Wait for time to become free; it is offered to one patient at a time, and held until the offer expires."""
    entry = join(by=request.caller, patient_id=body.patient_id, wanted=body.wanted(), now=clock.now())
    return created(response, f"/api{LIST}/{entry.id}", _shown(response, entry), entry.version)


@router.get(LIST, response=shapes.Waitlist, by_alias=True)
@needs("waitlist", "read")
def list_waitlist(request: Call, asked: Query[shapes.WaitlistQuery]) -> shapes.Waitlist:
    """Those who wait, whom you may see, the first in line first."""
    found = queries.list_waitlist(request.caller, asked, status=asked.status, patient_id=asked.patient, now=clock.now())
    return shapes.Waitlist(waitlist=[shapes.WaitlistEntryOut.of(each) for each in found.rows], next=found.next)


@router.get(ONE, response={200: shapes.WaitlistEntryEnvelope, **refusals(404)}, by_alias=True)
@needs("waitlist", "read")
def read_waitlist_entry(request: Call, response: HttpResponse, entry_id: UUID) -> shapes.WaitlistEntryEnvelope:
    """One entry of the waitlist, and what is offered to it."""
    found = queries.read_entry(request.caller, entry_id, clock.now())
    etag(response, found.entry.version)
    return shapes.WaitlistEntryEnvelope(entry=shapes.WaitlistEntryOut.of(found))


@router.post(
    f"{ONE}/leave", response={200: shapes.WaitlistEntryEnvelope, **refusals(404, 409, 410, 412)}, by_alias=True
)
@needs("waitlist", "leave")
def leave_waitlist(request: Call, response: HttpResponse, entry_id: UUID) -> shapes.WaitlistEntryEnvelope:
    """Wait no longer; what is offered is given up with it."""
    now = clock.now()
    return _shown(response, leave(by=request.caller, entry_id=entry_id, if_match=if_match(request), now=now))


@router.put(f"{ONE}/priority", response={200: shapes.WaitlistEntryEnvelope, **refusals(404, 409, 412)}, by_alias=True)
@needs("waitlist", "prioritize")
def prioritize_waitlist_entry(
    request: Call, response: HttpResponse, entry_id: UUID, body: shapes.PriorityIn
) -> shapes.WaitlistEntryEnvelope:
    """Let somebody be offered time before others who wait, or after them."""
    entry = prioritize(
        by=request.caller, entry_id=entry_id, priority=body.priority, if_match=if_match(request), now=clock.now()
    )
    return _shown(response, entry)


def _shown(response: HttpResponse, entry: WaitlistEntry) -> shapes.WaitlistEntryEnvelope:
    etag(response, entry.version)
    [found] = queries.with_offers([entry], clock.now())
    return shapes.WaitlistEntryEnvelope(entry=shapes.WaitlistEntryOut.of(found))
