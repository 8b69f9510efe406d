"""Who works at which laboratory, and so reaches what is examined there."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError

from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, atomic
from chiron.kernel.ids import new_id
from chiron.registry.models import Laboratory, LaboratoryStaff
from chiron.registry.public import laboratories_of
from chiron.registry.tests.factories import call, ids, last_event, problem
from chiron.tenancy.public import inside
from tests.town import Clinic


@pytest.fixture
def blood(hilltop: Clinic) -> UUID:
    return laboratory(hilltop, "Blood")


def laboratory(clinic: Clinic, name: str) -> UUID:
    answer = call(clinic.client(Role.ADMIN), "post", "/labs", {"name": name, "code": name.lower()})
    assert answer.status_code == 201, answer.content
    return UUID(answer.json()["lab"]["id"])


def add(clinic: Clinic, laboratory_id: UUID, account_id: UUID | None = None, role: Role = Role.ADMIN) -> Any:
    body = {"account_id": str(account_id or clinic.who[Role.LAB].account_id)}
    return call(clinic.client(role), "post", f"/labs/{laboratory_id}/staff", body)


def counted(clinic: Clinic) -> int:
    with inside(clinic.id):
        return LaboratoryStaff.objects.count()


def reached(clinic: Clinic) -> frozenset[UUID]:
    with inside(clinic.id):
        return laboratories_of(clinic.who[Role.LAB])


def test_a_technician_reaches_the_laboratories_where_they_work_and_no_other(hilltop: Clinic, blood: UUID) -> None:
    tissue = laboratory(hilltop, "Tissue")
    technician = hilltop.client(Role.LAB)
    nothing = ids(technician.get("/api/labs"), "labs")

    added = add(hilltop, blood)

    assert (added.status_code, added.json()["staff"]["until"]) == (201, None)
    assert last_event(hilltop).action == "laboratory.joined"
    assert nothing == []
    assert ids(technician.get("/api/labs"), "labs") == [blood]
    assert technician.get(f"/api/labs/{blood}/").json()["lab"]["name"] == "Blood"
    assert problem(technician.get(f"/api/labs/{tissue}")) == (404, "not-found")
    assert reached(hilltop) == {blood}
    assert set(ids(hilltop.client(Role.DOCTOR).get("/api/labs/"), "labs")) == {blood, tissue}


def test_who_leaves_reaches_nothing_and_may_come_back(hilltop: Clinic, blood: UUID) -> None:
    account_id = hilltop.who[Role.LAB].account_id
    admin = hilltop.client(Role.ADMIN)
    add(hilltop, blood)

    left = admin.delete(f"/api/labs/{blood}/staff/{account_id}")
    away = reached(hilltop)
    again = admin.delete(f"/api/labs/{blood}/staff/{account_id}")
    back = add(hilltop, blood)

    assert (left.status_code, away, problem(again)) == (204, frozenset(), (404, "not-found"))
    assert back.status_code == 201
    assert reached(hilltop) == {blood}
    history = admin.get(f"/api/labs/{blood}/staff").json()["staff"]
    assert [each["until"] is None for each in history] == [True, False]


def test_whose_role_was_taken_reaches_no_laboratory_any_more(hilltop: Clinic, blood: UUID) -> None:
    add(hilltop, blood)

    now_at_the_desk = replace(hilltop.who[Role.LAB], roles=frozenset({Role.RECEPTIONIST}))

    with inside(hilltop.id):
        assert LaboratoryStaff.objects.filter(until=None).count() == 1
        assert laboratories_of(now_at_the_desk) == frozenset()


def test_nobody_works_twice_at_one_laboratory_at_a_time(hilltop: Clinic, blood: UUID) -> None:
    add(hilltop, blood)

    again = add(hilltop, blood)

    assert problem(again) == (409, "works-at-laboratory-already")
    assert counted(hilltop) == 1


def test_only_a_member_with_the_role_works_at_a_laboratory(hilltop: Clinic, riverside: Clinic, blood: UUID) -> None:
    answers = [
        add(hilltop, blood, hilltop.who[Role.DOCTOR].account_id),
        add(hilltop, blood, riverside.who[Role.LAB].account_id),
        add(hilltop, blood, new_id()),
        add(hilltop, laboratory(riverside, "Blood")),
    ]

    assert [problem(each) for each in answers] == [(404, "not-found")] * 4
    assert (counted(hilltop), counted(riverside)) == (0, 0)


def test_only_admins_say_who_works_at_a_laboratory(hilltop: Clinic, blood: UUID) -> None:
    answers = [add(hilltop, blood, role=role) for role in (Role.LAB, Role.DOCTOR, Role.RECEPTIONIST)]

    assert [problem(each) for each in answers] == [(403, "not-permitted")] * 3
    assert counted(hilltop) == 0


def test_the_database_keeps_that_nobody_leaves_before_they_join(hilltop: Clinic, blood: UUID) -> None:
    at = now()
    with inside(hilltop.id), pytest.raises(IntegrityError, match="leaves_a_laboratory_after_joining"), atomic(CLINICAL):
        LaboratoryStaff.objects.create(
            laboratory=Laboratory.objects.get(id=blood),
            account_id=new_id(),
            engagement_id=new_id(),
            since=at,
            until=at - timedelta(seconds=1),
        )
