"""What is done to one report or specimen is done to that one, where there are others beside it."""

from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.db import CLINICAL
from chiron.laboratory.models import Result
from chiron.laboratory.public import patients_of_reports, patients_of_specimens
from chiron.laboratory.tests.factories import HEMOGLOBIN, PLATELETS, chart, laboratory, registered, reported, step
from chiron.registry.tests.factories import call, ids, problem
from chiron.tenancy.public import inside
from tests.town import Clinic


@pytest.fixture
def reports(hilltop: Clinic) -> tuple[str, str]:
    """A report of the clinic's patient, and a released one of another patient at the same laboratory."""
    blood = laboratory(hilltop, "Blood")
    mine = registered(hilltop, blood)["id"]
    theirs = registered(hilltop, blood, number="27-1", patient_id=str(hilltop.other_patient_id))["id"]
    other = reported(hilltop, theirs, PLATELETS | {"value": 95})["id"]
    assert step(hilltop, other, "release").status_code == 200
    return reported(hilltop, mine)["id"], other


def values(clinic: Clinic, report_id: str) -> list[float]:
    report = clinic.client(Role.ADMIN).get(f"/api/lab-reports/{report_id}").json()["lab_report"]
    return [each["value"] for each in report["results"]]


def test_a_report_is_changed_released_amended_and_withdrawn_alone(hilltop: Clinic, reports: tuple[str, str]) -> None:
    mine, theirs = reports
    technician = hilltop.client(Role.LAB)

    call(technician, "put", f"/lab-reports/{mine}", {"results": [HEMOGLOBIN, PLATELETS | {"value": 95}]})
    changed = values(hilltop, mine), values(hilltop, theirs)
    step(hilltop, mine, "release")
    charted = chart(hilltop, Role.ADMIN)
    step(hilltop, mine, "amend", results=[HEMOGLOBIN | {"value": 13.9}], reason="Read from the other tube")
    amended = values(hilltop, mine), values(hilltop, theirs)
    step(hilltop, mine, "withdraw", reason="Swapped")

    assert changed == ([9.9, 95.0], [95.0])
    assert charted == [("Hemoglobin", 9.9, "L"), ("Platelets", 95.0, None), ("Platelets", 95.0, None)]
    assert amended == ([13.9], [95.0])
    assert list(chart(hilltop, Role.ADMIN, status="active")) == [("Platelets", 95.0, None)]
    with inside(hilltop.id):
        assert Result.objects.filter(report=UUID(theirs)).count() == 1


def test_a_patient_reads_the_reports_about_them_and_no_others(hilltop: Clinic, reports: tuple[str, str]) -> None:
    mine, theirs = reports
    step(hilltop, mine, "release")
    patient = hilltop.client(Role.PATIENT)

    assert ids(patient.get("/api/lab-reports"), "lab_reports") == [UUID(mine)]
    assert problem(patient.get(f"/api/lab-reports/{theirs}")) == (404, "not-found")


def test_an_attempt_is_about_whom_the_things_it_names_are_about(hilltop: Clinic, reports: tuple[str, str]) -> None:
    mine, theirs = reports
    technician = hilltop.client(Role.LAB)
    [specimen] = [each for each in technician.get("/api/specimens").json()["specimens"] if each["number"] == "27-1"]

    with inside(hilltop.id):
        assert patients_of_reports([UUID(mine)]) == [hilltop.patient_id]
        assert patients_of_reports([UUID(theirs)]) == [hilltop.other_patient_id]
        assert patients_of_specimens([UUID(specimen["id"])]) == [hilltop.other_patient_id]


def test_of_whom_nothing_is_left_nobody_reads_a_report(hilltop: Clinic, reports: tuple[str, str]) -> None:
    mine, theirs = reports
    admin = hilltop.client(Role.ADMIN)
    step(hilltop, mine, "withdraw", reason="Swapped")

    erased = call(admin, "post", f"/patients/{hilltop.patient_id}/erase", {"reason": "Asked for in writing"})

    assert erased.status_code == 200, erased.content
    assert ids(admin.get("/api/lab-reports"), "lab_reports") == [UUID(theirs)]
    assert problem(admin.get(f"/api/lab-reports/{mine}")) == (404, "not-found")


def test_every_step_of_a_report_and_of_a_specimen_is_in_the_trail(hilltop: Clinic) -> None:
    blood = laboratory(hilltop, "Blood")
    technician = hilltop.client(Role.LAB)
    specimen = registered(hilltop, blood, received_at=None)["id"]
    call(technician, "post", f"/specimens/{specimen}/receive", {})
    report = reported(hilltop, specimen)["id"]
    call(technician, "put", f"/lab-reports/{report}", {"results": [HEMOGLOBIN]})
    step(hilltop, report, "release")
    step(hilltop, report, "amend", results=[PLATELETS], reason="Swapped")
    step(hilltop, report, "withdraw", reason="Swapped")
    call(technician, "post", f"/specimens/{registered(hilltop, blood, number='1')['id']}/reject", {"reason": "Clotted"})
    for path in ("specimens", f"specimens/{specimen}", "lab-reports", f"lab-reports/{report}"):
        technician.get(f"/api/{path}")

    with inside(hilltop.id):
        events = Event.objects.using(CLINICAL).filter(resource__in=["specimens", "laboratory-reports"]).order_by("id")
        told = [(each.action, set(each.subjects)) for each in events]
    assert told == [
        (name, {hilltop.patient_id})
        for name in (
            "specimen.registered", "specimen.received", "laboratory-report.created", "laboratory-report.updated",
            "laboratory-report.released", "laboratory-report.amended", "laboratory-report.withdrawn",
            "specimen.registered", "specimen.rejected", "specimen.listed", "specimen.read", "laboratory-report.listed",
            "laboratory-report.read",
        )
    ]  # fmt: skip
