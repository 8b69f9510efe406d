"""A clinic's day in which the words are said wherever a person may say something: each as JSON, over HTTP."""

from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from chiron.identity.public import Role
from chiron.interop.fhir.tests.factories import ama, document, osei, pulse
from tests.canary.needles import CYRILLIC, NUMBER, WORD
from tests.desk import filled
from tests.town import Clinic

PERSON = {
    "family": WORD,
    "given": [f"{WORD} {CYRILLIC}"],
    "prefix": WORD,
    "other_names": [CYRILLIC],
    "telecom": [{"system": "phone", "value": NUMBER}],
    "address": [{"line": [WORD], "city": WORD, "postal_code": NUMBER, "state": WORD}],
}
IDENTIFIERS = [{"system": "urn:mrn:canary", "value": NUMBER}]
STATEMENT = {
    "record_type": "NOTE",
    "title": WORD,
    "description": f"{CYRILLIC} {NUMBER} {WORD}",
    "content": {"resourceType": "Basic", "text": WORD, WORD: [{CYRILLIC: NUMBER}]},
}


def live_a_day(clinic: Clinic, folder: Path) -> None:
    """Register, search, write, change, annotate, import, and be refused, with the words in every place."""
    patient_id = UUID(_registered(clinic)["id"])
    _searched(clinic)
    _written(clinic)
    _attached(clinic)
    _claimed(clinic)
    _administered(clinic, patient_id)
    _refused(clinic, patient_id)
    _imported(clinic, folder)


def _registered(clinic: Clinic) -> dict[str, Any]:
    admin = clinic.client(Role.ADMIN)
    body = PERSON | {"identifiers": IDENTIFIERS, "birth_date": "1971-03-04"}
    patient: dict[str, Any] = _sent(admin, "post", "/api/patients", body, 201)["patient"]
    _sent(admin, "post", "/api/patients", body, 409)
    _sent(admin, "patch", f"/api/patients/{patient['id']}", {"family": f"{WORD}son"}, 200)
    _sent(admin, "post", "/api/providers", PERSON, 201)
    _sent(admin, "post", "/api/doctors", PERSON, 201)
    return patient


def _searched(clinic: Clinic) -> None:
    admin = clinic.client(Role.ADMIN)
    for name in (WORD, WORD[:3], CYRILLIC):
        assert len(admin.get("/api/patients", {"name": name}).json()["patients"]) == 1, name
        assert len(_sent(admin, "post", "/api/patients/search", {"name": name}, 200)["patients"]) == 1
    assert len(admin.get("/api/patients", {"identifier": f"urn:mrn:canary|{NUMBER}"}).json()["patients"]) == 1
    assert admin.get("/api/patients", {"identifier": NUMBER + WORD}).json()["patients"] == []


def _written(clinic: Clinic) -> None:
    doctor = clinic.client(Role.DOCTOR)
    body = STATEMENT | {"patient_id": str(clinic.patient_id)}
    again = {"idempotency-key": "a-canary-is-kept-once"}
    record = _sent(doctor, "post", "/api/records", body, 201, again)["record"]
    assert _sent(doctor, "post", "/api/records", body, 201, again)["record"]["id"] == record["id"]
    _sent(doctor, "put", f"/api/records/{record['id']}", STATEMENT | {"title": f"{WORD} again"}, 200)
    _sent(doctor, "post", f"/api/records/{record['id']}/add_annotation", {"content": f"{WORD} {NUMBER}"}, 201)
    assert doctor.delete(f"/api/records/{record['id']}", {"reason": WORD}, content_type="application/json").status_code
    assert clinic.client(Role.PATIENT).get("/api/records").status_code == 200


