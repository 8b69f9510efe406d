"""Health: whether this process answers, and what it depends on."""

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from chiron.kernel.db import ALIASES, atomic, cursor


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Each dependency's state; 503 when one is down."""
    states = {alias: "ok" if _answers(alias) else "down" for alias in ALIASES}
    down = "down" in states.values()
    response = JsonResponse({"status": "down" if down else "ok", "databases": states}, status=503 if down else 200)
    if down:
        response.headers["Retry-After"] = "1"
    return response


ready = health


def _answers(alias: str) -> bool:
    try:
        with atomic(alias), cursor(alias) as probe:
            probe.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        return False
    return True
