"""Specimens: registered, received, rejected, and whom they are shown to."""

from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError

from chiron.identity.public import Role
from chiron.kernel.db import CLINICAL, atomic
from chiron.kernel.ids import new_id
from chiron.laboratory.models import Specimen
from chiron.laboratory.tests.factories import SPECIMEN, counted, laboratory, register, registered
from chiron.registry.tests.factories import call, ids, last_event, problem
from chiron.tenancy.public import inside
from tests.town import Clinic


@pytest.fixture
def blood(hilltop: Clinic) -> UUID:
    return laboratory(hilltop, "Blood")


def step(clinic: Clinic, specimen_id: str, name: str, body: Any = None, **headers: str) -> Any:
    return call(clinic.client(Role.LAB), "post", f"/specimens/{specimen_id}/{name}", body or {}, **headers)


def test_a_specimen_is_announced_received_and_read(hilltop: Clinic, blood: UUID) -> None:
    made = registered(hilltop, blood, received_at=None)

    received = step(hilltop, made["id"], "receive", {"received_at": "2026-05-04T09:00:00+02:00"})
    event = last_event(hilltop)
    read = call(hilltop.client(Role.LAB), "get", f"/specimens/{made['id']}/")

    assert (made["state"], made["received_at"], made["number"]) == ("registered", None, "26-004711")
    assert (received.status_code, received.headers["ETag"]) == (200, '"2"')
    assert (event.action, event.subjects) == ("specimen.received", [hilltop.patient_id])
    assert read.json()["specimen"] == made | {"state": "received", "received_at": "2026-05-04T07:00:00+00:00"}


def test_a_specimens_number_does_not_lie_open_and_is_found(hilltop: Clinic, blood: UUID) -> None:
    made = registered(hilltop, blood)
    registered(hilltop, blood, number="26-004712")
    technician = hilltop.client(Role.LAB)

    found = technician.get("/api/specimens", {"number": "26-004711"})

    assert ids(found, "specimens") == [UUID(made["id"])]
    assert ids(technician.get("/api/specimens", {"number": "26-0047"}), "specimens") == []
    with inside(hilltop.id):
        row = Specimen.objects.get(id=made["id"])
    assert b"004711" not in bytes(row.number) + bytes(row.number_index or b"")


