"""Serving a file so that no browser runs it: as a download, in a sandbox, of the type its content tells."""

from collections.abc import Callable, Iterator
from itertools import chain

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from chiron.files.errors import FileDamaged, RangeNotSatisfiable, StorageUnavailable
from chiron.files.ranges import Span, asked, whole
from chiron.files.reading import Content
from chiron.kernel.problems import respond

PIECE = 256 * 1024
INERT = {
    "Accept-Ranges": "bytes",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def serve(
    request: HttpRequest, content: Content, *, name: str, etag: str, damaged: Callable[[], None]
) -> HttpResponseBase:
    """The file, or the one range of it that is asked for (206); a range behind its end is a 416.

    The first piece is read before the answer begins, so that damage found in it is an answer of its own. Damage found
    later ends the connection before the length that was announced, after `damaged` was told.
    Raises FileDamaged, StorageUnavailable.
    """
    try:
        span = _span(request, content.size, etag)
    except RangeNotSatisfiable as refusal:
        refused: HttpResponse = respond(refusal, request)
        refused.headers["Content-Range"] = f"bytes */{content.size}"
        return refused
    pieces = content.read(span)
    first = next(pieces)
    headers = INERT | {
        "ETag": etag,
        "Content-Type": _declared(content.content_type),
        "Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or "attachment",
        "Content-Length": str((span or whole(content.size)).length),
    }
    if span:
        headers["Content-Range"] = f"bytes {span.first}-{span.last}/{content.size}"
    return StreamingHttpResponse(
        _cut(chain([first], _watched(pieces, damaged))), status=206 if span else 200, headers=headers
    )


def _span(request: HttpRequest, size: int, etag: str) -> Span | None:
    """The range asked for; the whole where the client has part of another version (`If-Range`)."""
    known = request.META.get("HTTP_IF_RANGE", etag)
    return asked(request.META.get("HTTP_RANGE", ""), size) if known == etag else None


def _cut(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that servers pass on one by one; they keep several in memory at a time."""
    for piece in pieces:
        yield from (piece[begin : begin + PIECE] for begin in range(0, len(piece), PIECE))


def _watched(pieces: Iterator[bytes], damaged: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from pieces
    except (FileDamaged, StorageUnavailable):
        damaged()
        raise


def _declared(content_type: str) -> str:
    return f"{content_type}; charset=utf-8" if content_type.startswith("text/") else content_type
