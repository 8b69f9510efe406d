"""Addresses that get no more mail: what carriers tell us of them, and lifting that again."""

from typing import Annotated

from django.http import HttpRequest
from ninja import Body, Query, Router, Status
from pydantic import Field

from chiron.identity import shapes_mail as shapes
from chiron.identity import suppressions
from chiron.identity.authentication import visitor
from chiron.kernel import clock
from chiron.kernel.access import Call, needs, open_to_all
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import PageQuery

router = Router(tags=["mail"])
Mailjets = shapes.MailjetEvent | Annotated[list[shapes.MailjetEvent], Field(max_length=shapes.MANY)]


@router.post("/mail/events/mailjet", response={200: shapes.Taken, **refusals(401, 404)})
@open_to_all("Mailjet shows the token that is set for it.")
def take_mailjet_events(request: HttpRequest, body: Body[Mailjets]) -> shapes.Taken:
    """What Mailjet tells of bounces and complaints, one by one or grouped; other events change nothing."""
    suppressions.must_be_the_carrier(request.headers.get("Authorization"))
    said = [each.said() for each in (body if isinstance(body, list) else [body])]
    ended = [each for each in said if each]
    return shapes.Taken(suppressed=suppressions.suppress(by=visitor(request), said=ended, now=clock.now()))


@router.post("/mail/events", response={200: shapes.Taken, **refusals(401, 404)})
@open_to_all("The carrier shows the token that is set for it.")
def take_events(request: HttpRequest, body: shapes.CarrierEvents) -> shapes.Taken:
    """The same from any other carrier; events that are not known change nothing."""
    suppressions.must_be_the_carrier(request.headers.get("Authorization"))
    ended = [each for each in (event.said() for event in body.events) if each]
    return shapes.Taken(suppressed=suppressions.suppress(by=visitor(request), said=ended, now=clock.now()))


@router.get("/mail/suppressions", response={200: shapes.SuppressedList})
@needs("suppressions", "read")
def list_suppressed(request: Call, page: Query[PageQuery]) -> shapes.SuppressedList:
    """The members to whom nothing is mailed, and why."""
    return shapes.SuppressedList.of(suppressions.list_suppressed(request.caller, page))


@router.post("/mail/suppressions/lift", response={204: None, **refusals(404)})
@needs("suppressions", "delete")
def lift(request: Call, body: shapes.Lifted) -> Status[None]:
    """Mail to that member's address again: its mailbox works, or its owner wants mail after all."""
    suppressions.lift(by=request.caller, address=body.email, now=clock.now())
    return Status(204, None)
