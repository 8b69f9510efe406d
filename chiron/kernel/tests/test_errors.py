"""Refusals and the problems they become."""

import orjson
import pytest
from django.test import RequestFactory

from chiron.kernel.errors import REFUSALS, DomainError, NotFound, Unavailable, invalid, title_of
from chiron.kernel.problems import failure, respond


def test_a_code_has_one_meaning() -> None:
    with pytest.raises(TypeError):
        type("Twice", (DomainError,), {"code": "not-found", "title": "Something else.", "status": 404})

    assert REFUSALS["not-found"] is NotFound


def test_a_problem_names_the_place_and_never_the_value() -> None:
    response = respond(invalid("is in the future", "body", "birth_date"))

    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    assert orjson.loads(response.content) == {
        "type": "/problems/invalid",
        "title": title_of("invalid"),
        "status": 422,
        "errors": [{"loc": ["body", "birth_date"], "msg": "is in the future"}],
    }


def test_a_bug_is_a_500_that_tells_only_its_request_id() -> None:
    request = RequestFactory().get("/api/patients")
    request.request_id = "0190"  # type: ignore[attr-defined]

    response = respond(failure(ZeroDivisionError("Kofi Mensah")), request)

    assert response.status_code == 500
    assert orjson.loads(response.content)["request_id"] == "0190"
    assert b"Kofi" not in response.content


def test_what_is_out_of_reach_says_when_to_come_again() -> None:
    assert respond(Unavailable(retry_after=7)).headers["Retry-After"] == "7"
