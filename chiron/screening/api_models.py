"""The models that answer screenings, and how common the deficiency is, over HTTP."""

from django.http import HttpResponse
from ninja import Router

from chiron.kernel import clock
from chiron.kernel.access import Call, creates, needs
from chiron.kernel.problems import refusals
from chiron.kernel.versions import etag, if_match
from chiron.screening.services import bundles, prevalence, rollback
from chiron.screening.shapes_models import (
    BundleEnvelope,
    BundleOut,
    Bundles,
    PrevalenceEnvelope,
    PrevalenceIn,
    RollbackIn,
    StateIn,
)

router = Router(tags=["screening"])

MODEL = "/screening/models/{str:content_hash}"


@router.get("/screening/models", response=Bundles)
@needs("screening-models", "read")
def list_models(request: Call) -> Bundles:
    """Every model that is here, with its card and where it stands."""
    return Bundles(models=[BundleOut.of(each) for each in bundles.list_bundles(request.caller)])


@router.get(MODEL, response={200: BundleEnvelope, **refusals(404)})
@needs("screening-models", "read")
def read_model(request: Call, content_hash: str, response: HttpResponse) -> BundleEnvelope:
    """One model, by the hash of its content."""
    found = bundles.read_bundle(request.caller, content_hash)
    etag(response, found.version)
    return BundleEnvelope(model=BundleOut.of(found))


@router.patch(MODEL, response={200: BundleEnvelope, **refusals(404, 409, 412)})
@needs("screening-models", "update")
def change_model(request: Call, content_hash: str, body: StateIn, response: HttpResponse) -> BundleEnvelope:
    """Let a model answer, or no longer. What becomes active takes the place of the one that was.

    One that is retired answers nothing, and comes back for research only.
    """
    changed = bundles.change_state(
        by=request.caller, content_hash=content_hash, state=body.state, words=body.words(),
        if_match=if_match(request), now=clock.now(),
    )  # fmt: skip
    etag(response, changed.version)
    return BundleEnvelope(model=BundleOut.of(changed))


@router.post(f"{MODEL}/rollback", response={200: BundleEnvelope, **refusals(404, 409)})
@needs("screening-models", "update")
@creates
def roll_back(request: Call, content_hash: str, body: RollbackIn, response: HttpResponse) -> BundleEnvelope:
    """Take the model that became active last back: the one that was active before it answers again, at once.

    The one that is named is suspended, so that the same call twice goes back once.
    """
    back = rollback.roll_back(by=request.caller, content_hash=content_hash, words=body.words(), now=clock.now())
    etag(response, back.version)
    return BundleEnvelope(model=BundleOut.of(back))


@router.get("/screening/prevalence", response=PrevalenceEnvelope)
@needs("screening-prevalence", "read")
def read_prevalence(request: Call) -> PrevalenceEnvelope:
    """How common the deficiency is here, as the organization said it; null where it said nothing."""
    return PrevalenceEnvelope.of(prevalence.read_prevalence(request.caller))


@router.put("/screening/prevalence", response=PrevalenceEnvelope)
@needs("screening-prevalence", "update")
def say_prevalence(request: Call, body: PrevalenceIn) -> PrevalenceEnvelope:
    """Say how common the deficiency is here; screenings from now on are told by it."""
    said = prevalence.say_prevalence(by=request.caller, share=body.share, source=body.source, now=clock.now())
    return PrevalenceEnvelope.of(said)
