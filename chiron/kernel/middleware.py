"""What happens to every request before any app sees it, and to every answer after."""

import re
import time
from collections.abc import Callable
from uuid import UUID

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chiron.kernel.errors import BodyTooLarge, DomainError, LengthRequired, Malformed
from chiron.kernel.ids import new_id
from chiron.kernel.log import logger
from chiron.kernel.parsing import UNSTORABLE
from chiron.kernel.problems import MEDIA_TYPE, method_not_allowed, respond

Next = Callable[[HttpRequest], HttpResponseBase]
OURS = re.compile(r"/(api|auth|health|metrics|fhir|dicomweb|\.well-known)(/|$)")


def front(get_response: Next) -> Next:
    """Before and after all of ours: a request id, refusal of what nobody could read, one log line."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        request.request_id = _request_id(request)  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(request_id=request.request_id):  # type: ignore[attr-defined]
            response = _refusal(request) or get_response(request)
            if response.status_code == 405 and response.get("Content-Type") != MEDIA_TYPE:
                response = method_not_allowed(response)  # type: ignore[arg-type]
            _finish(request, response, time.perf_counter() - started)
        return response

    return handle


def _request_id(request: HttpRequest) -> str:
    try:
        return str(UUID(request.META.get("HTTP_X_REQUEST_ID", "")))
    except ValueError:
        return str(new_id())


def _refusal(request: HttpRequest) -> HttpResponse | None:
    path = request.path_info
    if UNSTORABLE.search(path) or "\ufffd" in path or _unreadable_headers(request):
        return respond(Malformed(), request)
    if OURS.match(path) and len(path) > 1:
        request.path_info = path.rstrip("/")
    try:
        _check_host(request)
        _check_body(request)
        if any(UNSTORABLE.search(key + "".join(request.GET.getlist(key))) for key in request.GET):
            return respond(Malformed(), request)
    except DomainError as refusal:
        return respond(refusal, request)
    return None


def _unreadable_headers(request: HttpRequest) -> bool:
    return any(UNSTORABLE.search(value) for key, value in request.META.items() if key.startswith("HTTP_") and value)


def _check_host(request: HttpRequest) -> None:
    """Answer under our own names only; but health and metrics are asked for by address."""
    if not request.path_info.startswith(("/health", "/metrics")):
        try:
            request.get_host()
        except DisallowedHost:
            raise Malformed from None


def _check_body(request: HttpRequest) -> None:
    if "HTTP_TRANSFER_ENCODING" in request.META:
        raise LengthRequired
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not re.fullmatch(r"\d{1,18}", length):
        raise Malformed
    if int(length) > _most(request) and not request.path_info.startswith("/admin"):
        raise BodyTooLarge


def _most(request: HttpRequest) -> int:
    """How long a body may be at this address."""
    for address, most in settings.LARGE_BODIES.items():
        if request.method == "POST" and re.fullmatch(address, request.path_info):
            return int(most)
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def _finish(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    response.headers["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
    match = request.resolver_match
    logger.info(
        "request",
        method=request.method,
        route=match.route if match else None,
        status=response.status_code,
        milliseconds=round(seconds * 1000, 1),
    )
