"""Screenings that were made, and what became of them, over HTTP."""

from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router

from chiron.kernel import clock
from chiron.kernel.access import Call, needs
from chiron.kernel.problems import refusals
from chiron.kernel.versions import etag, if_match
from chiron.screening import shapes_history as shapes
from chiron.screening.models import Screening
from chiron.screening.queries import list_screenings, read_screening
from chiron.screening.services.deciding import decide, release
from chiron.screening.words import Decision

router = Router(tags=["screening"])

ONE = "/screening/{uuid:screening_id}"


@router.get("/screening/history", response=shapes.History, by_alias=True)
@needs("screenings", "read")
def history(request: Call, asked: Query[shapes.HistoryQuery]) -> shapes.History:
    """Screenings that you may see, the latest first; patients see those that were released to them."""
    found = list_screenings(request.caller, asked.sought(), asked)
    rows = [shapes.ScreeningSummary(**shapes.ScreeningSummary.facts(each)) for each in found.rows]
    return shapes.History(screenings=rows, next=found.next)


@router.get(ONE, response={200: shapes.ScreeningMadeEnvelope, **refusals(404)}, by_alias=True)
@needs("screenings", "read")
def read_one(request: Call, response: HttpResponse, screening_id: UUID) -> shapes.ScreeningMadeEnvelope:
    """One screening with its answer, as it was given."""
    opened = read_screening(request.caller, screening_id)
    etag(response, opened.screening.version)
    return shapes.ScreeningMadeEnvelope(screening=shapes.ScreeningMade.of(opened))


@router.post(
    f"{ONE}/decision", response={200: shapes.ScreeningSummaryEnvelope, **refusals(404, 409, 412)}, by_alias=True
)
@needs("screenings", "decide")
def decide_one(
    request: Call, response: HttpResponse, screening_id: UUID, body: shapes.ScreeningDecision
) -> shapes.ScreeningSummaryEnvelope:
    """Accept an answer or override it, which takes a reason. No model learns from it."""
    decided = decide(
        by=request.caller, screening_id=screening_id, decision=Decision(body.decision), reason=body.reason,
        if_match=if_match(request), now=clock.now(),
    )  # fmt: skip
    return _summary(response, decided)


@router.post(
    f"{ONE}/release", response={200: shapes.ScreeningSummaryEnvelope, **refusals(404, 409, 412)}, by_alias=True
)
@needs("screenings", "release")
def release_one(request: Call, response: HttpResponse, screening_id: UUID) -> shapes.ScreeningSummaryEnvelope:
    """Let the patient read a screening that was decided, and tell them. A second time changes nothing."""
    released = release(by=request.caller, screening_id=screening_id, if_match=if_match(request), now=clock.now())
    return _summary(response, released)


def _summary(response: HttpResponse, screening: Screening) -> shapes.ScreeningSummaryEnvelope:
    etag(response, screening.version)
    return shapes.ScreeningSummaryEnvelope(
        screening=shapes.ScreeningSummary(**shapes.ScreeningSummary.facts(screening))
    )
