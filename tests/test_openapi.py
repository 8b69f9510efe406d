"""The published contract changes only on purpose: ``make openapi`` rewrites the snapshots."""

from pathlib import Path
from typing import Any

import pytest
from ninja.openapi.schema import OpenAPISchema

from config.api import api
from config.openapi import snapshots

FOLDER = Path(__file__).parent / "snapshots"


def test_the_api_is_what_its_snapshots_say() -> None:
    assert snapshots() == {path.name: path.read_text() for path in FOLDER.glob("*.json")}


DOCUMENT = api.get_openapi_schema()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def shapes_of(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The components that a schema refers to, itself or as one of several."""
    references = [each["$ref"] for each in [schema, *schema.get("anyOf", [])] if "$ref" in each]
    return [DOCUMENT["components"]["schemas"][each.rpartition("/")[2]] for each in references]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_says_what_it_does_whom_it_lets_in_and_how_it_refuses(name: str) -> None:
    operation = OPERATIONS[name]

    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    meant: dict[str, list[str]] = {} if name.startswith("GET ") else {"csrf": []}
    assert operation["security"] == ([{"bearer": []}, {"cookie": []} | meant] if "x-needs" in operation else [])
    expected = {400, 411, 413, 422, 500, 503} | ({401, 403, 404} if "x-needs" in operation else set())
    expected |= {415} if "requestBody" in operation else set()
    assert expected <= {int(status) for status in operation["responses"]}
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            [(media_type, content)] = response["content"].items()
            assert media_type == "application/problem+json"
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert content["example"]["status"] == int(status)
            assert content["example"]["title"] == response["description"]


@pytest.mark.parametrize("name", sorted(name for name, each in OPERATIONS.items() if "requestBody" in each))
def test_every_body_has_an_example(name: str) -> None:
    [content] = OPERATIONS[name]["requestBody"]["content"].values()

    shapes = shapes_of(content["schema"]) or [content["schema"]]
    assert shapes
    assert all(any("examples" in each for each in shape["properties"].values()) for shape in shapes)


def test_what_creates_takes_an_idempotency_key_and_what_can_be_stale_an_if_match() -> None:
    named = {name: {each["name"] for each in operation["parameters"]} for name, operation in OPERATIONS.items()}

    assert "Idempotency-Key" in named["POST /api/patients"]
    assert "If-Match" in named["PUT /api/patients/{patient_id}"]
    assert "If-Match" not in named["GET /api/patients"]


def test_no_two_shapes_share_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    named: dict[str, Any] = {}
    twice: set[str] = set()

    def add(self: OpenAPISchema, definitions: dict[str, Any]) -> None:
        twice.update(name for name, shape in definitions.items() if named.setdefault(name, shape) != shape)

    monkeypatch.setattr(OpenAPISchema, "add_schema_definitions", add)
    OpenAPISchema(api, "")

    assert len(named) > 100
    assert twice == set()
