"""Calendar feeds over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from ninja import Path, Router, Status
from pydantic import BaseModel, Field, StringConstraints

from chiron.identity.public import visitor
from chiron.kernel import clock
from chiron.kernel.access import Call, limited, needs, open_to_all
from chiron.kernel.problems import refusals
from chiron.scheduling.feeds import RESOURCE, SECRET_LENGTH, end_feed, fingerprint, make_feed, own_feed, read_feed
from chiron.scheduling.models import Feed

router = Router(tags=["appointments"])

MEDIA_TYPE = "text/calendar; charset=utf-8"
CALENDAR = {
    "responses": {
        200: {"description": "A calendar (RFC 5545)", "content": {"text/calendar": {"schema": {"type": "string"}}}},
        304: {"description": "It is still as `If-None-Match` says"},
    }
}
Secret = Annotated[str, StringConstraints(max_length=SECRET_LENGTH), Path()]


class FeedOut(BaseModel):
    id: UUID
    made_at: datetime

    @classmethod
    def of(cls, feed: Feed) -> "FeedOut":
        return cls(id=feed.id, made_at=feed.made_at)


class FeedEnvelope(BaseModel):
    feed: FeedOut | None


class MadeFeed(BaseModel):
    url: str = Field(description="Whoever has it reads the feed. It is shown this once.")


@router.post("/appointments/feed", response={201: MadeFeed})
@needs(RESOURCE, "create")
def make_own_feed(request: Call, response: HttpResponse) -> Status[MadeFeed]:
    """An address at which a calendar program finds your own appointments; any older address opens nothing any more."""
    secret = make_feed(by=request.caller, now=clock.now())
    response.headers["Location"] = "/api/appointments/feed"
    return Status(201, MadeFeed(url=request.build_absolute_uri(f"/api/appointments/feed/{secret}.ics")))


@router.get("/appointments/feed", response=FeedEnvelope)
@needs(RESOURCE, "read")
def read_own_feed(request: Call) -> FeedEnvelope:
    """Whether you have a feed, and since when; its address is not known any more."""
    feed = own_feed(request.caller)
    return FeedEnvelope(feed=FeedOut.of(feed) if feed else None)


@router.delete("/appointments/feed", response={204: None})
@needs(RESOURCE, "delete")
def end_own_feed(request: Call) -> Status[None]:
    """Take the address of your feed back: it opens nothing any more."""
    end_feed(by=request.caller)
    return Status(204, None)


@router.get("/appointments/feed/{secret}.ics", response=refusals(404, 429), openapi_extra=CALENDAR)
@open_to_all("calendar programs do not sign in: the address is the secret, and opens the times of appointments only")
@limited("feed")
def read_a_feed(request: HttpRequest, secret: Secret) -> HttpResponseBase:
    """Your appointments for a calendar program: when, and whether they still are; nothing of what they are about."""
    content = read_feed(secret, visitor=visitor(request), now=clock.now())
    etag = quote_etag(fingerprint(content))
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    answer = HttpResponse(content, content_type=MEDIA_TYPE, headers=headers)
    return get_conditional_response(request, etag, None, answer) or answer
