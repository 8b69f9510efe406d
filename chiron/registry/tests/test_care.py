"""Who cares for whom: approving, assigning, and what each of it lets one see."""

from datetime import timedelta
from typing import Any

import pytest

from chiron.identity.public import Role
from chiron.kernel import clock
from chiron.kernel.ids import new_id
from chiron.registry.models import Assignment, Patient
from chiron.registry.tests.factories import call, ids, join, last_event, problem, registered, signed_in
from chiron.tenancy.public import inside
from tests.town import Clinic


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


def test_nobody_is_assigned_to_whom_another_record_replaced(hilltop: Clinic) -> None:
    replaced, kept = registered(hilltop)["id"], registered(hilltop, identifiers=[])["id"]
    with inside(hilltop.id):
        Patient.objects.filter(id=replaced).update(replaced_by=kept)
    admin, body = hilltop.client(Role.ADMIN), {"doctor_id": str(hilltop.doctor_id)}

    assert problem(call(admin, "post", f"/patients/{replaced}/assignments", body)) == (409, "patient-replaced")
    with inside(hilltop.id):
        assert not Assignment.objects.filter(patient_id=replaced).exists()


def test_an_assignment_whose_end_has_passed_shows_nothing(hilltop: Clinic) -> None:
    """PRV-01."""
    now = clock.now()
    with inside(hilltop.id):
        Assignment.objects.create(
            patient_id=hilltop.other_patient_id,
            provider_id=hilltop.doctor_id,
            since=now - timedelta(days=2),
            until=now - timedelta(days=1),
        )
    doctor = hilltop.client(Role.DOCTOR)

    assert problem(doctor.get(f"/api/patients/{hilltop.other_patient_id}")) == (404, "not-found")
    assert ids(doctor.get("/api/doctors/my_patients")) == ids(doctor.get("/api/patients")) == [hilltop.patient_id]


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
