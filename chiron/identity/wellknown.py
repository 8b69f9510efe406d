"""`GET /.well-known/jwks.json`: the keys with which anybody can check that an access token is ours."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from chiron.identity.keys import published_keys


@require_safe
def jwks(request: HttpRequest) -> HttpResponse:
    """Our public keys (RFC 7517); to be kept for a few minutes at most, so that a new key is soon known."""
    return JsonResponse(published_keys(), headers={"Cache-Control": "public, max-age=300"})
