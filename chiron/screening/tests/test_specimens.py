"""A blood count of a specimen: a technician screens whose blood it is, at one laboratory and no other."""

from typing import Any
from uuid import UUID

import pytest

from chiron.identity.public import Role
from chiron.laboratory.tests.factories import laboratory, registered
from chiron.registry.models import Patient
from chiron.registry.tests.factories import ids, problem
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import Screening
from chiron.screening.tests.test_classify_api import ask, kept
from chiron.tenancy.public import inside
from tests.town import Clinic

UNSAID: dict[str, Any] = {"age": None, "sex": None}


@pytest.fixture
def adults(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        Patient.objects.update(birth_date="1950-06-01", sex="female")


@pytest.fixture
def blood(hilltop: Clinic) -> UUID:
    return laboratory(hilltop, "Blood")


def test_a_technician_screens_the_patient_of_a_specimen(
    hilltop: Clinic, bundle: Bundle, adults: None, blood: UUID
) -> None:
    specimen = registered(hilltop, blood)

    answer = ask(hilltop, Role.LAB, specimen_id=specimen["id"], **UNSAID)

    assert answer.status_code == 200, answer.content
    said = answer.json()["screening"]
    assert [said[name] for name in ("patient_id", "laboratory_id", "specimen_id")] == [
        str(hilltop.patient_id), str(blood), specimen["id"],
    ]  # fmt: skip
    [row] = kept(hilltop)
    assert (row.patient_id, row.laboratory_id, str(row.specimen_id)) == (hilltop.patient_id, blood, specimen["id"])
    assert ids(hilltop.client(Role.DOCTOR).get("/api/screening/history"), "screenings") == [row.id]


def test_a_technician_of_one_laboratory_sees_no_screening_of_another(
    hilltop: Clinic, bundle: Bundle, adults: None, blood: UUID
) -> None:
    tissue = laboratory(hilltop, "Tissue", with_technician=False)
    other = registered(hilltop, tissue, role=Role.ADMIN)
    theirs = ask(hilltop, specimen_id=other["id"], **UNSAID).json()["screening"]["id"]
    mine = ask(hilltop, Role.LAB, specimen_id=registered(hilltop, blood)["id"], **UNSAID).json()["screening"]["id"]
    technician = hilltop.client(Role.LAB)

    asked = [
        technician.get(f"/api/screening/{theirs}"),
        ask(hilltop, Role.LAB, specimen_id=other["id"], **UNSAID),
        ask(hilltop, Role.LAB, laboratory_id=str(tissue)),
    ]

    assert [problem(each) for each in asked] == [(404, "not-found")] * 3
    assert ids(technician.get("/api/screening/history"), "screenings") == [UUID(mine)]
    assert technician.get("/api/screening/history", {"laboratory": str(tissue)}).json()["screenings"] == []
    with inside(hilltop.id):
        assert Screening.objects.count() == 2


def test_of_a_specimen_nothing_else_may_be_said(hilltop: Clinic, bundle: Bundle, adults: None, blood: UUID) -> None:
    specimen = registered(hilltop, blood)["id"]
    announced = registered(hilltop, blood, number="1", received_at=None)["id"]
    tissue = laboratory(hilltop, "Tissue")

    answers = [
        ask(hilltop, Role.LAB, specimen_id=specimen, patient_id=str(hilltop.other_patient_id), **UNSAID),
        ask(hilltop, Role.LAB, specimen_id=specimen, laboratory_id=str(tissue), **UNSAID),
        ask(hilltop, Role.LAB, specimen_id=announced, **UNSAID),
    ]

    assert [each.json()["errors"][0]["loc"] for each in answers] == [
        ["body", "patient_id"], ["body", "laboratory_id"], ["body", "specimen_id"],
    ]  # fmt: skip
    assert [each.status_code for each in answers] == [422] * 3
    assert kept(hilltop) == []
