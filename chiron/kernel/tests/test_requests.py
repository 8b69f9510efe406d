"""What a Content-Type says of alphabets moves nobody: neither a codec that is none nor parameters that are none."""

from io import BytesIO

import pytest
from django.core.handlers.wsgi import WSGIHandler

from chiron.kernel.requests import Request

UNREADABLE = "application/json; charset*=nonsense''y"


def status_of(path: str, content_type: str, query: str = "", body: bytes = b"") -> int:
    """What the application answers to a request that it was handed by a server."""
    environ = {
        "REQUEST_METHOD": "POST" if body else "GET", "PATH_INFO": path, "QUERY_STRING": query,
        "CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body),
        "wsgi.url_scheme": "http", "SERVER_NAME": "testserver", "SERVER_PORT": "80", "HTTP_HOST": "testserver",
    }  # fmt: skip
    return WSGIHandler().get_response(Request(environ)).status_code


@pytest.mark.parametrize("charset", ["base64", "undefined", "idna", "utf-16", "nonsense"])
def test_text_is_utf_8_whatever_is_said(charset: str) -> None:
    assert status_of("/health/live", f"text/plain; charset={charset}", "x=%C3%A9") == 200


def test_a_content_type_that_nobody_can_read_is_none() -> None:
    assert status_of("/health/live", UNREADABLE) == 200
    assert status_of("/api/nowhere", UNREADABLE, body=b"{}") == 404
