"""`GET /api/audit`."""

from typing import Any

import pytest
from django.test import Client

from chiron.audit.models import Event
from chiron.audit.public import record, record_platform
from chiron.audit.tests.factories import BRUNO, doctor
from chiron.identity.public import Role
from chiron.kernel.db import atomic
from chiron.tenancy.public import inside

READERS = {Role.ADMIN, Role.PRIVACY_OFFICER}


def events_of(clinic: Any) -> list[Event]:
    with inside(clinic.id):
        return list(Event.objects.using("clinical").order_by("-id"))


def test_without_signing_in_the_trail_is_closed(hilltop: Any) -> None:
    before = len(events_of(hilltop))

    answer = Client().get("/api/audit")

    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/not-signed-in")
    assert len(events_of(hilltop)) == before


@pytest.mark.parametrize("role", sorted(set(Role) - READERS))
def test_other_roles_are_refused_and_the_refusal_is_recorded(hilltop: Any, role: Role) -> None:
    before = len(events_of(hilltop))

    answer = hilltop.client(role).get("/api/audit")

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")
    denial, *others = events_of(hilltop)
    assert (denial.account_id, denial.resource, denial.outcome) == (hilltop.who[role].account_id, "audit", "denied")
    assert len(others) == before


@pytest.mark.parametrize("role", sorted(READERS))
def test_who_answers_for_the_organization_reads_its_trail(hilltop: Any, role: Role) -> None:
    with inside(hilltop.id):
        record(doctor(hilltop.id, address="192.0.2.7"), "patient.read", resource="patients", subjects=[BRUNO])

    answer = hilltop.client(role).get("/api/audit", {"patient_id": str(BRUNO)})

    assert answer.status_code == 200
    [event] = answer.json()["events"]
    assert answer.json()["next"] is None
    assert (event["action"], event["subjects"], event["address"]) == ("patient.read", [str(BRUNO)], "192.0.2.7")
    assert (event["outcome"], event["roles"], event["details"]) == ("success", ["DOCTOR"], {})
    assert events_of(hilltop)[0].action == "audit.read"


def test_another_organization_sees_nothing_of_it(hilltop: Any, riverside: Any) -> None:
    with inside(hilltop.id):
        record(doctor(hilltop.id), "patient.read", subjects=[BRUNO])
    with atomic("accounts"):
        record_platform(doctor(hilltop.id), "session.opened")

    for source in ("organization", "platform"):
        asked = {"source": source, "account_id": str(doctor(hilltop.id).account_id)}
        assert riverside.client(Role.ADMIN).get("/api/audit", asked).json()["events"] == []
        assert len(hilltop.client(Role.ADMIN).get("/api/audit", asked).json()["events"]) == 1


def test_pages_and_times_are_asked_for_by_query(hilltop: Any) -> None:
    for _ in range(3):
        with inside(hilltop.id):
            record(doctor(hilltop.id), "patient.read", subjects=[BRUNO])
    admin = hilltop.client(Role.ADMIN)

    first = admin.get("/api/audit", {"limit": 2, "action": "patient.read", "from": "2026-01-01T00:00:00Z"}).json()
    second = admin.get("/api/audit", {"limit": 2, "action": "patient.read", "cursor": first["next"]}).json()
    before = admin.get("/api/audit", {"to": "2020-01-01T00:00:00Z"}).json()

    assert (len(first["events"]), before["events"]) == (2, [])
    assert not {event["id"] for event in first["events"]} & {event["id"] for event in second["events"]}


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=2026-01-01T00:00:00", "outcome=x", "limit=0", "patient_id=1"]
)
def test_a_question_that_makes_no_sense_is_refused(hilltop: Any, query: str) -> None:
    answer = hilltop.client(Role.ADMIN).get(f"/api/audit?{query}")

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
