"""Who may be the same person (PAT-05)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.identity.public import Role
from chiron.registry import duplicates
from chiron.registry.likeness import Known, likeness
from chiron.registry.models import Patient
from chiron.registry.rules import Person, birth_date
from chiron.registry.tests.factories import call, last_event, registered
from chiron.tenancy.public import inside
from tests.town import Clinic

NAMES = st.sampled_from(["", "Owusu", "OWUSU", "Mensah", "Ama", "Ámà"])


def known(family: str = "Owusu", given: str = "Ama", born: str = "1980-05-17", **of: Any) -> Known:
    telecom = [{"system": "phone", "value": of["phone"], "use": ""}] if "phone" in of else []
    person = Person(family=family, given=[given], telecom=telecom)
    return Known(person, birth_date(born), of.get("sex", "female"), frozenset(of.get("numbers", ())))


@pytest.mark.parametrize(
    ("other", "score", "matched"),
    [
        (known(), 0.65, ["birth_date", "family", "given", "sex"]),
        (known(family="OWÚSU"), 0.65, ["birth_date", "family", "given", "sex"]),
        (known(numbers=["a1"]), 1.0, ["identifiers", "birth_date", "family", "given", "sex"]),
        (known(phone="020/555 01"), 0.8, ["birth_date", "family", "given", "telecom", "sex"]),
        (known(given="Kofi", sex="male"), 0.2, ["birth_date", "family"]),
        (known(born="1990"), 0.15, ["family", "given", "sex"]),
        (known(family="Mensah", given="Esi", born="1990-01-01"), 0.0, ["sex"]),
        (known(born=""), 0.4, ["family", "given", "sex"]),
    ],
)
def test_what_agrees_counts_for_and_what_differs_against(other: Known, score: float, matched: list[str]) -> None:
    found = likeness(known(numbers=["A1"], phone="02055501"), other)

    assert (found.score, found.matched) == (score, matched)


@given(st.builds(known, family=NAMES, given=NAMES), st.builds(known, family=NAMES, given=NAMES))
def test_likeness_is_mutual_and_nobody_is_more_alike_than_oneself(one: Known, other: Known) -> None:
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other).score <= likeness(one, one).score <= 1


def pairs(clinic: Clinic, **query: Any) -> list[tuple[set[str], list[str]]]:
    answer = clinic.client(Role.RECEPTIONIST).get("/api/patients/duplicates", query)
    assert answer.status_code == 200, answer.content
    return [({p["id"] for p in each["patients"]}, each["matched"]) for each in answer.json()["duplicates"]]


def person(clinic: Clinic, **said: Any) -> str:
    return str(registered(clinic, **{"identifiers": [], "birth_date": "1971-02-03", "telecom": []} | said)["id"])


def test_pairs_are_found_by_number_or_by_birth_and_name(hilltop: Clinic) -> None:
    one = person(hilltop, identifiers=[{"system": "urn:a", "value": "77"}])
    same = person(hilltop, family="OWUSU", given=["Áma"])
    other_name = person(hilltop, family="Married", identifiers=[{"system": "urn:b", "value": "77"}])
    person(hilltop, family="Twin", given=["Kofi"], sex="male")
    person(hilltop, birth_date="1999-01-01")

    found = pairs(hilltop)

    assert found == [
        ({one, other_name}, ["identifiers", "birth_date", "given", "sex"]),
        ({one, same}, ["birth_date", "family", "given", "sex"]),
    ]


def test_whoever_was_merged_is_nobodys_duplicate(hilltop: Clinic) -> None:
    one, same = person(hilltop), person(hilltop)
    with inside(hilltop.id):
        Patient.objects.filter(id=one).update(replaced_by=same)

    assert pairs(hilltop) == []


def test_pairs_are_paged_and_each_is_shown_once(hilltop: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "SCAN", 2)
    people = [person(hilltop) for _ in range(4)]
    client, cursor, seen = hilltop.client(Role.ADMIN), "", []
    while cursor is not None:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = client.get("/api/patients/duplicates", query).json()
        seen += [frozenset(p["id"] for p in each["patients"]) for each in answer["duplicates"]]
        cursor = answer["next"]

    assert len(seen) == len(set(seen)) == 6
    assert set().union(*seen) == set(people)


def test_looking_is_one_event_that_names_everybody_shown(hilltop: Clinic) -> None:
    one, same = person(hilltop), person(hilltop)

    pairs(hilltop)

    event = last_event(hilltop)
    assert (event.action, {str(id) for id in event.subjects}) == ("duplicate.listed", {one, same})


def test_a_list_takes_the_same_queries_however_long_it_is(hilltop: Clinic, django_assert_num_queries: Any) -> None:
    for number in range(2):
        for _ in range(2 + number * 3):
            person(hilltop)
        call(hilltop.client(Role.ADMIN), "get", "/patients/duplicates")
        with django_assert_num_queries(6, using="clinical"):
            pairs(hilltop)
