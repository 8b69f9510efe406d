"""The main way through the product, over HTTP."""

from typing import Any

from chiron.identity.public import Role


def test_a_doctor_reads_and_annotates_the_records_of_an_assigned_patient(hilltop: Any) -> None:
    doctor = hilltop.client(Role.DOCTOR)
    body = {
        "record_type": "NOTE",
        "title": "Cough",
        "description": "Since Monday",
        "patient_id": str(hilltop.patient_id),
    }

    made = doctor.post("/api/records", body, content_type="application/json")
    assert made.status_code == 201, made.content
    record_id = made.json()["record"]["id"]

    read = doctor.get(f"/api/records/{record_id}/")
    assert (read.status_code, read.json()["record"]["title"]) == (200, "Cough")
    annotated = doctor.post(
        "/api/doctors/annotations", {"record_id": record_id, "content": "Better"}, content_type="application/json"
    )
    assert annotated.status_code == 201, annotated.content
    mine = doctor.get("/api/doctors/my_patients")
    assert [each["id"] for each in mine.json()["patients"]] == [str(hilltop.patient_id)]


def test_a_patient_of_nobody_and_a_patient_next_door_are_the_same_404(hilltop: Any, riverside: Any) -> None:
    doctor = hilltop.client(Role.DOCTOR)

    answers = [
        doctor.get(f"/api/patients/{patient_id}") for patient_id in (hilltop.other_patient_id, riverside.patient_id)
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_nobody_is_let_in_without_a_token(client: Any, hilltop: Any) -> None:
    answer = client.get("/api/patients")

    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/not-signed-in"
    assert answer.headers["content-type"] == "application/problem+json"
