"""Changing patients whom an import brought, with more or less than the API itself would take."""

from typing import Any

import pytest

from chiron.identity.public import Role
from chiron.kernel import clock
from chiron.registry.public import Entry, PatientSeen, Person, import_patients
from chiron.registry.tests.factories import call, problem
from chiron.tenancy.public import inside
from tests.town import Clinic

NUMBER = ("urn:mrn:hilltop", "4711", "")
SIX_LINES = {"line": ["a"] * 6, "city": "", "postal_code": "", "state": "", "country": ""}
LONG_NUMBER = {"system": "phone", "value": "9" * 250, "use": ""}


def imported(clinic: Clinic, **said: Any) -> str:
    """The path of a patient whom an import brings."""
    entry: dict[str, Any] = {"person": Person(family="Owusu"), "identifiers": [NUMBER]} | said
    seen = PatientSeen(Entry(**entry), b"{}")
    with inside(clinic.id):
        [(patient_id, outcome)] = import_patients(by=clinic.who[Role.ADMIN], seen=[seen], now=clock.now())
    assert outcome == "created"
    return f"/patients/{patient_id}"


@pytest.mark.parametrize(
    "said",
    [
        {"person": Person()},
        {"person": Person(family="O" * 150)},
        {"person": Person(family="Owusu", given=["A"] * 11)},
        {"person": Person(family="Owusu", address=[SIX_LINES])},
        {"person": Person(family="Owusu", telecom=[LONG_NUMBER])},
        {"identifiers": [("", "4711", "")]},
        {"identifiers": [("urn:mrn:hilltop", "4" * 150, "")]},
        {"identifiers": [("urn:mrn:hilltop", str(number), "") for number in range(21)]},
    ],
)
def test_a_patch_leaves_what_an_import_brought_as_it_is(said: dict[str, Any], hilltop: Clinic) -> None:
    path, admin = imported(hilltop, **said), hilltop.client(Role.ADMIN)
    before = call(admin, "get", path).json()["patient"]

    answer = call(admin, "patch", path, {"language": "tw"})

    assert answer.status_code == 200
    after = answer.json()["patient"]
    assert after | {"updated_at": before["updated_at"]} == before | {"language": "tw"}


def test_what_a_patch_says_is_judged_as_ever(hilltop: Clinic) -> None:
    path, admin = imported(hilltop, person=Person()), hilltop.client(Role.ADMIN)

    answer = call(admin, "patch", path, {"family": "O" * 150})

    assert problem(answer) == (422, "invalid")
    assert call(admin, "get", path).json()["patient"]["family"] == ""
