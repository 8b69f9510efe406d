"""Optimistic concurrency: a row's version is its ETag, ``If-Match`` is optional, a stale one changes nothing."""

import re
from typing import TypeVar

from django.http import HttpRequest, HttpResponse
from ninja import Status

from chiron.kernel.errors import Malformed, StaleVersion
from chiron.kernel.models import Versioned

Body = TypeVar("Body")


def if_match(request: HttpRequest) -> int | None:
    """The version that the client believes to change; None when it did not say, or said ``*``.

    Raises Malformed for anything that is not one of our entity tags.
    """
    header = request.META.get("HTTP_IF_MATCH", "").strip()
    if header in ("", "*"):
        return None
    tag = re.fullmatch(r'(?:W/)?"(\d{1,9})"', header)
    if tag is None:
        raise Malformed
    return int(tag[1])


def expect(row: Versioned, version: int | None) -> None:
    """Refuse with StaleVersion unless the row still has that version. The row must be locked for the change."""
    if version is not None and row.version != version:
        raise StaleVersion


def etag(response: HttpResponse, version: int) -> None:
    """Give the answer its entity tag."""
    response.headers["ETag"] = f'"{version}"'


def created(response: HttpResponse, location: str, body: Body, version: int | None = None) -> Status[Body]:
    """A 201 with its Location and, where the resource changes later, its entity tag."""
    response.headers["Location"] = location
    if version is not None:
        etag(response, version)
    return Status(201, body)
