"""Health: whether this process answers, what it depends on, and whether it should be sent requests."""

from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from chiron.audit.public import Watch
from chiron.files.public import is_in_reach
from chiron.identity.elsewhere import auth_service, is_elsewhere
from chiron.jobs.public import queue_state
from chiron.kernel.clock import now
from chiron.kernel.db import must_answer
from chiron.operations.processes import is_leaving
from chiron.tenancy.public import missing_migrations

LONGEST_WAIT_FOR_THE_SEALER = timedelta(minutes=1)
LONGEST_WAIT_FOR_A_WORKER = timedelta(minutes=5)

watch = Watch()


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Each dependency's state; 503 when a database or the storage of files is down."""
    databases, others = _databases(), _others()
    return _answer({"databases": databases, **others}, is_up="down" not in (*others.values(), *databases.values()))


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Whether requests may come: databases up and migrated, events sealed and jobs done in time; otherwise 503.

    A server that is about to end says so first of all, while it still answers.
    """
    if is_leaving():
        return _answer({"server": "leaving"}, is_up=False)
    databases = _databases()
    if "down" in databases.values():
        return _answer({"databases": databases}, is_up=False)
    if settings.ONLY:
        return _answer({"databases": databases}, is_up=True)
    states = {"migrations": _migrations(), "sealer": _sealer(), "queue": _queue(), **_auth_service()}
    return _answer({"databases": databases, **states}, is_up=set(states.values()) == {"ok"})


def _answer(states: dict[str, object], *, is_up: bool) -> HttpResponse:
    response = JsonResponse({"status": "ok" if is_up else "down", **states}, status=200 if is_up else 503)
    if not is_up:
        response.headers["Retry-After"] = "1"
    return response


def _databases() -> dict[str, str]:
    return {alias: _ok(_answers(alias)) for alias in settings.NEEDED_DATABASES}


def _others() -> dict[str, str]:
    files = {} if settings.ONLY else {"files": _ok(is_in_reach())}
    return files | _auth_service()


def _auth_service() -> dict[str, str]:
    if not is_elsewhere():
        return {}
    return {"auth_service": _ok(auth_service(settings.AUTH_SERVICE_URL).is_in_reach())}


def _ok(up: bool) -> str:
    return "ok" if up else "down"


def _answers(alias: str) -> bool:
    try:
        must_answer(alias)
    except (DatabaseError, InterfaceError):
        return False
    return True


def _migrations() -> str:
    try:
        return "missing" if missing_migrations() else "ok"
    except DatabaseError:  # not even the table that lists them
        return "missing"


def _queue() -> str:
    try:
        state = queue_state()
    except DatabaseError:
        return "unknown"
    if state.stalled:
        return "stalled"
    return "behind" if state.oldest > LONGEST_WAIT_FOR_A_WORKER else "ok"


def _sealer() -> str:
    try:
        return "behind" if watch.longest_wait(now()) > LONGEST_WAIT_FOR_THE_SEALER else "ok"
    except DatabaseError:
        return "unknown"