def _attached(clinic: Clinic) -> None:
    doctor = clinic.client(Role.DOCTOR)
    body = STATEMENT | {"patient_id": str(clinic.patient_id)}
    address = f"/api/records/{_sent(doctor, 'post', '/api/records', body, 201)['record']['id']}/attachments"
    text = f"{WORD} {CYRILLIC} {NUMBER}\n".encode()
    large = text * (5 * 2**20 // len(text))  # larger than what a form's parser keeps in memory, and than a part
    for content in (text, large):
        answer = doctor.post(address, _form(content), headers={"idempotency-key": f"canary-{len(content)}"})
        assert answer.status_code == 201, answer.content
        kept = f"/api/attachments/{answer.json()['attachment']['id']}"
        assert doctor.get(kept).getvalue() == content
        assert doctor.delete(kept, {"reason": WORD}, content_type="application/json").status_code == 204
    assert doctor.post(address, _form(large + b"\x00")).status_code == 415
    assert doctor.post(address, {WORD: "no file"}).status_code == 422


def _form(content: bytes) -> dict[str, SimpleUploadedFile]:
    return {"file": SimpleUploadedFile(f"{WORD} {CYRILLIC}.txt", content)}


def _administered(clinic: Clinic, patient_id: UUID) -> None:
    """The same at the administration, whose framework keeps sessions, messages and a log of its own."""
    browser, patients = clinic.desk(Role.ADMIN), "/admin/registry/patient/"
    assert WORD in browser.post(patients, {"name": WORD}).content.decode()
    assert NUMBER in browser.get(f"{patients}{patient_id}/change/").content.decode()
    edit = f"{patients}{patient_id}/edit/"
    assert browser.post(edit, filled(browser.get(edit), family=f"{WORD}sen", language=WORD)).status_code == 302
    assert browser.post(edit, filled(browser.get(edit), birth_date=WORD[:10])).status_code == 422
    assert browser.post(f"{patients}add/", {"family": WORD, "sex": CYRILLIC}).status_code == 422
    assert browser.get(f"{patients}{WORD}/change/").status_code == 404


def _claimed(clinic: Clinic) -> None:
    account = {"username": f"ama-{clinic.organization.slug}", "email": f"{WORD}@example.org", "role": "PATIENT"}
    claim = {"first_name": WORD, "last_name": CYRILLIC, "organization": clinic.organization.slug}
    _sent(Client(), "post", "/api/auth/register", account | claim | {"password": WORD + NUMBER}, 201)
    _sent(Client(), "post", "/api/auth/login", {"email": f"{WORD}@example.org", "password": NUMBER + WORD}, 401)
    names = {"email": f"{WORD}@example.org", "password": WORD + NUMBER, "organization": clinic.organization.slug}
    _sent(Client(), "post", "/api/auth/login", names, 200)


def _refused(clinic: Clinic, patient_id: UUID) -> None:
    admin, doctor = clinic.client(Role.ADMIN), clinic.client(Role.DOCTOR)
    for body in ({WORD: 1}, PERSON | {"birth_date": WORD[:10]}, PERSON | {"sex": WORD}, [WORD], PERSON | {"family": 7}):
        assert admin.post("/api/patients", body, content_type="application/json").status_code in (400, 422)
    broken = orjson.dumps(PERSON)[:-4]
    assert admin.post("/api/patients", broken, content_type="application/json").status_code == 400
    assert admin.get(f"/api/patients/{WORD}").status_code == 404
    assert admin.get(f"/api/{WORD}", {"name": CYRILLIC}).status_code == 404
    assert doctor.get(f"/api/patients/{patient_id}", {"name": WORD}).status_code == 404
    assert Client(headers={"authorization": f"Bearer {WORD}"}).get("/api/patients").status_code == 401


def _imported(clinic: Clinic, folder: Path) -> None:
    name = [{"family": WORD, "given": [CYRILLIC]}]
    patient = ama(name=name, identifier=[{"system": "urn:mrn:import", "value": NUMBER}], contact=[{"name": name[0]}])
    said = pulse(note=[{"text": f"{WORD} {NUMBER}"}])
    (folder / "good.json").write_bytes(orjson.dumps(document(patient, osei(name=name), said)))
    (folder / "broken.json").write_bytes(orjson.dumps(document(patient, said))[:-40])
    try:
        call_command("import_fhir", folder, organization=clinic.organization.slug)
    except SystemExit:
        return
    raise AssertionError("a broken file was imported without a word")


def _sent(
    client: Client, method: str, path: str, body: Any, status: int, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    answer = getattr(client, method)(path, body, content_type="application/json", headers=headers or {})
    assert answer.status_code == status, (path, answer.status_code, answer.content)
    content: dict[str, Any] = answer.json()
    return content
