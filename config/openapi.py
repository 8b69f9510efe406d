"""The OpenAPI document: what Ninja derives, and what holds for every operation alike."""

from collections.abc import Iterator
from typing import Any

import orjson
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from chiron.files.public import RangeNotSatisfiable, UnsupportedFile
from chiron.kernel.access import limit_of, need_of
from chiron.kernel.errors import (
    BodyTooLarge,
    Conflict,
    DomainError,
    InternalError,
    Invalid,
    LengthRequired,
    LockedOut,
    Malformed,
    NotFound,
    NotPermitted,
    NotSignedIn,
    StaleVersion,
    TooManyRequests,
    Unavailable,
    UnsupportedMediaType,
)
from chiron.kernel.problems import MEDIA_TYPE, Problem
from chiron.vault.public import KeyDestroyed

REFERENCE = {"$ref": "#/components/schemas/Problem"}
COMMON = (Malformed, LengthRequired, BodyTooLarge, Invalid, InternalError, Unavailable)
GUARDED = (NotSignedIn, NotPermitted, NotFound)
LIMITED = (LockedOut, TooManyRequests)
OTHERS = (Conflict, KeyDestroyed, StaleVersion, UnsupportedFile, RangeNotSatisfiable)
REFUSALS = {each.status: each for each in (*COMMON, *GUARDED, *LIMITED, *OTHERS)}
SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-chiron-access"},
    "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
}
BY_HEADER_OR_COOKIE: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": []}]
BY_HEADER_OR_MEANT_COOKIE: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": [], "csrf": []}]


class ChironAPI(NinjaAPI):
    """Ninja's API with security, refusals and headers written into every operation's description."""

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        """Ninja's document, finished."""
        schema = super().get_openapi_schema(**kwargs)
        components = schema.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
        components["securitySchemes"] = SCHEMES
        views = {operation.operation_id or self.get_openapi_operation_id(operation): operation.view_func
                 for router in self._get_bound_routers()
                 for path_view in router.path_operations.values()
                 for operation in path_view.operations}  # fmt: skip
        for path in schema["paths"].values():
            for method, operation in path.items():
                _finish(operation, method, views[operation["operationId"]])
        return schema


def _finish(operation: dict[str, Any], method: str, view: Any) -> None:
    need = need_of(view)
    declared = [REFUSALS[int(status)] for status in operation["responses"] if int(status) >= 400]
    for refusal in (*_usual(operation, view), *declared):
        response = operation["responses"].setdefault(refusal.status, {})
        response["description"] = refusal.title
        example = {"type": f"/problems/{refusal.code}", "title": refusal.title, "status": refusal.status}
        response["content"] = {MEDIA_TYPE: {"schema": REFERENCE, "example": example}}
    operation["security"] = []
    if need:
        operation["security"] = BY_HEADER_OR_COOKIE if method == "get" else BY_HEADER_OR_MEANT_COOKIE
        operation["x-needs"] = f"{need.resource}.{need.action}"
    headers = operation.setdefault("parameters", [])
    if getattr(view, "creates", None):
        told = "The same key and body again give the first answer and do nothing."
        headers.append(_header("Idempotency-Key", told, "one-of-your-own"))
    if 412 in operation["responses"]:
        told = "The version that is believed to be changed: the ETag it was read with. A stale one changes nothing."
        headers.append(_header("If-Match", told, '"3"'))


def _usual(operation: dict[str, Any], view: Any) -> Iterator[type[DomainError]]:
    """What may be answered before the operation itself is asked."""
    yield from COMMON
    yield from GUARDED if need_of(view) else ()
    yield from LIMITED if limit_of(view) else ()
    yield from [UnsupportedMediaType] if "requestBody" in operation else ()
    yield from [Conflict] if getattr(view, "creates", None) else ()


def _header(name: str, description: str, example: str) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": 255}
    return {"in": "header", "name": name, "required": False, "schema": schema, "description": description,
            "example": example}  # fmt: skip


def snapshots() -> dict[str, str]:
    """The document cut by tag, one file each, in a form that shows changes line by line."""
    from config.api import api

    schema = orjson.loads(orjson.dumps(api.get_openapi_schema(), default=str, option=orjson.OPT_NON_STR_KEYS))
    by_tag: dict[str, dict[str, Any]] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            by_tag.setdefault(operation["tags"][0], {})[f"{method.upper()} {path}"] = operation
    by_tag["schemas"] = schema["components"]["schemas"]
    form = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return {f"{tag}.json": orjson.dumps(each, option=form).decode() for tag, each in by_tag.items()}
