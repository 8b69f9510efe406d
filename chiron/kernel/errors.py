"""Refusals: the errors a caller can understand and act on."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from typing_extensions import TypedDict


class Fault(TypedDict):
    """Where in the input something is wrong, and what; never the input itself."""

    loc: list[str | int]
    msg: str


class DomainError(Exception):
    """The product said no. Anything else that escapes is a bug and becomes a 500.

    ``errors`` name the places in the input that are at fault, ``retry_after`` is in seconds, ``headers`` go with the
    answer, and further keyword arguments become extension members of the problem document. None of them may carry the
    input or personal data.
    """

    code: ClassVar[str] = "conflict"
    title: ClassVar[str] = "The request conflicts with the present state."
    status: ClassVar[int] = 409

    def __init__(
        self,
        *,
        errors: Sequence[Fault] = (),
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(self.code)
        self.errors = list(errors)
        self.retry_after = retry_after
        self.headers = headers or {}
        self.members = members

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        known = REFUSALS.setdefault(cls.code, cls)
        if known.title != cls.title or known.status != cls.status:
            raise TypeError(f"{cls.__qualname__} gives the code {cls.code!r} a second meaning")

    def __str__(self) -> str:
        return title_of(self.code)


REFUSALS: dict[str, type[DomainError]] = {}


def title_of(code: str) -> str:
    """The sentence that stands for a code; the one place where a translation would be looked up."""
    return REFUSALS[code].title


class Conflict(DomainError):
    """Another state of things stands in the way."""


class Malformed(DomainError):
    code, title, status = "malformed", "The request could not be read.", 400


class NotSignedIn(DomainError):
    code, title, status = "not-signed-in", "Sign in first: no valid access token was sent.", 401


class NotPermitted(DomainError):
    code, title, status = "not-permitted", "Your role does not allow this.", 403


class NotFound(DomainError):
    """Absent, not yours, or another organization's: the caller must not be able to tell which."""

    code, title, status = "not-found", "There is nothing here that you may see.", 404


class MethodNotAllowed(DomainError):
    code, title, status = "method-not-allowed", "This address does not answer that method.", 405


class StaleVersion(DomainError):
    code, title, status = "stale-version", "It was changed meanwhile: read it again before changing it.", 412


class LengthRequired(DomainError):
    code, title, status = "length-required", "Send the body with its Content-Length, not in chunks.", 411


class BodyTooLarge(DomainError):
    code, title, status = "body-too-large", "The request is larger than this server accepts.", 413


class UnsupportedMediaType(DomainError):
    code, title, status = "unsupported-media-type", "Send the body as application/json.", 415


class Invalid(DomainError):
    code, title, status = "invalid", "Some of what was sent is not valid.", 422


class LockedOut(DomainError):
    code, title, status = "locked-out", "Too many failed attempts: wait before trying again.", 423


class TooManyRequests(DomainError):
    code, title, status = "too-many-requests", "Too many requests: wait before sending more.", 429


class Unavailable(DomainError):
    code, title, status = "unavailable", "A part of the system is out of reach; nothing was changed. Try again.", 503


class InternalError(DomainError):
    """The name under which a bug is reported; nobody raises it."""

    code, title, status = "internal-error", "Something went wrong on our side; it was logged with the request id.", 500


def invalid(message: str, *loc: str | int) -> Invalid:
    """A 422 that points at one place of the input, e.g. ``invalid("is in the future", "body", "birth_date")``."""
    return Invalid(errors=[{"loc": list(loc), "msg": message}])
