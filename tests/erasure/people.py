"""Patients of whom something is said wherever something can be said of a patient, in words that occur nowhere else."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chiron.identity.public import Role
from tests.town import PASSWORD, Clinic


@dataclass(frozen=True, slots=True)
class Known:
    """A patient, and what the API leads to."""

    number: int
    id: UUID
    record_id: UUID
    signed_id: UUID
    attachment_id: UUID
    account_id: UUID

    @property
    def words(self) -> tuple[str, ...]:
        """What is said of this patient and of nobody else, sealed or in clear."""
        return words_of(self.number)


def words_of(number: int) -> tuple[str, ...]:
    """A name, a number, a narrative, a code, a quantity, a birth date, an address."""
    letters = "".join("bcdfghjklm"[int(digit)] for digit in f"{number:04}")
    return (
        f"Qx{letters}", f"mrn77{letters}", f"Zyq{letters}", f"LOCAL-{letters}", f"41{number:04}.25",
        f"{1900 + number % 100}-0{1 + number // 100 % 9}-17", f"qx{letters}@example.org",
    )  # fmt: skip


def live(clinic: Clinic, number: int) -> Known:
    """Register, claim, link, search, write, change, sign, add, annotate, attach, wait for time, break the glass."""
    name, mrn, told, code, amount, born, mail = words_of(number)
    admin, doctor = clinic.client(Role.ADMIN), clinic.client(Role.DOCTOR)
    said = {"family": name, "given": ["Ama"], "birth_date": born, "sex": "female", "language": told}
    body = said | {
        "identifiers": [{"system": "urn:mrn", "value": mrn}],
        "telecom": [{"system": "email", "value": mail}],
    }
    patient = sent(admin, "/api/patients", body, key=f"p{number}")["patient"]
    account = _joined(clinic, patient["id"], name, mail)
    assert admin.get("/api/patients", {"name": name}).json()["patients"][0]["id"] == patient["id"]
    sent(admin, f"/api/patients/{patient['id']}/assignments", {"doctor_id": str(clinic.doctor_id)})
    statement = {
        "patient_id": patient["id"], "record_type": "OBSERVATION", "title": told, "description": f"{told} {name}",
        "codes": [{"system": "urn:codes", "code": code}], "quantity": {"value": float(amount), "unit": "g"},
        "content": {"resourceType": "Basic", "text": told},
    }  # fmt: skip
    record = sent(doctor, "/api/records", statement, key=f"r{number}")["record"]
    path = f"/api/records/{record['id']}"
    signed = sent(doctor, "/api/records", statement)["record"]
    sent(doctor, f"/api/records/{signed['id']}/sign", None)
    sent(doctor, f"/api/records/{signed['id']}/addenda", {"content": told})
    changed = {key: value for key, value in statement.items() if key != "patient_id"} | {"title": f"{told} again"}
    assert doctor.put(path, changed, content_type="application/json").status_code == 200
    sent(doctor, f"{path}/add_annotation", {"content": f"{told} {name}"})
    file = SimpleUploadedFile(f"{name}.txt", f"{told} {name}\n".encode() * 50)
    attached = doctor.post(f"{path}/attachments", {"file": file}, headers={"idempotency-key": f"a{number}"})
    assert attached.status_code == 201, attached.content
    waiting = {"patient_id": patient["id"], "specialty": told, "from": "2031-03-04", "until": "2031-03-04"}
    sent(admin, "/api/appointments/waitlist", waiting, key=f"w{number}")
    sent(doctor, f"/api/patients/{patient['id']}/break-glass", {"reason": f"{name} did not answer"})
    ids = (patient["id"], record["id"], signed["id"], attached.json()["attachment"]["id"], account)
    return Known(number, *(UUID(each) for each in ids))


def sent(client: Client, path: str, body: Any, status: int = 201, key: str | None = None) -> dict[str, Any]:
    headers = {"idempotency-key": key} if key else {}
    given = {} if body is None else {"data": body, "content_type": "application/json"}
    answer = client.post(path, headers=headers, **given)
    assert answer.status_code == status, (path, answer.status_code, answer.content)
    content: dict[str, Any] = answer.json()
    return content


def _joined(clinic: Clinic, patient_id: str, name: str, mail: str) -> str:
    """The patient's own account: registered, claimed, confirmed."""
    slug = clinic.organization.slug
    account = {"username": f"{name}-{slug}", "email": f"{slug}-{mail}", "password": PASSWORD, "role": "PATIENT"}
    joined = sent(
        Client(), "/api/auth/register", account | {"first_name": name, "last_name": name, "organization": slug}
    )
    account_id: str = joined["user"]["id"]
    sent(clinic.client(Role.ADMIN), f"/api/patients/{patient_id}/link", {"account_id": account_id}, 200)
    return account_id
