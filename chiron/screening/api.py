"""Classifying blood counts, over HTTP."""

from ninja import Router

from chiron.kernel import clock
from chiron.kernel.access import Call, creates, needs
from chiron.kernel.problems import refusals
from chiron.screening.services.classify import classify
from chiron.screening.shapes import Classify, ScreeningEnvelope

router = Router(tags=["screening"])


@router.post("/screening/classify", response={200: ScreeningEnvelope, **refusals(404, 409, 503)}, by_alias=True)
@needs("screenings", "create")
@creates
def classify_count(request: Call, body: Classify) -> ScreeningEnvelope:
    """Ask what a blood count says about vitamin B12. It is screening, not diagnosis, and may be an abstention."""
    return ScreeningEnvelope.of(classify(by=request.caller, asked=body.asked(), now=clock.now()))
