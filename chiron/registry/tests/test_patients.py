"""Registering, reading and changing patients (PAT-01, PAT-02, PAT-03)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from chiron.identity.public import Role
from chiron.kernel import clock
from chiron.registry.models import Identifier, Patient
from chiron.registry.tests.factories import AMA, call, counted, last_event, problem, register, registered
from chiron.tenancy.public import inside
from tests.town import Clinic


def test_a_patient_is_registered_and_found_at_its_location(hilltop: Clinic) -> None:
    answer = register(hilltop)

    patient = answer.json()["patient"]
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/patients/{patient['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert {name: patient[name] for name in AMA if name not in ("identifiers", "telecom")} == {
        name: value for name, value in AMA.items() if name not in ("identifiers", "telecom")
    }
    assert patient["identifiers"] == [{"system": "urn:mrn:hilltop", "value": "4711", "kind": ""}]
    assert patient["telecom"] == [{"system": "phone", "value": "020 555 0100", "use": ""}]
    assert UUID(patient["id"]).version == 7
    read = call(hilltop.client(Role.ADMIN), "get", f"/patients/{patient['id']}")
    assert (read.json()["patient"], read.headers["ETag"]) == (patient, '"1"')


def test_nothing_of_a_person_lies_open_in_the_row(hilltop: Clinic) -> None:
    patient = registered(hilltop)

    with inside(hilltop.id):
        row = Patient.objects.filter(id=patient["id"]).values().get()
        identifier = Identifier.objects.filter(patient_id=patient["id"]).values().get()
    said = repr({name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()})
    assert not any(word.casefold() in said.casefold() for word in ("owusu", "serwaa", "0100"))
    assert b"4711" not in bytes(identifier["value"]) + bytes(identifier["index"]) + bytes(identifier["value_index"])


def test_an_identifier_belongs_to_one_patient_and_the_refusal_names_whom(hilltop: Clinic) -> None:
    """PAT-01."""
    patient = registered(hilltop)
    before = counted(hilltop)

    answer = register(hilltop, family="Mensah")

    assert problem(answer) == (409, "identifier-taken")
    assert answer.json()["existing_id"] == patient["id"]
    assert counted(hilltop) == before


def test_the_same_number_of_another_authority_or_another_organization_is_another_number(
    hilltop: Clinic, riverside: Clinic
) -> None:
    """PAT-02."""
    registered(hilltop)

    registered(riverside)
    registered(hilltop, identifiers=[{"system": "urn:mrn:riverside", "value": "4711"}])


def test_an_identifier_is_the_same_in_any_case_and_with_blanks_around(hilltop: Clinic) -> None:
    registered(hilltop, identifiers=[{"system": "urn:passport", "value": "G 12ab"}])

    answer = register(hilltop, identifiers=[{"system": "urn:passport", "value": " g 12AB "}])

    assert problem(answer) == (409, "identifier-taken")


def test_one_identifier_said_twice_is_refused(hilltop: Clinic) -> None:
    before = counted(hilltop)

    answer = register(hilltop, identifiers=AMA["identifiers"] * 2)

    assert problem(answer) == (422, "invalid")
    assert answer.json()["errors"] == [{"loc": ["body", "identifiers"], "msg": "names one identifier twice"}]
    assert counted(hilltop) == before


@pytest.mark.parametrize("partial", ["1980", "1980-05", "1980-05-17", None])
def test_a_birth_date_keeps_the_precision_in_which_it_is_known(partial: str | None, hilltop: Clinic) -> None:
    """PAT-03."""
    patient = registered(hilltop, birth_date=partial, birth_estimated=True)

    assert (patient["birth_date"], patient["birth_estimated"]) == (partial, True)


def day(days: int) -> str:
    return (clock.now() + timedelta(days=days)).date().isoformat()


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"birth_date": day(2)}, "birth_date"),
        ({"birth_date": "1980-13"}, "birth_date"),
        ({"birth_date": "1980-02-30"}, "birth_date"),
        ({"birth_date": "0800"}, "birth_date"),
        ({"birth_date": "1980-5"}, "birth_date"),
        ({"birth_date": "1980", "deceased_at": "1979-11-30T10:00:00Z"}, "deceased_at"),
        ({"deceased_at": f"{day(2)}T10:00:00Z"}, "deceased_at"),
        ({"deceased_at": "2020-01-01T10:00:00"}, "deceased_at"),
        ({"family": " "}, "family"),
        ({"sex": "f"}, "sex"),
    ],
)
def test_an_impossible_life_is_refused_and_nothing_is_written(said: Any, where: str, hilltop: Clinic) -> None:
    """PAT-03."""
    before = counted(hilltop)

    answer = register(hilltop, **said)

    assert problem(answer) == (422, "invalid")
    assert [error["loc"] for error in answer.json()["errors"]] == [["body", where]]
    assert counted(hilltop) == before


def test_whoever_is_born_today_or_dies_on_the_day_of_birth_is_registered(hilltop: Clinic) -> None:
    now = clock.now()

    registered(hilltop, birth_date=now.date().isoformat(), deceased_at=now.isoformat())


def test_a_death_makes_deceased(hilltop: Clinic) -> None:
    patient = registered(hilltop, deceased_at="2020-01-01T10:00:00Z")

    assert patient["deceased"] is True


def test_everything_is_said_anew_by_put_and_some_of_it_by_patch(hilltop: Clinic) -> None:
    patient, admin = registered(hilltop), hilltop.client(Role.ADMIN)

    put = call(admin, "put", f"/patients/{patient['id']}", {"family": "Mensah"})
    patched = call(admin, "patch", f"/patients/{patient['id']}", {"given": ["Esi"], "birth_date": "1990"})

    assert put.json()["patient"]["given"] == put.json()["patient"]["identifiers"] == []
    assert put.headers["ETag"] == '"2"'
    now = patched.json()["patient"]
    assert (now["family"], now["given"], now["birth_date"], patched.headers["ETag"]) == (
        "Mensah",
        ["Esi"],
        "1990",
        '"3"',
    )


def test_what_a_patch_does_not_say_of_a_number_or_contact_is_empty(hilltop: Clinic) -> None:
    patient = registered(hilltop, identifiers=[])
    said = {"identifiers": [{"system": "urn:x", "value": "1"}], "telecom": [{"system": "phone", "value": "1"}]}

    now = call(hilltop.client(Role.ADMIN), "patch", f"/patients/{patient['id']}", said).json()["patient"]

    assert (now["identifiers"][0]["kind"], now["telecom"][0]["use"]) == ("", "")


def test_null_takes_a_birth_date_away(hilltop: Clinic) -> None:
    patient = registered(hilltop)

    answer = call(hilltop.client(Role.ADMIN), "patch", f"/patients/{patient['id']}", {"birth_date": None})

    assert answer.json()["patient"]["birth_date"] is None


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_stale_version_changes_nothing(method: str, hilltop: Clinic) -> None:
    patient, admin = registered(hilltop), hilltop.client(Role.ADMIN)
    call(admin, "patch", f"/patients/{patient['id']}", {"language": "tw"})

    stale = call(admin, method, f"/patients/{patient['id']}", {"family": "Mensah"}, **{"if-match": '"1"'})
    fresh = call(admin, method, f"/patients/{patient['id']}", {"family": "Boateng"}, **{"if-match": '"2"'})

    assert problem(stale) == (412, "stale-version")
    assert (fresh.status_code, fresh.headers["ETag"]) == (200, '"3"')
    assert fresh.json()["patient"]["family"] == "Boateng"


def test_an_identifier_can_be_kept_moved_and_given_up(hilltop: Clinic) -> None:
    ama, kofi = registered(hilltop), registered(hilltop, identifiers=[])
    admin = hilltop.client(Role.ADMIN)

    taken = call(admin, "patch", f"/patients/{kofi['id']}", {"identifiers": AMA["identifiers"]})
    call(admin, "patch", f"/patients/{ama['id']}", {"identifiers": []})
    given = call(admin, "patch", f"/patients/{kofi['id']}", {"identifiers": AMA["identifiers"]})

    assert problem(taken) == (409, "identifier-taken")
    assert (given.status_code, given.json()["patient"]["identifiers"][0]["value"]) == (200, "4711")


def test_whoever_was_replaced_is_read_but_not_changed(hilltop: Clinic) -> None:
    ama, kofi = registered(hilltop), registered(hilltop, identifiers=[])
    with inside(hilltop.id):
        Patient.objects.filter(id=ama["id"]).update(replaced_by=kofi["id"], active=False)
    admin = hilltop.client(Role.ADMIN)

    read = call(admin, "get", f"/patients/{ama['id']}")
    changed = call(admin, "patch", f"/patients/{ama['id']}", {"family": "Mensah"})

    assert read.json()["patient"]["replaced_by"] == kofi["id"]
    assert problem(changed) == (409, "patient-replaced")


def own(hilltop: Clinic) -> str:
    return f"/patients/{hilltop.patient_id}"


def test_patients_change_how_they_are_reached(hilltop: Clinic) -> None:
    contact = {"telecom": [{"system": "email", "value": "kofi@example.org", "use": "home"}], "language": "tw"}

    answer = call(hilltop.client(Role.PATIENT), "patch", own(hilltop), contact)

    assert answer.status_code == 200
    assert {name: answer.json()["patient"][name] for name in contact} == contact


@pytest.mark.parametrize(
    "change",
    [{"family": "Owusu"}, {"birth_date": "1990"}, {"sex": "male"}, {"active": False},
     {"identifiers": [{"system": "urn:mrn:hilltop", "value": "1"}]}, {"deceased": True}],
)  # fmt: skip
def test_patients_change_nothing_else_of_themselves(change: Any, hilltop: Clinic) -> None:
    before = call(hilltop.client(Role.ADMIN), "get", own(hilltop)).json()

    answer = call(hilltop.client(Role.PATIENT), "patch", own(hilltop), change | {"language": "tw"})

    assert problem(answer) == (403, "contact-only")
    assert call(hilltop.client(Role.ADMIN), "get", own(hilltop)).json() == before


def test_patients_do_not_learn_by_changing_themselves_who_has_a_number(hilltop: Clinic) -> None:
    registered(hilltop)

    taken = call(hilltop.client(Role.PATIENT), "patch", own(hilltop), {"identifiers": AMA["identifiers"]})
    free = call(
        hilltop.client(Role.PATIENT), "patch", own(hilltop), {"identifiers": [{"system": "urn:x", "value": "free"}]}
    )

    assert problem(taken) == (403, "contact-only")
    assert taken.content == free.content


@pytest.mark.parametrize("change", [{"kind": "passport"}, {"value": "A1"}])
def test_patients_do_not_write_their_numbers_in_another_way(change: Any, hilltop: Clinic) -> None:
    number = {"system": "urn:x", "value": "a1", "kind": ""}
    call(hilltop.client(Role.ADMIN), "patch", own(hilltop), {"identifiers": [number]})

    answer = call(hilltop.client(Role.PATIENT), "patch", own(hilltop), {"identifiers": [number | change]})

    assert problem(answer) == (403, "contact-only")
    kept = call(hilltop.client(Role.ADMIN), "get", own(hilltop)).json()["patient"]["identifiers"]
    assert kept == [number]


def test_each_call_is_one_event_that_names_the_patient(hilltop: Clinic) -> None:
    patient, admin = registered(hilltop), hilltop.client(Role.ADMIN)
    events = [last_event(hilltop)]
    for method, path, body in (
        ("get", f"/patients/{patient['id']}", None),
        ("patch", f"/patients/{patient['id']}", {"language": "tw"}),
        ("get", "/patients?identifier=4711", None),
    ):
        call(admin, method, path, body)
        events.append(last_event(hilltop))

    assert [(event.action, event.subjects) for event in events] == [
        ("patient.created", [UUID(patient["id"])]),
        ("patient.read", [UUID(patient["id"])]),
        ("patient.updated", [UUID(patient["id"])]),
        ("patient.searched", [UUID(patient["id"])]),
    ]
    assert all(b"4711" not in bytes(event.payload or b"") for event in events)


def test_two_patients_have_two_numbers(hilltop: Clinic) -> None:
    first, second = registered(hilltop), registered(hilltop, identifiers=[])

    with inside(hilltop.id):
        numbers = set(Patient.objects.filter(id__in=[first["id"], second["id"]]).values_list("number", flat=True))
    assert len(numbers) == 2