def test_a_number_is_its_own_at_one_laboratory(hilltop: Clinic, blood: UUID) -> None:
    registered(hilltop, blood)

    again = register(hilltop, blood, patient_id=str(hilltop.other_patient_id))
    elsewhere = register(hilltop, laboratory(hilltop, "Tissue"))

    assert problem(again) == (409, "specimen-number-taken")
    assert elsewhere.status_code == 201
    assert counted(hilltop)[0] == 2


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"received_at": "2026-05-04T08:14:59+02:00"}, "received_at"),
        ({"received_at": "2126-05-04T09:00:00+02:00"}, "received_at"),
        ({"collected_at": "2126-05-04T08:15:00+02:00", "received_at": None}, "collected_at"),
        ({"collected_at": "2026-05-04T08:15:00"}, "collected_at"),
        ({"number": " "}, "number"),
        ({"type": {"system": "", "code": ""}}, "code"),
        ({"sort": "blood"}, "body"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_place(
    changes: dict[str, Any], at: str, hilltop: Clinic, blood: UUID
) -> None:
    answer = register(hilltop, blood, **changes)

    assert answer.status_code == 422
    assert at in answer.json()["errors"][0]["loc"]
    assert counted(hilltop)[0] == 0


def test_a_rejected_specimen_says_why_and_goes_no_further(hilltop: Clinic, blood: UUID) -> None:
    made = registered(hilltop, blood)

    rejected = step(hilltop, made["id"], "reject", {"reason": "Haemolysed"})
    after = [step(hilltop, made["id"], "receive"), step(hilltop, made["id"], "reject", {"reason": "Twice"})]

    assert (rejected.json()["specimen"]["state"], rejected.json()["specimen"]["reason"]) == ("rejected", "Haemolysed")
    assert [problem(each) for each in after] == [(409, "specimen-past-that")] * 2
    assert [each.json()["state"] for each in after] == ["rejected"] * 2
    with inside(hilltop.id):
        row = Specimen.objects.get(id=made["id"])
    assert (row.version, b"Haemolysed" in bytes(row.reason or b"")) == (2, False)


def test_a_specimen_changed_meanwhile_is_not_changed(hilltop: Clinic, blood: UUID) -> None:
    made = registered(hilltop, blood)

    stale = step(hilltop, made["id"], "reject", {"reason": "Late"}, **{"if-match": '"7"'})

    assert problem(stale) == (412, "stale-version")
    with inside(hilltop.id):
        assert Specimen.objects.get(id=made["id"]).state == "received"


def test_a_technician_of_one_laboratory_sees_nothing_of_another(hilltop: Clinic, blood: UUID) -> None:
    tissue = laboratory(hilltop, "Tissue", with_technician=False)
    other = registered(hilltop, tissue, role=Role.ADMIN)
    own = registered(hilltop, blood)
    technician = hilltop.client(Role.LAB)

    asked = [
        technician.get(f"/api/specimens/{other['id']}"),
        step(hilltop, other["id"], "receive"),
        step(hilltop, other["id"], "reject", {"reason": "Not mine"}),
        register(hilltop, tissue, number="27-1"),
    ]

    assert [problem(each) for each in asked] == [(404, "not-found")] * 4
    assert ids(technician.get("/api/specimens"), "specimens") == [UUID(own["id"])]
    assert technician.get("/api/specimens", {"lab_id": str(tissue)}).json()["specimens"] == []
    assert counted(hilltop)[0] == 2


def test_doctors_see_those_of_their_patients_and_patients_none(hilltop: Clinic, blood: UUID) -> None:
    mine = registered(hilltop, blood)
    strangers = registered(hilltop, blood, number="27-1", patient_id=str(hilltop.other_patient_id))
    doctor = hilltop.client(Role.DOCTOR)

    assert ids(doctor.get("/api/specimens"), "specimens") == [UUID(mine["id"])]
    assert problem(doctor.get(f"/api/specimens/{strangers['id']}")) == (404, "not-found")
    assert problem(call(doctor, "post", f"/specimens/{mine['id']}/receive")) == (403, "not-permitted")
    assert problem(hilltop.client(Role.PATIENT).get("/api/specimens")) == (403, "not-permitted")


def test_nothing_of_another_organization_is_named(hilltop: Clinic, riverside: Clinic, blood: UUID) -> None:
    next_door = laboratory(riverside, "Blood")

    answers = [
        register(hilltop, next_door),
        register(hilltop, blood, patient_id=str(riverside.patient_id)),
        register(hilltop, blood, patient_id=str(new_id())),
        register(hilltop, new_id()),
    ]

    assert [problem(each) for each in answers] == [(404, "not-found")] * 4
    assert (counted(hilltop)[0], counted(riverside)[0]) == (0, 0)


def test_the_database_keeps_the_order_of_things(hilltop: Clinic, blood: UUID) -> None:
    made = registered(hilltop, blood)
    broken: dict[str, dict[str, Any]] = {
        "a_specimen_is_received_after_it_is_collected": {"received_at": "2026-05-04T00:00:00Z"},
        "a_specimen_is_examined_after_it_is_received": {"received_at": None},
        "a_specimen_stands_somewhere_known": {"state": "lost"},
    }

    for name, change in broken.items():
        with inside(hilltop.id), pytest.raises(IntegrityError, match=name), atomic(CLINICAL):
            Specimen.objects.filter(id=made["id"]).update(**change)


def test_a_specimen_sent_twice_with_one_key_is_registered_once(hilltop: Clinic, blood: UUID) -> None:
    body = SPECIMEN | {"lab_id": str(blood), "patient_id": str(hilltop.patient_id)}
    again = {"idempotency-key": f"a-specimen-{new_id()}"}

    answers = [call(hilltop.client(Role.LAB), "post", "/specimens", body, **again) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert counted(hilltop)[0] == 1
