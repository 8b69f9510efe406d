"""A clinic's day in which words are said wherever a person may say something: each as JSON, over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import bson
import orjson
from bson import ObjectId
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from chiron.identity.public import Role
from chiron.interop.fhir.tests.factories import ama, document, osei, pulse, resource
from chiron.kernel.clock import now
from chiron.kernel.ids import new_id
from chiron.scheduling.words import WEEKDAYS
from chiron.screening.shapes import COUNT
from tests.canary.needles import Words
from tests.desk import filled
from tests.town import Clinic


def live_a_day(clinic: Clinic, folder: Path, say: Words) -> None:
    """Register, search, write, change, annotate, import, and be refused, with the words in every place."""
    patient_id = UUID(registered(clinic, say)["id"])
    set_up(clinic, say)
    record_id = written(clinic, say)
    attached(clinic, say, record_id)
    promised(clinic, say)
    screened(clinic, say)
    claimed(clinic, say)
    _administered(clinic, patient_id, say)
    _refused(clinic, patient_id, say)
    imported(clinic, folder, say)
    migrated(clinic, folder, say)


def person(say: Words) -> dict[str, Any]:
    """Somebody of whom everything is known."""
    return {
        "family": say.word(),
        "given": [f"{say.word()} {say.cyrillic()}"],
        "prefix": say.word(),
        "other_names": [say.cyrillic()],
        "telecom": [{"system": "phone", "value": say.number()}],
        "address": [{"line": [say.word()], "city": say.word(), "postal_code": say.number(), "state": say.word()}],
        "language": say.word(),
    }


def statement(say: Words) -> dict[str, Any]:
    """A record of which everything is said."""
    return {
        "record_type": "NOTE",
        "title": say.word(),
        "description": f"{say.cyrillic()} {say.number()} {say.word()}",
        "content": {"resourceType": say.clear(), "text": say.word(), say.word(): [{say.cyrillic(): say.number()}]},
        "clinical_status": say.clear(),
        "codes": [{"system": say.clear(), "code": say.clear(), "display": say.clear()}],
        "quantity": {"value": 7, "unit": say.clear(), "code": "%"},
    }


def registered(clinic: Clinic, say: Words) -> dict[str, Any]:
    """A patient, found by all that may be searched for, changed, and refused a second time; and those who treat."""
    admin, system, number = clinic.client(Role.ADMIN), say.clear(), say.number()
    numbers = [{"system": system, "value": number, "kind": say.clear()}]
    body = person(say) | {"identifiers": numbers, "birth_date": "1971-03-04"}
    patient: dict[str, Any] = _sent(admin, "post", "/api/patients", body, 201)["patient"]
    _sent(admin, "post", "/api/patients", body, 409)
    for name in (body["family"], body["given"][0].split()[1]):
        assert len(admin.get("/api/patients", {"name": name}).json()["patients"]) == 1, name
        assert len(_sent(admin, "post", "/api/patients/search", {"name": name}, 200)["patients"]) == 1
    assert _sent(admin, "post", "/api/patients/search", {"name": body["family"][:3]}, 200)["patients"]
    assert len(admin.get("/api/patients", {"identifier": f"{system}|{number}"}).json()["patients"]) == 1
    assert admin.get("/api/patients", {"identifier": say.number()}).json()["patients"] == []
    _sent(admin, "patch", f"/api/patients/{patient['id']}", {"family": say.word()}, 200)
    _sent(admin, "post", "/api/providers", person(say) | {"specialty": say.clear(), "role": say.clear()}, 201)
    _sent(admin, "post", "/api/doctors", person(say), 201)
    return patient


def set_up(clinic: Clinic, say: Words) -> None:
    """The house itself, none of which is anybody's secret: where people work, who examines, what is usual."""
    admin = clinic.client(Role.ADMIN)
    _sent(admin, "post", "/api/departments", {"name": say.clear()}, 201)
    _sent(admin, "post", "/api/labs", {"name": say.clear(), "code": say.clear()}, 201)
    usual = {"code_system": say.clear(), "code": say.clear(), "unit": "%"}
    _sent(admin, "post", "/api/reference-ranges", usual, 201)
    member = {"username": say.clear(), "email": f"{say.word()}@example.org", "password": say.word(), "roles": ["LAB"]}
    _sent(admin, "post", "/api/memberships", member, 201)


