"""Short ways to say what the tests of the laboratory say often."""

from typing import Any
from uuid import UUID

from chiron.identity.public import Role
from chiron.laboratory.models import LaboratoryReport, Result, Specimen
from chiron.records.models import Record
from chiron.registry.public import add_staff, save_laboratory
from chiron.registry.tests.factories import call
from chiron.tenancy.public import inside
from tests.town import Clinic

SPECIMEN: dict[str, Any] = {
    "number": "26-004711",
    "type": {"system": "http://snomed.info/sct", "code": "119297000", "display": "Blood specimen"},
    "collected_at": "2026-05-04T08:15:00+02:00",
    "received_at": "2026-05-04T09:00:00+02:00",
}
HEMOGLOBIN: dict[str, Any] = {
    "code": "718-7", "name": "Hemoglobin", "value": 9.9, "unit": "g/dL", "low": 12, "high": 15.5
}  # fmt: skip
PLATELETS: dict[str, Any] = {"code": "777-3", "name": "Platelets", "value": 210, "unit": "10*3/uL"}


def laboratory(clinic: Clinic, name: str, *, with_technician: bool = True) -> UUID:
    """A laboratory, at which the clinic's technician works or does not."""
    admin, at = clinic.who[Role.ADMIN], clinic.renewed_at
    with inside(clinic.id):
        made = save_laboratory(
            by=admin, laboratory_id=None, name=name, code=name.lower(), active=True, if_match=None, now=at
        )
        technician = clinic.who[Role.LAB].account_id
        if with_technician and technician:
            add_staff(by=admin, laboratory_id=made.id, account_id=technician, now=at)
    return made.id


def register(clinic: Clinic, laboratory_id: UUID, role: Role = Role.LAB, **changes: Any) -> Any:
    """The answer to registering a specimen of the clinic's patient, changed."""
    body = SPECIMEN | {"lab_id": str(laboratory_id), "patient_id": str(clinic.patient_id)} | changes
    return call(clinic.client(role), "post", "/specimens", body)


def registered(clinic: Clinic, laboratory_id: UUID, role: Role = Role.LAB, **changes: Any) -> dict[str, Any]:
    answer = register(clinic, laboratory_id, role, **changes)
    assert answer.status_code == 201, answer.content
    specimen: dict[str, Any] = answer.json()["specimen"]
    return specimen


def report(clinic: Clinic, specimen_id: str, *results: dict[str, Any], role: Role = Role.LAB, **changes: Any) -> Any:
    """The answer to a report of these results."""
    body = {"specimen_id": specimen_id, "results": list(results or (HEMOGLOBIN, PLATELETS))} | changes
    return call(clinic.client(role), "post", "/lab-reports", body)


def reported(clinic: Clinic, specimen_id: str, *results: dict[str, Any], role: Role = Role.LAB) -> dict[str, Any]:
    answer = report(clinic, specimen_id, *results, role=role)
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()["lab_report"]
    return made


def step(clinic: Clinic, report_id: str, name: str, role: Role = Role.LAB, **body: Any) -> Any:
    """The answer to releasing, amending or withdrawing a report."""
    return call(clinic.client(role), "post", f"/lab-reports/{report_id}/{name}", body)


def counted(clinic: Clinic) -> tuple[int, int, int, int]:
    """How many specimens, reports, results and records there are."""
    with inside(clinic.id):
        return tuple(each.objects.count() for each in (Specimen, LaboratoryReport, Result, Record))  # type: ignore[return-value]


def chart(clinic: Clinic, role: Role = Role.PATIENT, **words: str) -> list[tuple[str, float, str | None]]:
    """The results in the chart: title, value, flag; the oldest first."""
    found = clinic.client(role).get("/api/records", {"type": "LAB_RESULT", **words}).json()["records"]
    return sorted((each["title"], each["quantity"]["value"], each["flag"]) for each in found)
