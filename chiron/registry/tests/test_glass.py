"""Breaking the glass (REC-10): for a reason, for a while, and never unseen."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import mail

from chiron.identity.email import set_email
from chiron.identity.public import Account, Membership, Role
from chiron.jobs.models import Queued
from chiron.jobs.registry import JOBS
from chiron.jobs.running import perform
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, atomic, cursor
from chiron.kernel.ids import new_id
from chiron.registry.errors import OwnGlass
from chiron.registry.models import BrokenGlass, GlassSeen
from chiron.registry.services import glass
from chiron.registry.services.glass import break_glass
from chiron.registry.tests.factories import call, found, ids, last_event, problem
from chiron.tenancy.public import inside
from tests.town import Clinic

REASON = "Unconscious in the emergency room, allergies unknown"


def smash(clinic: Clinic, patient_id: Any, role: Role = Role.DOCTOR, reason: str = REASON) -> Any:
    return call(clinic.client(role), "post", f"/patients/{patient_id}/break-glass", {"reason": reason})


def broken(clinic: Clinic) -> int:
    with inside(clinic.id):
        return BrokenGlass.objects.count()


def test_those_who_answer_for_privacy_are_told_and_by_name_nobody_else(hilltop: Clinic) -> None:
    account = Account.objects.get(username="hilltop-privacy_officer")
    set_email(account, "officer@example.org")
    account.save()

    smash(hilltop, hilltop.other_patient_id)
    [asked] = queued("registry.tell_privacy_officers")
    perform_queued(asked)
    [told] = queued("identity.tell_of_broken_glass")
    perform_queued(told)

    [message] = mail.outbox
    assert message.to == ["officer@example.org"]
    assert message.subject == "A broken glass to look at"
    for personal in ("Boateng", "Osei", str(hilltop.other_patient_id), REASON):
        assert personal not in str(message.body)


def test_without_a_privacy_officer_the_admins_are_told(hilltop: Clinic) -> None:
    Membership.objects.filter(organization=hilltop.organization, roles=["PRIVACY_OFFICER"]).update(approved_at=None)

    smash(hilltop, hilltop.other_patient_id)
    perform_queued(queued("registry.tell_privacy_officers")[0])

    [told] = queued("identity.tell_of_broken_glass")
    assert told.args["arguments"] == {"account_id": str(hilltop.who[Role.ADMIN].account_id)}


def queued(name: str) -> list[Queued]:
    """The jobs of that name which this test asked for."""
    with atomic(CLINICAL), cursor(CLINICAL) as session:
        session.execute("SET LOCAL role none")
        return list(Queued.objects.filter(task_name=name, status="todo").order_by("id"))


def perform_queued(asked: Queued) -> None:
    effect, organization_id = UUID(asked.args["effect"]), UUID(asked.args["organization"])
    perform(JOBS[asked.task_name], effect=effect, organization_id=organization_id, arguments=asked.args["arguments"])


def test_the_organization_says_how_long_it_stays_open(hilltop: Clinic) -> None:
    path = f"/organizations/{hilltop.id}"
    call(hilltop.client(Role.ADMIN), "patch", path, {"policies": {"break_glass_minutes": 15}})

    said = smash(hilltop, hilltop.other_patient_id).json()["break_glass"]

    since, until = (datetime.fromisoformat(said[name]) for name in ("since", "until"))
    assert until - since == timedelta(minutes=15)


def test_a_doctor_who_is_not_assigned_reaches_the_patient_for_an_hour(hilltop: Clinic) -> None:
    doctor, path = hilltop.client(Role.DOCTOR), f"/api/patients/{hilltop.other_patient_id}"
    note = {"record_type": "NOTE", "title": "Found", "patient_id": str(hilltop.other_patient_id)}
    assert problem(doctor.get(path)) == (404, "not-found")

    made = smash(hilltop, hilltop.other_patient_id)

    said = made.json()["break_glass"]
    assert (made.status_code, said["reason"]) == (201, REASON)
    since, until = (datetime.fromisoformat(said[name]) for name in ("since", "until"))
    assert until - since == timedelta(hours=1)
    assert doctor.get(path).status_code == 200
    assert call(doctor, "post", "/records", note).status_code == 201
    assert doctor.get(f"/api/records?patient={hilltop.other_patient_id}").status_code == 200
    assert found(hilltop, Role.DOCTOR, name="Boateng") == ["Boateng"]
    assert ids(doctor.get("/api/doctors/my_patients")) == [hilltop.patient_id]


def test_after_its_time_it_is_whole_again(hilltop: Clinic) -> None:
    doctor = hilltop.who[Role.DOCTOR]
    with inside(hilltop.id):
        break_glass(by=doctor, patient_id=hilltop.other_patient_id, reason=REASON, now=now() - timedelta(minutes=61))

    answer = hilltop.client(Role.DOCTOR).get(f"/api/patients/{hilltop.other_patient_id}")

    assert problem(answer) == (404, "not-found")
    assert found(hilltop, Role.DOCTOR, name="Boateng") == []


@pytest.mark.parametrize("reason", ["", "         .         ", "short"])
def test_without_a_reason_nothing_is_broken(reason: str, hilltop: Clinic) -> None:
    answer = smash(hilltop, hilltop.other_patient_id, reason=reason)

    assert problem(answer) == (422, "invalid")
    assert broken(hilltop) == 0


def test_where_there_is_no_such_patient_nothing_is_broken(hilltop: Clinic, riverside: Clinic) -> None:
    assert problem(smash(hilltop, riverside.patient_id)) == (404, "not-found")
    assert problem(smash(hilltop, new_id())) == (404, "not-found")

    assert broken(hilltop) == 0


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.DOCTOR])
def test_nobody_but_a_doctor_breaks_it(role: Role, hilltop: Clinic) -> None:
    assert problem(smash(hilltop, hilltop.other_patient_id, role)) == (403, "not-permitted")

    assert broken(hilltop) == 0


def test_the_patient_and_the_privacy_officer_see_it(hilltop: Clinic) -> None:
    smash(hilltop, hilltop.other_patient_id)
    event = last_event(hilltop)
    officer = hilltop.client(Role.PRIVACY_OFFICER)

    [listed] = officer.get("/api/break-glass").json()["break_glass"]
    log = officer.get(f"/api/patients/{hilltop.other_patient_id}/access-log").json()["accesses"]

    assert (event.action, event.subjects) == ("patient.glass_broken", [hilltop.other_patient_id])
    assert (listed["reason"], listed["patient_id"], listed["doctor_id"], listed["account_id"]) == (
        REASON, str(hilltop.other_patient_id), str(hilltop.doctor_id), str(hilltop.who[Role.DOCTOR].account_id),
    )  # fmt: skip
    assert ("patient.glass_broken", "success") in [(each["action"], each["outcome"]) for each in log]


def test_the_list_is_paged_and_takes_the_same_queries_however_long_it_is(
    hilltop: Clinic, django_assert_num_queries: Any
) -> None:
    officer = hilltop.client(Role.PRIVACY_OFFICER)
    for _ in range(3):
        smash(hilltop, hilltop.other_patient_id)
    officer.get("/api/break-glass")

    first = officer.get("/api/break-glass?limit=2").json()
    second = officer.get("/api/break-glass", {"limit": 2, "cursor": first["next"]}).json()

    assert (len(first["break_glass"]), len(second["break_glass"]), second["next"]) == (2, 1, None)
    for limit in (1, 3):
        with django_assert_num_queries(5, using="clinical"):
            officer.get(f"/api/break-glass?limit={limit}")


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.PATIENT, Role.RECEPTIONIST, Role.LAB])
def test_nobody_else_reads_the_list(role: Role, hilltop: Clinic) -> None:
    assert problem(hilltop.client(role).get("/api/break-glass")) == (403, "not-permitted")


def test_the_reason_is_sealed_and_what_was_broken_stays_written(hilltop: Clinic) -> None:
    smash(hilltop, hilltop.other_patient_id)

    with inside(hilltop.id):
        row = BrokenGlass.objects.get()
    assert b"emergency" not in bytes(row.reason)
    assert BrokenGlass.grants.value == GlassSeen.grants.value == ("SELECT", "INSERT")


def acknowledge(clinic: Clinic, glass_id: Any, role: Role = Role.PRIVACY_OFFICER) -> Any:
    return call(clinic.client(role), "post", f"/break-glass/{glass_id}/acknowledge")


def seen(clinic: Clinic) -> int:
    with inside(clinic.id):
        return GlassSeen.objects.count()


@pytest.mark.parametrize("role", [Role.PRIVACY_OFFICER, Role.ADMIN])
def test_who_answers_for_privacy_says_that_they_looked(role: Role, hilltop: Clinic) -> None:
    made = smash(hilltop, hilltop.other_patient_id).json()["break_glass"]

    answer = acknowledge(hilltop, made["id"], role)

    said, event = answer.json()["break_glass"], last_event(hilltop)
    assert (made["acknowledged_at"], made["acknowledged_by"]) == (None, None)
    assert (answer.status_code, said["acknowledged_by"]) == (200, str(hilltop.who[role].account_id))
    assert (event.action, str(event.resource_id), event.subjects) == (
        "glass.acknowledged", made["id"], [hilltop.other_patient_id],
    )  # fmt: skip
    [listed] = hilltop.client(role).get("/api/break-glass").json()["break_glass"]
    assert listed == said


def test_a_second_look_and_one_from_next_door_are_refused(hilltop: Clinic, riverside: Clinic) -> None:
    made = smash(hilltop, hilltop.other_patient_id).json()["break_glass"]
    acknowledge(hilltop, made["id"])

    assert problem(acknowledge(hilltop, made["id"], Role.ADMIN)) == (409, "already-acknowledged")
    assert problem(acknowledge(riverside, made["id"])) == (404, "not-found")
    assert problem(acknowledge(hilltop, new_id())) == (404, "not-found")
    assert seen(hilltop) == 1


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.PATIENT, Role.RECEPTIONIST, Role.LAB])
def test_nobody_else_acknowledges(role: Role, hilltop: Clinic) -> None:
    made = smash(hilltop, hilltop.other_patient_id).json()["break_glass"]

    assert problem(acknowledge(hilltop, made["id"], role)) == (403, "not-permitted")
    assert seen(hilltop) == 0


def test_who_broke_it_does_not_acknowledge_it(hilltop: Clinic) -> None:
    made = smash(hilltop, hilltop.other_patient_id).json()["break_glass"]
    both = replace(hilltop.who[Role.DOCTOR], roles=frozenset({Role.DOCTOR, Role.ADMIN}))

    with inside(hilltop.id), pytest.raises(OwnGlass):
        glass.acknowledge(by=both, glass_id=UUID(made["id"]), now=now())

    assert seen(hilltop) == 0
