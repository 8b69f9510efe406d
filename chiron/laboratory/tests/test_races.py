"""Two at once at the laboratory: committed for real, in an organization of their own."""

from typing import Any
from uuid import UUID

import pytest

from chiron.identity.public import Role
from chiron.laboratory.models import LaboratoryReport, Specimen
from chiron.laboratory.tests.factories import HEMOGLOBIN, SPECIMEN, laboratory, report, step
from chiron.records.models import Record
from chiron.registry.models import LaboratoryStaff
from chiron.registry.tests.factories import call, registered
from chiron.registry.tests.test_races import at_once, outcomes
from chiron.tenancy.public import inside
from tests.town import Clinic, add_person


@pytest.fixture
def sample(lakeside: Clinic) -> dict[str, Any]:
    """What is sent to register a specimen of a patient of that clinic."""
    add_person(lakeside, Role.LAB)
    lakeside.patient_id = UUID(registered(lakeside, role=Role.ADMIN)["id"])
    blood = laboratory(lakeside, "Blood")
    return SPECIMEN | {"lab_id": str(blood), "patient_id": str(lakeside.patient_id)}


def test_one_number_goes_to_one_of_eight(lakeside: Clinic, sample: dict[str, Any]) -> None:
    technician = lakeside.client(Role.LAB)

    answers = at_once(lambda _: call(technician, "post", "/specimens", sample))

    assert outcomes(answers, (409, "specimen-number-taken")) == (1, 7)
    with inside(lakeside.id):
        assert Specimen.objects.count() == 1


def test_a_report_comes_into_the_chart_once_by_eight(lakeside: Clinic, sample: dict[str, Any]) -> None:
    specimen = call(lakeside.client(Role.LAB), "post", "/specimens", sample).json()["specimen"]["id"]
    made = report(lakeside, specimen, HEMOGLOBIN).json()["lab_report"]["id"]

    answers = at_once(lambda n: step(lakeside, made, "release", Role.LAB if n % 2 else Role.ADMIN))

    assert outcomes(answers, (409, "report-not-preliminary")) == (1, 7)
    with inside(lakeside.id):
        assert Record.objects.count() == 1


def test_released_or_withdrawn_a_report_never_half_is(lakeside: Clinic, sample: dict[str, Any]) -> None:
    specimen = call(lakeside.client(Role.LAB), "post", "/specimens", sample).json()["specimen"]["id"]
    made = report(lakeside, specimen, HEMOGLOBIN).json()["lab_report"]["id"]

    answers = at_once(
        lambda n: step(lakeside, made, "release") if n % 2 else step(lakeside, made, "withdraw", reason="Swapped")
    )

    assert {each.status_code for each in answers} <= {200, 409}
    with inside(lakeside.id):
        assert LaboratoryReport.objects.get().state == "withdrawn"
        assert Record.objects.standing().count() == 0


def test_somebody_begins_at_a_laboratory_once_by_eight(lakeside: Clinic) -> None:
    add_person(lakeside, Role.LAB)
    tissue = laboratory(lakeside, "Tissue", with_technician=False)
    body = {"account_id": str(lakeside.who[Role.LAB].account_id)}

    answers = at_once(lambda _: call(lakeside.client(Role.ADMIN), "post", f"/labs/{tissue}/staff", body))

    assert outcomes(answers, (409, "works-at-laboratory-already")) == (1, 7)
    with inside(lakeside.id):
        assert LaboratoryStaff.objects.count() == 1
