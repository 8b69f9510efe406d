"""Who is not cleared gets the same answers, to the byte, whether there is a labelled record or not (REC-12)."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from django.test import Client

from chiron.identity.public import Role
from chiron.kernel.ids import new_id
from chiron.records.tests.test_api import JSON, make, send

Answers = dict[str, tuple[int, bytes, str | None]]


def everything(client: Client, patient_id: UUID) -> Answers:
    """All that can be listed, searched and paged through around a patient."""
    found: Answers = {}
    paths = [
        "/api/records", f"/api/records?patient={patient_id}", "/api/records?type=NOTE&from=2020-01-01",
        "/api/records?status=entered-in-error", f"/api/patients/{patient_id}", "/api/patients",
        "/api/patients/duplicates", "/api/doctors/my_patients", "/api/doctors/patients", "/api/users/patients",
    ]  # fmt: skip
    paths += [f"/api/records?limit=1&patient={patient_id}"]
    while paths:
        path = paths.pop(0)
        answer = client.get(path)
        found[path] = (answer.status_code, answer.content, answer.headers.get("ETag"))
        if "limit=1" in path and answer.json()["next"]:
            paths.append(f"{path.split('&cursor')[0]}&cursor={answer.json()['next']}")
    searched = client.post("/api/patients/search", {"name": "Boateng"}, content_type=JSON)
    return found | {"search": (searched.status_code, searched.content, None)}


def attempts(client: Client, record_id: object) -> list[tuple[str, int, bytes]]:
    """What comes of every operation that names a record."""
    path = f"/api/records/{record_id}"
    calls: list[tuple[str, str, dict[str, Any] | None]] = [
        ("get", path, None), ("put", path, {"title": "x"}), ("delete", path, {"reason": "x"}),
        ("get", f"{path}/versions", None), ("get", f"{path}/diff", None),
        ("post", f"{path}/versions/1/restore", None), ("post", f"{path}/sign", None),
        ("get", f"{path}/signature", None), ("post", f"{path}/addenda", {"content": "x"}),
        ("get", f"{path}/annotations", None), ("post", f"{path}/add_annotation", {"content": "x"}),
        ("post", "/api/doctors/annotations", {"record_id": str(record_id), "content": "x"}),
    ]  # fmt: skip
    answers = [(method, where, send(client, method, where, body)) for method, where, body in calls]
    return [
        (f"{method} {where.replace(str(record_id), '')}", answer.status_code, said(answer))
        for method, where, answer in answers
    ]


def said(answer: Any) -> bytes:
    problem = orjson.loads(answer.content)
    problem.pop("request_id", None)
    return bytes(orjson.dumps(problem)).replace(problem.get("instance", "-").encode(), b"")


@pytest.fixture
def listed(hilltop: Any) -> Any:
    for title in ("First", "Second"):
        make(hilltop, title=title)
    return hilltop


def test_no_list_count_cursor_or_search_tells_of_a_labelled_record(listed: Any) -> None:
    doctor = listed.client(Role.DOCTOR)
    before = everything(doctor, listed.patient_id)

    hidden = make(listed, Role.ADMIN, labels=["PSY"])
    send(listed.client(Role.ADMIN), "delete", f"/api/records/{hidden['id']}", None)
    make(listed, Role.ADMIN, labels=["HIV", "SEX"])

    assert everything(doctor, listed.patient_id) == before
    assert len(listed.client(Role.ADMIN).get("/api/records").json()["records"]) == 3


def test_no_operation_tells_a_labelled_record_from_none(listed: Any) -> None:
    doctor, admin = listed.client(Role.DOCTOR), listed.client(Role.ADMIN)
    hidden = make(listed, Role.ADMIN, labels=["PSY"])
    send(admin, "post", f"/api/records/{hidden['id']}/sign", None)

    refused = attempts(doctor, hidden["id"])

    assert {status for _, status, _ in refused} == {404}
    assert refused == attempts(doctor, new_id())
    addenda = doctor.get(f"/api/records?addendum_to={hidden['id']}").json()
    assert addenda == doctor.get(f"/api/records?addendum_to={new_id()}").json() == {"records": [], "next": None}
    assert admin.get(f"/api/records/{hidden['id']}").json()["record"]["version"] == 1


def test_a_clearance_opens_what_was_hidden(listed: Any) -> None:
    doctor, admin = listed.client(Role.DOCTOR), listed.client(Role.ADMIN)
    hidden, path = make(listed, Role.ADMIN, labels=["PSY"]), f"/api/providers/{listed.doctor_id}/clearances"
    assert doctor.get(f"/api/records/{hidden['id']}").status_code == 404

    given = send(admin, "put", path, {"labels": ["SUD", "PSY", "PSY"]})
    unknown = send(admin, "put", path, {"labels": ["VIP"]})

    assert (given.status_code, given.json(), unknown.status_code) == (200, {"labels": ["PSY", "SUD"]}, 422)
    assert admin.get(path).json() == {"labels": ["PSY", "SUD"]}
    assert doctor.get(f"/api/records/{hidden['id']}").json()["record"]["labels"] == ["PSY"]