def written(clinic: Clinic, say: Words) -> UUID:
    """A record, said anew, remarked on, signed, added to, and one withdrawn; the last that stands."""
    doctor, device = clinic.client(Role.DOCTOR), {"user-agent": say.word()}
    reason = {"reason": say.word()}
    _sent(doctor, "post", f"/api/patients/{clinic.patient_id}/break-glass", reason, 201, device)
    body = statement(say) | {"patient_id": str(clinic.patient_id)}
    again = {"idempotency-key": f"a-canary-is-kept-once-{new_id()}"}
    record = _sent(doctor, "post", "/api/records", body, 201, again)["record"]
    assert _sent(doctor, "post", "/api/records", body, 201, again)["record"]["id"] == record["id"]
    at = f"/api/records/{record['id']}"
    quote = {"field": "description", "start": 0, "end": len(body["description"]), "quote": body["description"]}
    _sent(doctor, "post", f"{at}/add_annotation", {"content": say.word(), "target": quote}, 201)
    _sent(doctor, "put", at, statement(say) | {"reason": say.word()}, 200)
    _sent(doctor, "post", f"{at}/add_annotation", {"content": f"{say.word()} {say.number()}"}, 201)
    assert doctor.delete(at, {"reason": say.word()}, content_type="application/json").status_code == 204
    kept = UUID(_sent(doctor, "post", "/api/records", body, 201)["record"]["id"])
    _sent(doctor, "post", f"/api/records/{kept}/sign", None, 201)
    _sent(doctor, "post", f"/api/records/{kept}/addenda", {"content": say.word()}, 201)
    assert clinic.client(Role.PATIENT).get("/api/records").status_code == 200
    return UUID(_sent(doctor, "post", "/api/records", body, 201)["record"]["id"])


