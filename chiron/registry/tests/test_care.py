"""Who cares for whom: registering, claiming, linking, approving, assigning, and what each of it lets one see."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from chiron.identity.public import Role
from chiron.kernel.ids import new_id
from chiron.registry.models import Assignment, Claim
from chiron.registry.tests.factories import call, ids, last_event, problem, registered
from chiron.tenancy.public import inside
from tests.town import Clinic

PASSWORD = "seven tired donkeys"


def join(clinic: Clinic, role: str, name: str) -> Any:
    """The answer to registering for oneself."""
    body = {
        "username": name, "email": f"{name}@example.org", "password": PASSWORD, "role": role, "first_name": "Adwoa",
        "last_name": "Yeboah", "birth_date": "1980-05", "organization": clinic.organization.slug,
    }  # fmt: skip
    answer = call(Client(), "post", "/auth/register", body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def signed_in(name: str, clinic: Clinic) -> Client:
    said = {"username": name, "password": PASSWORD, "organization": clinic.organization.slug}
    answer = call(Client(), "post", "/auth/login", said)
    assert answer.status_code == 200, answer.content
    return Client(headers={"authorization": f"Bearer {answer.json()['access']}"})


def test_a_patient_who_registers_sees_the_own_records_once_staff_have_linked_the_claim(hilltop: Clinic) -> None:
    account = join(hilltop, "PATIENT", "adwoa")["user"]["id"]
    desk, patient = hilltop.client(Role.RECEPTIONIST), registered(hilltop)
    unlinked = signed_in("adwoa", hilltop)

    assert ids(unlinked.get("/api/patients")) == []
    [claim] = desk.get("/api/claims").json()["claims"]
    linked = call(desk, "post", f"/patients/{patient['id']}/link", {"account_id": claim["account_id"]})

    assert (claim["account_id"], claim["kind"], claim["first_name"], claim["last_name"], claim["birth_date"]) == (
        account, "patient", "Adwoa", "Yeboah", "1980-05",
    )  # fmt: skip
    assert linked.status_code == 200
    assert desk.get("/api/claims").json()["claims"] == []
    assert ids(signed_in("adwoa", hilltop).get("/api/patients")) == [UUID(patient["id"])]
    assert problem(unlinked.get("/api/patients")) == (401, "not-signed-in")


def test_a_claim_is_sealed(hilltop: Clinic) -> None:
    join(hilltop, "PATIENT", "adwoa")

    with inside(hilltop.id):
        claim = Claim.objects.get()
    assert b"Yeboah" not in bytes(claim.details)


def test_an_account_is_linked_to_one_patient_only(hilltop: Clinic) -> None:
    account = join(hilltop, "PATIENT", "adwoa")["user"]["id"]
    desk, body = hilltop.client(Role.RECEPTIONIST), {"account_id": account}
    ama, kofi = registered(hilltop), registered(hilltop, identifiers=[])

    first = call(desk, "post", f"/patients/{ama['id']}/link", body)
    again = call(desk, "post", f"/patients/{ama['id']}/link", body)
    other = call(desk, "post", f"/patients/{kofi['id']}/link", body)

    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 409)
    assert ids(signed_in("adwoa", hilltop).get("/api/patients")) == [UUID(ama["id"])]


def test_who_made_no_claim_here_is_linked_to_nobody(hilltop: Clinic, riverside: Clinic) -> None:
    next_door = join(riverside, "PATIENT", "adwoa")["user"]["id"]
    patient = registered(hilltop)

    for account in (next_door, str(new_id()), str(hilltop.who[Role.LAB].account_id)):
        answer = call(hilltop.client(Role.ADMIN), "post", f"/patients/{patient['id']}/link", {"account_id": account})
        assert problem(answer) == (404, "not-found")
    assert riverside.client(Role.ADMIN).get("/api/claims").json()["claims"][0]["account_id"] == next_door


def test_a_doctor_sees_a_patient_when_approved_and_assigned_and_no_longer(hilltop: Clinic) -> None:
    admin = hilltop.client(Role.ADMIN)
    join(hilltop, "DOCTOR", "yaa")
    waiting = signed_in("yaa", hilltop)
    path = f"/patients/{hilltop.other_patient_id}"

    assert problem(waiting.get(f"/api{path}")) == (403, "not-permitted")
    [claimed] = [each for each in admin.get("/api/memberships").json()["memberships"] if not each["approved"]]
    assert call(admin, "patch", f"/memberships/{claimed['id']}", {"approved": True}).status_code == 200

    doctor = signed_in("yaa", hilltop)
    doctor_id = doctor.get("/api/users/me").json()["user"]["provider_id"]
    assert problem(doctor.get(f"/api{path}")) == (404, "not-found")
    assert ids(doctor.get("/api/doctors/my_patients")) == []

    made = call(admin, "post", f"{path}/assignments", {"doctor_id": doctor_id})
    assert (made.status_code, made.headers["Location"]) == (201, f"/api{path}/assignments/{doctor_id}")
    assert doctor.get(f"/api{path}").status_code == 200
    assert ids(doctor.get("/api/doctors/my_patients")) == [hilltop.other_patient_id]
    assert ids(doctor.get("/api/doctors/patients")) == [hilltop.other_patient_id]

    assert admin.delete(f"/api{path}/assignments/{doctor_id}").status_code == 204
    assert problem(doctor.get(f"/api{path}")) == (404, "not-found")
    assert ids(doctor.get("/api/doctors/my_patients")) == []


def assignments(clinic: Clinic) -> list[Any]:
    answer = clinic.client(Role.RECEPTIONIST).get(f"/api/patients/{clinic.patient_id}/assignments")
    return [(each["doctor_id"], each["until"] is None) for each in answer.json()["assignments"]]


def test_an_assignment_stands_once_and_its_end_stays_as_history(hilltop: Clinic) -> None:
    admin, path = hilltop.client(Role.ADMIN), f"/patients/{hilltop.patient_id}/assignments"
    body = {"doctor_id": str(hilltop.doctor_id)}

    twice = call(admin, "post", path, body)
    ended = admin.delete(f"/api{path}/{hilltop.doctor_id}")
    again = admin.delete(f"/api{path}/{hilltop.doctor_id}")
    anew = call(admin, "post", path, body)

    assert problem(twice) == (409, "already-assigned")
    assert (ended.status_code, again.status_code, anew.status_code) == (204, 404, 201)
    assert assignments(hilltop) == [(str(hilltop.doctor_id), True), (str(hilltop.doctor_id), False)]


def test_nobody_is_assigned_who_is_inactive_missing_or_next_door(hilltop: Clinic, riverside: Clinic) -> None:
    admin = hilltop.client(Role.ADMIN)
    retired = call(admin, "post", "/doctors", {"family": "Asante", "active": False}).json()["doctor"]["id"]
    before = assignments(hilltop)

    for doctor_id in (retired, str(new_id()), str(riverside.doctor_id)):
        answer = call(admin, "post", f"/patients/{hilltop.patient_id}/assignments", {"doctor_id": doctor_id})
        assert problem(answer) == (404, "not-found")
    assert assignments(hilltop) == before


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.PATIENT, Role.LAB, Role.BILLER])
def test_doctors_do_not_assign_themselves_nor_does_anybody_else(role: Role, hilltop: Clinic) -> None:
    path, body = f"/patients/{hilltop.patient_id}/assignments", {"doctor_id": str(hilltop.other_doctor_id)}

    assert problem(call(hilltop.client(role), "post", path, body)) == (403, "not-permitted")
    with inside(hilltop.id):
        assert (
            Assignment.objects.filter(provider_id=hilltop.other_doctor_id, patient_id=hilltop.patient_id).count() == 0
        )


def test_patients_see_who_looked_at_them_and_who_was_refused(hilltop: Clinic) -> None:
    """REC-11."""
    path = f"/api/patients/{hilltop.patient_id}"
    hilltop.client(Role.DOCTOR).get(path)
    hilltop.client(Role.LAB).get(path)

    log = hilltop.client(Role.PATIENT).get(f"{path}/access-log").json()["accesses"]

    assert [(each["roles"], each["action"], each["outcome"]) for each in log[:2]] == [
        (["LAB"], "patients.read", "denied"),
        (["DOCTOR"], "patient.read", "success"),
    ]
    assert log[1]["account_id"] == str(hilltop.who[Role.DOCTOR].account_id)
    assert (last_event(hilltop).action, last_event(hilltop).subjects) == ("access-log.read", [hilltop.patient_id])


def test_patients_see_no_log_but_their_own(hilltop: Clinic) -> None:
    answer = hilltop.client(Role.PATIENT).get(f"/api/patients/{hilltop.other_patient_id}/access-log")

    assert problem(answer) == (404, "not-found")
