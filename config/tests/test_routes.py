"""Addresses behind their first word are the addresses they were."""

from uuid import UUID

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, URLPattern, path
from django.urls.resolvers import RegexPattern, URLResolver

from config.routes import by_first_word


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


ADDRESSES = ["patients", "patients/search", "docs", "patients/<uuid:id>", "<str:word>/of", "patients/<uuid:id>/log"]
ID = "01996f3a-5c7e-7c1a-9d0e-3b8f6a2c4d11"


def addresses() -> list[URLPattern]:
    return [path(each, view, name=each) for each in ADDRESSES]


def resolver(patterns: list[URLPattern | URLResolver]) -> URLResolver:
    return URLResolver(RegexPattern(r"^/"), patterns)


@pytest.mark.parametrize(
    ("asked", "route"),
    [
        ("patients", "patients"),
        ("docs", "docs"),
        ("patients/search", "patients/search"),
        (f"patients/{ID}", "patients/<uuid:id>"),
        (f"patients/{ID}/log", "patients/<uuid:id>/log"),
        ("anything/of", "<str:word>/of"),
        ("patients/of", "<str:word>/of"),
    ],
)
def test_what_is_found_is_the_same(asked: str, route: str) -> None:
    found = resolver(by_first_word(addresses())).resolve(f"/{asked}")

    plain = resolver(list(addresses())).resolve(f"/{asked}")
    assert (found.url_name, found.kwargs, found.route.removeprefix("^/")) == (plain.url_name, plain.kwargs, route)


@pytest.mark.parametrize("asked", ["", "patients/", "patients/nobody", "docs/more", "log"])
def test_what_was_not_there_is_not_there(asked: str) -> None:
    with pytest.raises(Resolver404):
        resolver(by_first_word(addresses())).resolve(f"/{asked}")


def test_names_lead_to_their_addresses() -> None:
    assert resolver(by_first_word(addresses())).reverse("patients/<uuid:id>/log", id=UUID(ID)) == f"patients/{ID}/log"


def test_addresses_that_share_a_word_stand_behind_one_door() -> None:
    assert [str(each.pattern) for each in by_first_word(addresses())] == [
        "patients",
        "patients/",
        "docs",
        "<str:word>/of",
    ]
