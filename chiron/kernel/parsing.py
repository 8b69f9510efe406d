"""The one reader of what comes in: bounded in depth, strict JSON, no character that PostgreSQL cannot store."""

import re
from typing import Any, cast

import orjson
from django.http import HttpRequest
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

from chiron.kernel.errors import Malformed, UnsupportedMediaType

MAX_DEPTH = 32
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
STRINGS_AND_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?+|[\[{]|[\]}]', re.DOTALL)


class StrictParser(Parser):
    """Reads JSON bodies: orjson refuses NaN, lone surrogates and invalid UTF-8; depth and NUL are refused here."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        if request.META.get("CONTENT_TYPE", "").split(";")[0].strip().lower() not in ("application/json", ""):
            raise UnsupportedMediaType
        return cast(dict[str, Any], loads(request.body))


class OrjsonRenderer(BaseRenderer):
    """Writes JSON with orjson; ``None`` members are written as null."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> Any:
        return orjson.dumps(data, default=_plain)


def loads(raw: bytes, depth: int = MAX_DEPTH) -> Any:
    """The JSON value in these bytes. Raises Malformed when they are no JSON, nest too deep or hold a NUL."""
    if nests_deeper(raw, depth):
        raise Malformed
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Malformed from None
    if b"\\u0000" in raw and _holds_nul(value):
        raise Malformed
    return value


def nests_deeper(raw: bytes, depth: int) -> bool:
    """Whether brackets outside strings nest deeper than that."""
    if raw.count(b"[") + raw.count(b"{") <= depth:
        return False
    level = 0
    for found in STRINGS_AND_BRACKETS.finditer(raw):
        first = found[0][0]
        if first in b"[{":
            level += 1
            if level > depth:
                return True
        elif first in b"]}":
            level -= 1
    return False


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(each) for key, each in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value)
