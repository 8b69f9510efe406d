"""Notifications as they come, over HTTP."""

from functools import partial
from typing import Annotated, Any

from ninja import Header, Query, Router

from chiron.identity.public import must_not_be_another_site
from chiron.kernel.access import Call, needs
from chiron.kernel.live import Live
from chiron.kernel.problems import refusals
from chiron.notifications.services.opening import open_stream
from chiron.notifications.streams import streams

router = Router(tags=["notifications"])

LARGEST = 2**63 - 1
EVENTS = (
    "retry: 3000\nid: 6\n\n"
    'id: 7\ndata: {"number":7,"id":"01980000-0000-7000-8000-000000000007","kind":"appointment.booked",'
    '"resource":"appointments","resource_id":"01980000-0000-7000-8000-000000000001","at":"2026-03-01T09:00:00Z",'
    '"read_at":null,"link":"/api/appointments/01980000-0000-7000-8000-000000000001"}\n\n'
)
STREAM: dict[str, Any] = {
    "responses": {
        200: {
            "description": "Server-sent events, each a notification without anybody's name; `event: end` says why the"
            " stream ends: `expired` (renew the session, then ask again), `revoked`, `leaving`, `slow`, `unavailable`.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EVENTS}},
        }
    }
}
Number = Annotated[int | None, Query(ge=0, le=LARGEST, description="The number after which to begin, at first.")]
Last = Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=LARGEST, description="What browsers send then.")]


@router.get("/notifications/stream", response=refusals(429), openapi_extra=STREAM)
@needs("notifications", "follow")
def follow(request: Call, last_event_id: Number = None, last: Last = None) -> Live:
    """Be told of notifications as they come, in order, none missed and none twice."""
    must_not_be_another_site(request)
    since = last_event_id if last is None else last
    text, stream = open_stream(by=request.caller, verified=request.verified, since=since)
    return Live(text, partial(streams.follow, stream), content_type="text/event-stream")
