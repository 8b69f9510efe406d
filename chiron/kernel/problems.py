"""One shape for every error on the wire: RFC 9457 problem details. The input is never echoed."""

import sys
from typing import Any

import orjson
from django.core.exceptions import RequestDataTooBig
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from pydantic import BaseModel, Field

from chiron.kernel.errors import (
    REFUSALS,
    BodyTooLarge,
    DomainError,
    Fault,
    InternalError,
    Invalid,
    Malformed,
    MethodNotAllowed,
    NotFound,
    Unavailable,
    title_of,
)
from chiron.kernel.log import logger

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong, in a form that a program can act on."""

    type: str = Field(examples=["/problems/not-found"])
    title: str = Field(examples=["There is nothing here that you may see."])
    status: int = Field(examples=[404])
    errors: list[Fault] | None = None
    request_id: str | None = None


def refusals(*statuses: int) -> dict[int, type[Problem]]:
    """The documented refusals of an operation, to be merged into its ``response=``."""
    return dict.fromkeys(statuses, Problem)


def respond(error: DomainError, request: HttpRequest | None = None) -> HttpResponse:
    """The problem document of a refusal."""
    document: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": title_of(error.code),
        "status": error.status,
    }
    if error.errors:
        document["errors"] = error.errors
    if error.status >= 500 and request is not None:
        document["request_id"] = getattr(request, "request_id", "")
    response = HttpResponse(orjson.dumps(document | error.members, default=str), MEDIA_TYPE, error.status)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if error.status in (423, 429, 503):
        response.headers["Retry-After"] = str(error.retry_after or 1)
    for name, value in error.headers.items():
        response.headers[name] = value
    return response


def register(api: NinjaAPI) -> None:
    """Have the API answer every refusal, bad input and bug as a problem document."""

    @api.exception_handler(DomainError)
    def refused(request: HttpRequest, error: DomainError) -> HttpResponse:
        return respond(error, request)

    @api.exception_handler(ValidationError)
    def not_valid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        return respond(Invalid(errors=[fault(each) for each in error.errors]), request)

    @api.exception_handler(HttpError)
    def unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
        reason = error.__cause__  # Ninja turns what the parser raises into an error of its own
        if isinstance(reason, DomainError):
            return respond(reason, request)
        return respond(Malformed() if error.status_code == 400 else InternalError(), request)

    @api.exception_handler(RequestDataTooBig)
    def too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
        return respond(BodyTooLarge(), request)

    @api.exception_handler(Http404)
    def missing(request: HttpRequest, error: Http404) -> HttpResponse:
        return respond(NotFound(), request)

    @api.exception_handler(Exception)
    def failed(request: HttpRequest, error: Exception) -> HttpResponse:
        return respond(failure(error), request)


def failure(error: Exception) -> DomainError:
    """The refusal that stands for an unexpected exception: a 503 when a database is out of reach, else a 500.

    A client that went away while it sent its body made no bug.

    Only the kind and place of the exception are logged: its text may hold personal data.
    """
    if isinstance(error, UnreadablePostError):
        return Malformed()
    if isinstance(error, DataError):
        logger.warning("data_refused_by_database", kind=type(error).__name__)
        return Malformed()
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("database_unavailable", kind=type(error).__name__)
        return Unavailable()
    logger.error("failed", kind=type(error).__name__, where=_place(error))
    return InternalError()


def _place(error: Exception) -> str:
    trace = error.__traceback__
    frames = []
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " ".join(frames[-6:])


def fault(error: dict[str, Any]) -> Fault:
    """One error of Pydantic's as the place and the kind of it, without the input."""
    loc = [part for part in error["loc"] if isinstance(part, str | int)]
    if error["type"] == "extra_forbidden":
        loc = loc[:-1]  # the name of an unknown member is input, too
    if loc and loc[0] in ("body", "query", "path", "header") and len(loc) > 1 and loc[1] in ("body", "page", "query"):
        loc = [loc[0], *loc[2:]]
    return {"loc": loc, "msg": MESSAGES.get(error["type"], "is not valid")}


MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "has an unknown member",
    "string_too_long": "is too long",
    "string_too_short": "is too short",
    "string_type": "must be text",
    "string_pattern_mismatch": "does not have the form expected",
    "uuid_parsing": "must be an id",
    "uuid_type": "must be an id",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
    "greater_than": "is too small",
    "less_than": "is too large",
    "bool_parsing": "must be true or false",
    "timezone_aware": "must have an offset from UTC",
    "datetime_parsing": "must be an ISO 8601 instant",
    "datetime_from_date_parsing": "must be an ISO 8601 instant",
    "date_parsing": "must be a date",
    "date_from_datetime_parsing": "must be a date",
    "literal_error": "is not one of the values allowed",
    "enum": "is not one of the values allowed",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "finite_number": "must be a finite number",
    "too_long": "has too many members",
    "too_short": "has too few members",
}


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404: an unknown address."""
    return respond(NotFound(), request)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler400: a request that Django itself refused."""
    return respond(Malformed(), request)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: a bug outside the API, or in what surrounds its operations."""
    error = sys.exc_info()[1]
    return respond(failure(error) if isinstance(error, Exception) else InternalError(), request)


def method_not_allowed(response: HttpResponse) -> HttpResponse:
    """A 405 as a problem, keeping its Allow header."""
    problem = respond(MethodNotAllowed())
    problem.headers["Allow"] = response.headers.get("Allow", "")
    return problem


def as_markdown() -> str:
    """The reference of all error codes, for the documentation."""
    rows = sorted({(each.status, each.code, each.title) for each in REFUSALS.values()})
    lines = [f"| {status} | `{code}` | {title} |" for status, code, title in rows]
    return "\n".join(["| status | code | meaning |", "|---|---|---|", *lines]) + "\n"
