"""What is asked without signing in: our public keys, by anybody; what was taken back, by our own processes."""

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from chiron.identity.elsewhere import HEADER, is_proved
from chiron.identity.keys import published_keys
from chiron.identity.revocations import read_snapshot
from chiron.kernel.clock import now
from chiron.kernel.errors import NotSignedIn
from chiron.kernel.problems import failure, respond


@require_safe
def jwks(request: HttpRequest) -> HttpResponse:
    """`GET /.well-known/jwks.json` (RFC 7517); to be kept for a few minutes, so that a new key is soon known."""
    return JsonResponse(published_keys(), headers={"Cache-Control": "public, max-age=300"})


@require_safe
def taken_back(request: HttpRequest) -> HttpResponse:
    """`GET /auth/revocations`: what no token may outlive, read for this question, for who proves to be one of us."""
    if not is_proved(request.headers.get(HEADER, ""), now()):
        return respond(NotSignedIn(), request)
    try:
        return JsonResponse(read_snapshot(now()).as_said())
    except (DatabaseError, InterfaceError) as error:
        return respond(failure(error), request)