def attached(clinic: Clinic, say: Words, record_id: UUID, largest: int = 5 * 2**20) -> None:
    """Files of words: a small one, and one larger than what a form's parser keeps in memory, and than a part."""
    doctor, address = clinic.client(Role.DOCTOR), f"/api/records/{record_id}/attachments"
    text = f"{say.word()} {say.cyrillic()} {say.number()}\n".encode()
    large = text * (largest // len(text))
    for content in (text, large):
        answer = doctor.post(address, _form(content, say), headers={"idempotency-key": f"canary-{new_id()}"})
        assert answer.status_code == 201, answer.content
        kept = f"/api/attachments/{answer.json()['attachment']['id']}"
        assert doctor.get(kept).getvalue() == content
        assert doctor.delete(kept, {"reason": say.word()}, content_type="application/json").status_code == 204
    assert doctor.post(address, _form(text, say)).status_code == 201
    assert doctor.post(address, _form(large + b"\x00", say)).status_code == 415
    assert doctor.post(address, {say.word(): "no file"}).status_code == 422


def screened(clinic: Clinic, say: Words) -> None:
    """A screening that a doctor overrides, a model that somebody answers for, and how common the deficiency is."""
    admin, doctor, at = clinic.client(Role.ADMIN), clinic.client(Role.DOCTOR), "/api/screening/classify"
    asked = {"patient_id": str(clinic.patient_id), "age": 67, "sex": "female", "cbc": COUNT}
    for line in ({say.word(): COUNT["mcv"]}, {"mcv": {"value": 90.7, "unit": say.word()[:20]}}, {"mcv": say.word()}):
        _sent(doctor, "post", at, asked | {"cbc": COUNT | line}, 422)
    made = _sent(doctor, "post", at, asked, 200)["screening"]
    _sent(
        doctor, "post", f"/api/screening/{made['id']}/decision", {"decision": "overridden", "reason": say.word()}, 200
    )
    model = f"/api/screening/models/{made['model']['content_hash']}"
    _sent(admin, "patch", model, {"state": "validated", "person": say.word(), "reason": say.word()}, 200)
    _sent(admin, "put", "/api/screening/prevalence", {"share": 0.05, "source": say.clear()}, 200)


def _form(content: bytes, say: Words) -> dict[str, SimpleUploadedFile]:
    return {"file": SimpleUploadedFile(f"{say.word()} {say.cyrillic()}.txt", content)}


def _administered(clinic: Clinic, patient_id: UUID, say: Words) -> None:
    """The same at the administration, whose framework keeps sessions, messages and a log of its own."""
    browser, patients = clinic.desk(Role.ADMIN), "/admin/registry/patient/"
    name = clinic.client(Role.ADMIN).get(f"/api/patients/{patient_id}").json()["patient"]["family"]
    assert name in browser.post(patients, {"name": name}).content.decode()
    assert name in browser.get(f"{patients}{patient_id}/change/").content.decode()
    edit = f"{patients}{patient_id}/edit/"
    said = filled(browser.get(edit), family=say.word(), language=say.word())
    assert browser.post(edit, said).status_code == 302
    assert browser.post(edit, filled(browser.get(edit), birth_date=say.word()[:10])).status_code == 422
    assert browser.post(f"{patients}add/", {"family": say.word(), "sex": say.cyrillic()}).status_code == 422
    assert browser.get(f"{patients}{say.word()}/change/").status_code == 404


def examined(clinic: Clinic, say: Words) -> None:
    """A specimen that is of no use, and one in which something was found, and then something else."""
    admin = clinic.client(Role.ADMIN)
    laboratory = _sent(admin, "post", "/api/labs", {"name": say.clear(), "code": say.clear()}, 201)["lab"]
    of_what = {"system": say.clear(), "code": say.clear(), "display": say.clear()}
    known = {"lab_id": laboratory["id"], "patient_id": str(clinic.patient_id), "type": of_what}
    known |= {"collected_at": "2026-05-04T08:15:00Z", "received_at": "2026-05-04T08:15:00Z"}
    numbers = [say.number(), say.number()]
    useless, useful = (
        _sent(admin, "post", "/api/specimens", known | {"number": number}, 201)["specimen"] for number in numbers
    )
    _sent(admin, "post", "/api/specimens", known | {"number": numbers[0]}, 409)
    _sent(admin, "post", f"/api/specimens/{useless['id']}/reject", {"reason": say.word()}, 200)
    assert len(admin.get("/api/specimens", {"number": numbers[1]}).json()["specimens"]) == 1
    results = [{"code": "718-7", "name": say.clear(), "value": 9, "unit": "g/dL"}]
    body = {"specimen_id": useful["id"], "results": results}
    report = f"/api/lab-reports/{_sent(admin, 'post', '/api/lab-reports', body, 201)['lab_report']['id']}"
    _sent(admin, "post", f"{report}/release", {}, 200)
    results[0]["value"] = 10
    _sent(admin, "post", f"{report}/amend", {"results": results, "reason": say.word()}, 200)
    _sent(admin, "post", "/api/lab-reports", body | {"results": [{"code": say.word()[:10]}]}, 422)


def promised(clinic: Clinic, say: Words) -> None:
    """Hours with leave, an appointment, and the reason why it was cancelled."""
    doctor, desk = clinic.client(Role.DOCTOR), clinic.client(Role.RECEPTIONIST)
    _sent(desk, "post", "/api/appointment-types", {"name": say.clear(), "minutes": 30}, 201)
    _sent(desk, "post", "/api/rooms", {"name": say.clear()}, 201)
    holiday = {"from": "2031-12-31T12:00", "until": "2032-01-02T00:00", "title": say.word()}
    _sent(desk, "post", "/api/holidays", holiday, 201)
    soon = now().date() + timedelta(days=5)
    leave = {"kind": "closed", "from": f"{soon}T13:00:00", "until": f"{soon}T14:00:00", "title": say.word()}
    always = dict.fromkeys(WEEKDAYS, [["00:00", "00:00"]])
    hours = {"available_days": always, "time_zone": "Europe/Berlin", "exceptions": [leave]}
    _sent(doctor, "put", "/api/doctors/availability", hours, 200)
    whose = {"doctor_id": str(clinic.doctor_id), "patient_id": str(clinic.patient_id)}
    wish = whose | {"appointment_date": str(soon), "start_time": "12:00", "reason": say.word()}
    made = _sent(desk, "post", "/api/appointments/book", wish, 201)["appointment"]
    _sent(desk, "post", "/api/appointments/book", wish, 409)
    assert clinic.client(Role.PATIENT).get("/api/appointments").status_code == 200
    _sent(desk, "post", f"/api/appointments/{made['id']}/cancel", {"reason": say.word()}, 200)
    _sent(desk, "post", "/api/appointments/book", wish | {"start_time": "12:30"}, 201)
    waiting = {"patient_id": whose["patient_id"], "specialty": say.clear(), "from": str(soon), "until": str(soon)}
    _sent(desk, "post", "/api/appointments/waitlist", waiting, 201)
    _sent(desk, "post", "/api/appointments/waitlist", waiting, 409)


def claimed(clinic: Clinic, say: Words) -> None:
    """Somebody registers alone, is refused with another password, signs in, and moves to another address."""
    email, password, slug = f"{say.word()}@example.org", say.word() + say.number(), clinic.organization.slug
    account = {"username": f"ama-{new_id().hex}", "email": email, "password": password, "role": "PATIENT"}
    claim = {"first_name": say.word(), "last_name": say.cyrillic(), "organization": slug}
    visitor = Client(headers={"user-agent": say.word()}, REMOTE_ADDR=f"2001:db8:{new_id().hex[-4:]}::1")
    _sent(visitor, "post", "/api/auth/register", account | claim, 201)
    _sent(visitor, "post", "/api/auth/login", {"email": email, "password": say.number()}, 401)
    names = {"email": email, "password": password, "organization": slug}
    access = _sent(visitor, "post", "/api/auth/login", names, 200)["access"]
    moved = {"email": f"{say.word()}@example.org", "password": password}
    _sent(visitor, "put", "/api/users/me", moved, 200, {"authorization": f"Bearer {access}"})


def _refused(clinic: Clinic, patient_id: UUID, say: Words) -> None:
    admin, doctor, somebody = clinic.client(Role.ADMIN), clinic.client(Role.DOCTOR), person(say)
    nonsense = ({say.word(): 1}, {"birth_date": say.word()[:10]}, {"sex": say.word()}, {"family": 7})
    for body in (*(somebody | each for each in nonsense), [say.word()]):
        assert admin.post("/api/patients", body, content_type="application/json").status_code in (400, 422)
    broken = orjson.dumps(somebody)[:-4]
    assert admin.post("/api/patients", broken, content_type="application/json").status_code == 400
    assert admin.get(f"/api/patients/{say.word()}").status_code == 404
    assert admin.get(f"/api/{say.word()}", {"name": say.cyrillic()}).status_code == 404
    assert doctor.get(f"/api/patients/{patient_id}", {"name": say.word()}).status_code == 404
    assert Client(headers={"authorization": f"Bearer {say.word()}"}).get("/api/patients").status_code == 401


def imported(clinic: Clinic, folder: Path, say: Words) -> None:
    """A bundle is imported, and one that is cut off is not."""
    numbers = [{"system": say.clear(), "value": say.number(), "type": {"coding": [{"code": say.clear()}]}}]
    names: Callable[[], list[dict[str, Any]]] = lambda: [{"family": say.word(), "given": [say.cyrillic()]}]  # noqa: E731
    patient = ama(name=names(), identifier=numbers, contact=[{"name": names()[0]}])
    place = resource("Organization", name=say.clear(), contact=[{"name": {"text": say.word()}}])
    said = pulse(note=[{"text": f"{say.word()} {say.number()}"}], id=say.word())
    treats = osei(name=names(), identifier=[{"system": "urn:npi", "value": say.number()}])
    (folder / "good.json").write_bytes(orjson.dumps(document(patient, treats, place, said)))
    (folder / "broken.json").write_bytes(orjson.dumps(document(patient, said))[:-40])
    try:
        call_command("import_fhir", folder, organization=clinic.organization.slug)
    except SystemExit:
        return
    raise AssertionError("a broken file was imported without a word")


def migrated(clinic: Clinic, folder: Path, say: Words) -> None:
    """Two patients of version 1 come, one of whom cannot be taken over."""
    organization = ObjectId()
    people = [
        {
            "organization_id": organization,
            "last_name": say.word(),
            "notes": [say.cyrillic(), {say.word(): say.number()}],
        },
        {"organization_id": organization, "last_name": say.word(), "date_of_birth": say.cyrillic()},
    ]
    dump, mapping = folder / say.clear(), folder / "mapping.toml"
    dump.mkdir()
    (dump / "organizations.bson").write_bytes(bson.encode({"_id": organization, "name": say.word()}))
    (dump / "patients.bson").write_bytes(b"".join(bson.encode({"_id": ObjectId(), **each}) for each in people))
    mapping.write_text(f'[tenants]\n{organization} = "{clinic.organization.slug}"\n')
    call_command("migrate_from_mongodb", dump=dump, mapping=mapping, stdout=StringIO())


def _sent(
    client: Client, method: str, path: str, body: Any, status: int, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    answer = getattr(client, method)(path, body, content_type="application/json", headers=headers or {})
    assert answer.status_code == status, (path, answer.status_code, answer.content)
    content: dict[str, Any] = answer.json()
    return content
