"""What became of a model in use, and one screening for other systems, over HTTP."""

from typing import Any
from uuid import UUID

import orjson
from django.http import HttpResponse
from ninja import Query, Router

from chiron.kernel import clock
from chiron.kernel.access import Call, needs
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import PageQuery
from chiron.screening import shapes_watching as shapes
from chiron.screening.comparing import compare
from chiron.screening.shapes_shadows import ComparisonOut, Comparisons, ShadowQuery
from chiron.screening.watching import list_drift, measured_outcomes, read_as_fhir

router = Router(tags=["screening"])

FHIR = "application/fhir+json"
DOCUMENT: dict[str, Any] = {
    "responses": {200: {"description": "A FHIR R4 Bundle", "content": {FHIR: {"schema": {"type": "object"}}}}}
}


@router.get("/screening/drift", response=shapes.DriftList)
@needs("screening-models", "read")
def drift(request: Call, query: Query[PageQuery]) -> shapes.DriftList:
    """How far those who are screened drifted from those whom the models were trained on, week by week."""
    found = list_drift(request.caller, query)
    return shapes.DriftList(drift=[shapes.DriftOut.of(each) for each in found.rows], next=found.next)


@router.get("/screening/outcomes", response=shapes.OutcomeList)
@needs("screening-models", "read")
def outcomes(request: Call) -> shapes.OutcomeList:
    """The predictive values that were measured here: how often a later vitamin B12 agreed with a model."""
    return shapes.OutcomeList(outcomes=[shapes.OutcomeOut.of(each) for each in measured_outcomes(request.caller)])


@router.get("/screening/shadow", response=Comparisons, by_alias=True)
@needs("screening-shadows", "read")
def shadow(request: Call, query: Query[ShadowQuery]) -> Comparisons:
    """What the active model said by what the one in its shadow would have said, to the same questions of these days.

    Without days, of the last four weeks; at most 366 at once.
    """
    found = compare(request.caller, query.since, query.until, clock.now())
    return Comparisons(comparisons=[ComparisonOut.of(each) for each in found])


@router.get("/screening/{uuid:screening_id}/fhir", response=refusals(404), openapi_extra=DOCUMENT)
@needs("screenings", "read")
def as_fhir(request: Call, screening_id: UUID) -> HttpResponse:
    """One screening as FHIR R4: Observations, a RiskAssessment, never a Condition.

    Where a clinical answer recommends a confirming test, a ServiceRequest proposes it: an option, not an order.
    """
    return HttpResponse(orjson.dumps(read_as_fhir(request.caller, screening_id)), content_type=FHIR)
