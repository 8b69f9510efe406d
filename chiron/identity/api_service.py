"""The auth service: what other services ask about tokens and their bearers. It answers under `/auth` as well."""

from django.http import HttpRequest
from ninja import Router

from chiron.identity import shapes_service as shapes
from chiron.identity.authority import may
from chiron.kernel.access import Call, needs, open_to_all

router = Router(tags=["auth"])


@router.post("/auth/validate", response={200: shapes.Valid | shapes.NotValid})
@open_to_all("Who holds a token may know whose it is.")
def validate(request: HttpRequest, body: shapes.Token) -> shapes.Valid | shapes.NotValid:
    """Whose an access token is and what it permits, if it opens anything now."""
    return shapes.verdict_on(body.token)


@router.post("/auth/authorize", response={200: shapes.Authorized})
@needs("me", "read")
def authorize(request: Call, body: shapes.Question) -> shapes.Authorized:
    """Whether the bearer may do this, by the policy that guards the API; with `id`, to that object."""
    return shapes.Authorized(authorized=may(request.caller, body.resource, body.action, body.id))
