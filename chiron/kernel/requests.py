"""Requests as we read them: whatever a client says of its alphabet, text is UTF-8."""

from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.utils.http import parse_header_parameters


class Request(WSGIRequest):
    """A request whose `Content-Type` is believed as to the kind of its body alone.

    Django decodes by the codec that is named there, be it one that decodes nothing (`undefined`) or no text (`base64`),
    and fails on parameters that nobody can read before any of our code is asked.
    """

    # Django's types do not know this method, so nothing can say `override`.
    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_params: dict[str, str] = {}
        try:
            self.content_type, _ = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (ValueError, TypeError, LookupError):
            self.content_type = meta["CONTENT_TYPE"] = ""
