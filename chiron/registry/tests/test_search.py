"""Finding patients whose names the database cannot read (PAT-04), page by page."""

from typing import Any

import pytest

from chiron.identity.public import Role
from chiron.kernel.access import Scope
from chiron.registry import queries, searching
from chiron.registry.models import Patient
from chiron.registry.tests.factories import call, found, ids, problem, registered
from chiron.tenancy.public import inside
from tests.town import Clinic


def scan(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have searches open so many rows at a time."""
    monkeypatch.setattr(searching, "SCAN", size)
    monkeypatch.setitem(queries.NEWEST_NAMED, Scope.ORGANIZATION, queries._newest_named(Scope.ORGANIZATION))


@pytest.fixture
def ward(hilltop: Clinic) -> Clinic:
    """Hilltop with people of many scripts."""
    people = [("Müller", "Jürgen"), ("O'Brien", "Seán"), ("Иванов", "Пётр"), ("Παπαδόπουλος", "Νίκος"),
              ("محمد", "علي"), ("李", "小龙"), ("Li", "Bo"), ("Nguyễn", "Thị"), ("Straße", "İpek")]  # fmt: skip
    for number, (family, given) in enumerate(people):
        registered(hilltop, family=family, given=[given], birth_date=None,
                   identifiers=[{"system": "urn:mrn:hilltop", "value": f"N{number}"}])  # fmt: skip
    return hilltop


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("muller", "Müller"), ("MÜLLER", "Müller"), ("mül", "Müller"), ("jurg", "Müller"), ("jürgen müller", "Müller"),
        ("brien", "O'Brien"), ("sean", "O'Brien"), ("иванов", "Иванов"), ("ПЁТР", "Иванов"), ("ива", "Иванов"),
        ("παπαδ", "Παπαδόπουλος"), ("νικος", "Παπαδόπουλος"), ("محمد", "محمد"), ("李", "李"),
        ("li", "Li"), ("bo", "Li"),
        ("nguyen", "Nguyễn"), ("thi", "Nguyễn"), ("strasse", "Straße"), ("ipek", "Straße"),
    ],
)  # fmt: skip
def test_names_are_found_without_regard_to_case_and_accents_in_any_script(name: str, family: str, ward: Clinic) -> None:
    assert found(ward, name=name) == [family]


@pytest.mark.parametrize("name", ["uller", "mu", "mülle jurgem", "Mensahh", "l", "zzz", "%", "_", "*"])
def test_what_is_no_beginning_of_a_name_is_not_found(name: str, ward: Clinic) -> None:
    """Two letters are a whole name, never a beginning; there is no search by sound."""
    assert found(ward, name=name) == []


def test_all_words_must_fit(ward: Clinic) -> None:
    assert found(ward, name="Kofi Mensah") == ["Mensah"]
    assert found(ward, name="Kofi Boateng") == []


def test_numbers_are_found_exactly_with_their_system_or_without(ward: Clinic) -> None:
    assert found(ward, identifier="n2") == ["Иванов"]
    assert found(ward, identifier="urn:mrn:hilltop|N2") == ["Иванов"]
    assert found(ward, identifier="urn:mrn:riverside|N2") == []
    assert found(ward, identifier="N") == []


def test_birth_dates_are_found_within_what_is_asked(hilltop: Clinic) -> None:
    for number, born in enumerate(("1981", "1981-03", "1981-03-05")):
        registered(hilltop, family=f"Born{number}", birth_date=born, identifiers=[])

    assert found(hilltop, birth_date="1981-03-05") == ["Born2"]
    assert found(hilltop, birth_date="1981-03") == ["Born2", "Born1"]
    assert found(hilltop, birth_date="1981") == ["Born2", "Born1", "Born0"]
    assert found(hilltop, birth_date="1981", name="Born1") == ["Born1"]


def test_the_search_by_body_finds_the_same(ward: Clinic) -> None:
    body = {"name": "mul", "limit": 1}

    answer = call(ward.client(Role.ADMIN), "post", "/patients/search", body)

    assert [each["family"] for each in answer.json()["patients"]] == ["Müller"]


def test_a_doctor_finds_only_those_assigned(hilltop: Clinic) -> None:
    assert found(hilltop, Role.DOCTOR, name="Mensah") == ["Mensah"]
    assert found(hilltop, Role.DOCTOR, name="Boateng") == []
    assert found(hilltop, Role.ADMIN, name="Boateng") == ["Boateng"]


def test_who_may_not_search_may_not_do_so_by_listing(hilltop: Clinic) -> None:
    patient = hilltop.client(Role.PATIENT)

    assert ids(patient.get("/api/patients")) == [hilltop.patient_id]
    assert problem(patient.get("/api/patients?name=Mensah")) == (403, "not-permitted")


@pytest.mark.parametrize("query", ["name=" + "x" * 101, "birth_date=19800517000", "identifier=" + "1" * 401, "limit=0",
                                   "limit=201", "cursor=%21", "birth_date=nonsense"])  # fmt: skip
def test_a_question_that_cannot_be_asked_is_a_422(query: str, hilltop: Clinic) -> None:
    assert problem(hilltop.client(Role.ADMIN).get(f"/api/patients?{query}")) == (422, "invalid")


@pytest.mark.parametrize("born", ["nonsense", "1980-13", "0800"])
def test_the_refusal_of_a_birth_date_says_where_it_was_asked(born: str, hilltop: Clinic) -> None:
    admin = hilltop.client(Role.ADMIN)

    answers = [
        admin.get("/api/patients", {"birth_date": born}),
        call(admin, "post", "/patients/search", {"birth_date": born}),
    ]

    assert [problem(answer) for answer in answers] == [(422, "invalid")] * 2
    assert [answer.json()["errors"][0]["loc"] for answer in answers] == [
        ["query", "birth_date"],
        ["body", "birth_date"],
    ]


def pages(clinic: Clinic, query: dict[str, Any], between: Any = lambda: None) -> list[list[str]]:
    """The families on each page, and something happening between the pages."""
    cursor: str | None = None
    read: list[list[str]] = []
    while cursor is not None or not read:
        answer = clinic.client(Role.ADMIN).get("/api/patients", query | ({"cursor": cursor} if cursor else {})).json()
        read.append([each["family"] for each in answer["patients"]])
        cursor = answer["next"]
        between()
    return read


@pytest.mark.parametrize("query", [{}, {"name": "Twin"}])
def test_pages_neither_repeat_nor_lose_anybody_while_others_are_registered(query: Any, hilltop: Clinic) -> None:
    for number in range(7):
        registered(hilltop, family=f"Twin{number}", identifiers=[])

    read = pages(hilltop, query | {"limit": 3}, lambda: registered(hilltop, family="Twin Late", identifiers=[]))

    families = [family for page in read for family in page if family.startswith("Twin")]
    assert families == [f"Twin{number}" for number in reversed(range(7))]
    assert all(len(page) == 3 for page in read[:-1])


def test_a_page_of_a_search_is_full_although_blind_tokens_collide(
    hilltop: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        registered(hilltop, family=f"Full{number}", identifiers=[])
        registered(hilltop, family=f"Other{number}", identifiers=[])
    with inside(hilltop.id):
        wanted = Patient.objects.order_by("id").last()
        assert wanted is not None
        Patient.objects.update(name_tokens=wanted.name_tokens)
    monkeypatch.setattr(searching, "search_tokens", lambda *_: wanted.name_tokens[:1])
    scan(2, monkeypatch)

    read = pages(hilltop, {"name": "Full", "limit": 4})

    assert read == [["Full5", "Full4", "Full3", "Full2"], ["Full1", "Full0"]]


def test_a_search_that_opened_very_many_leads_on(hilltop: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        registered(hilltop, family=f"Long{number}", identifiers=[])
    scan(2, monkeypatch)
    monkeypatch.setattr(searching, "LONGEST_SCAN", 2)

    read = pages(hilltop, {"name": "Long", "limit": 50})

    assert [name for page in read for name in page] == ["Long4", "Long3", "Long2", "Long1", "Long0"]
    assert len(read) >= 3
    assert max(map(len, read)) == 2


@pytest.mark.parametrize("query", ["", "name=Many"])
def test_a_page_takes_the_same_queries_however_long_it_is(
    query: str, hilltop: Clinic, django_assert_num_queries: Any
) -> None:
    admin = hilltop.client(Role.ADMIN)
    for number in range(12):
        registered(hilltop, family=f"Many{number}", identifiers=[{"system": "urn:x", "value": str(number)}])
    admin.get(f"/api/patients?{query}")

    with django_assert_num_queries(5, using="clinical"):
        admin.get(f"/api/patients?{query}&limit=2")
    with django_assert_num_queries(5, using="clinical"):
        admin.get(f"/api/patients?{query}&limit=12")
    with django_assert_num_queries(1, using="accounts"):
        admin.get(f"/api/patients?{query}&limit=12")
