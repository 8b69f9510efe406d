"""Reference ranges over HTTP, and what they do to results (REC-09)."""

from typing import Any

from chiron.identity.public import Role
from chiron.records.tests.test_api import RESULT, count, make, send

HBA1C = {
    "code_system": "http://loinc.org", "code": "4548-4", "sex": "", "age_unit": "a", "age_from": 0, "age_until": None,
    "unit": "%", "low": 4, "high": 5.6, "critical_low": None, "critical_high": 14, "molar_mass": None,
}  # fmt: skip
PATH = "/api/reference-ranges"


def test_a_laboratory_keeps_the_ranges_by_which_results_are_flagged(hilltop: Any) -> None:
    lab, doctor = hilltop.client(Role.LAB), hilltop.client(Role.DOCTOR)

    made = send(lab, "post", PATH, HBA1C)
    path = made.headers["Location"]
    again = send(lab, "post", PATH, HBA1C)
    result = make(hilltop, **RESULT | {"reference_range": None, "quantity": {"value": 142, "code": "mmol/mol"}})
    changed = send(lab, "put", path, HBA1C | {"critical_high": 15})
    later = make(hilltop, **RESULT | {"reference_range": None, "quantity": {"value": 0.142, "code": "1"}})

    assert (made.status_code, made.json()["reference_range"]) == (201, HBA1C | {"id": path.rpartition("/")[2]})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/ranges-overlap")
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert (result["flag"], later["flag"]) == ("HH", "H")
    assert doctor.get(f"/api/records/{result['id']}").json()["record"]["flag"] == "HH"
    assert [each["critical_high"] for each in doctor.get(f"{PATH}?code=4548-4").json()["reference_ranges"]] == [15]
    assert doctor.get(f"{PATH}?code=718-7").json() == {"reference_ranges": [], "next": None}
    assert send(lab, "delete", path, None).status_code == 204
    assert doctor.get(path).status_code == 404


def test_a_unit_of_something_else_is_refused_without_repeating_it(hilltop: Any) -> None:
    send(hilltop.client(Role.ADMIN), "post", PATH, HBA1C)
    before, doctor = count(hilltop), hilltop.client(Role.DOCTOR)
    body = RESULT | {"patient_id": str(hilltop.patient_id)}

    mismatch = send(doctor, "post", "/api/records", body | {"quantity": {"value": 7, "code": "mm[Hg]"}})
    unknown = send(doctor, "post", "/api/records", body | {"quantity": {"value": 7, "code": "mmHg"}})

    assert (mismatch.status_code, mismatch.json()["type"]) == (422, "/problems/unit-mismatch")
    assert mismatch.json()["expected"] == "%"
    assert (unknown.status_code, unknown.json()["type"]) == (422, "/problems/unit-unknown")
    assert b"Hg" not in mismatch.content + unknown.content
    assert count(hilltop) == before
