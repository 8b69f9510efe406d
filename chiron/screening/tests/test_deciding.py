"""A doctor accepts or overrides what a model answered, and only then lets the patient read it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.db import CLINICAL, atomic
from chiron.notifications.public import Notification
from chiron.screening.models import BundleChange, BundleState, Prevalence, Screening
from chiron.screening.queries import read_screening
from chiron.screening.tests.factories import NOW, screened
from chiron.tenancy.public import inside
from tests.town import Clinic

ACCEPTED = {"decision": "accepted"}
SILENT: dict[str, Any] = {
    "result_class": "", "risk_class": "", "p_normal": None, "p_borderline": None, "p_deficient": None,
}  # fmt: skip
OVERRIDDEN = {"decision": "overridden", "reason": "Treated elsewhere since March."}


def made(clinic: Clinic, patient_id: UUID | None = None, **said: Any) -> Screening:
    with inside(clinic.id):
        return screened(patient_id or clinic.patient_id, **{"mode": "clinical", "result": '{"a":1}'} | said)


def post(clinic: Clinic, row: Screening, act: str, body: Any = None, role: Role = Role.DOCTOR, seen: str = "*") -> Any:
    address = f"/api/screening/{row.id}/{act}"
    return clinic.client(role).post(address, body, content_type="application/json", headers={"if-match": seen})


def now_of(clinic: Clinic, row: Screening) -> Screening:
    with inside(clinic.id):
        return Screening.objects.get(id=row.id)


def events_of(clinic: Clinic, row: Screening) -> list[str]:
    with inside(clinic.id):
        events = Event.objects.using(CLINICAL).filter(resource_id=row.id, outcome="success").order_by("id")
        return list(events.values_list("action", flat=True))


def told(clinic: Clinic) -> list[tuple[UUID, str, UUID]]:
    with inside(clinic.id):
        rows = Notification.objects.filter(resource="screenings")
        return list(rows.values_list("account_id", "kind", "resource_id"))


def test_an_answer_is_overridden_with_a_reason_that_only_staff_read(hilltop: Clinic) -> None:
    row = made(hilltop)

    answer = post(hilltop, row, "decision", OVERRIDDEN)

    doctor = hilltop.who[Role.DOCTOR]
    assert answer.status_code == 200
    assert answer["ETag"] == '"2"'
    said = answer.json()["screening"]
    assert (said["decision"], said["decided_by"]) == ("overridden", str(doctor.account_id))
    with inside(hilltop.id):
        opened = read_screening(doctor, row.id)
        assert (opened.decision_reason, opened.result) == (OVERRIDDEN["reason"], '{"a":1}')
    assert events_of(hilltop, row) == ["screening.decided", "screening.read"]


def test_a_later_decision_takes_the_place_of_an_earlier_one(hilltop: Clinic) -> None:
    row = made(hilltop)

    post(hilltop, row, "decision", OVERRIDDEN)
    post(hilltop, row, "decision", ACCEPTED)

    found = now_of(hilltop, row)
    assert (found.decision, found.decision_reason, found.version) == ("accepted", None, 3)
    assert events_of(hilltop, row) == ["screening.decided", "screening.decided"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"decision": "overridden"}, 422),
        ({"decision": "overridden", "reason": "  "}, 422),
        ({"decision": "none"}, 422),
        ({"decision": "accepted", "train": True}, 422),
        ({"decision": "accepted", "reason": "x" * 2001}, 422),
        ({}, 422),
    ],
)
def test_a_decision_that_says_nothing_changes_nothing(hilltop: Clinic, body: dict[str, Any], status: int) -> None:
    row = made(hilltop)

    assert post(hilltop, row, "decision", body).status_code == status

    assert (now_of(hilltop, row).decision, now_of(hilltop, row).version) == ("none", 1)


def test_where_a_model_abstained_there_is_nothing_to_accept(hilltop: Clinic) -> None:
    row = made(hilltop, outcome="abstained", reasons=["pregnant"], **SILENT)

    answer = post(hilltop, row, "decision", ACCEPTED)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/screening-abstained")
    assert now_of(hilltop, row).version == 1


def test_who_decides_from_an_older_version_decides_nothing(hilltop: Clinic) -> None:
    row = made(hilltop)
    post(hilltop, row, "decision", OVERRIDDEN)

    for act, body in (("decision", ACCEPTED), ("release", None)):
        assert post(hilltop, row, act, body, seen='"1"').status_code == 412

    assert now_of(hilltop, row).decision == "overridden"


@pytest.mark.parametrize("act", ["decision", "release"])
@pytest.mark.parametrize("role", [Role.ADMIN, Role.LAB, Role.PATIENT, Role.RECEPTIONIST])
def test_only_a_doctor_decides_and_releases(hilltop: Clinic, role: Role, act: str) -> None:
    row = made(hilltop)

    assert post(hilltop, row, act, ACCEPTED if act == "decision" else None, role).status_code == 403

    assert now_of(hilltop, row).version == 1


@pytest.mark.parametrize("act", ["decision", "release"])
def test_a_doctor_who_does_not_care_for_the_patient_finds_nothing(hilltop: Clinic, riverside: Clinic, act: str) -> None:
    stranger, next_door = made(hilltop, hilltop.other_patient_id), made(riverside)

    for row in (stranger, next_door):
        assert post(hilltop, row, act, ACCEPTED if act == "decision" else None).status_code == 404

    assert (now_of(hilltop, stranger).version, now_of(riverside, next_door).version) == (1, 1)


def test_a_decided_answer_is_released_once_and_the_patient_is_told(hilltop: Clinic) -> None:
    row = made(hilltop)
    post(hilltop, row, "decision", OVERRIDDEN)

    first, second = (post(hilltop, row, "release") for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    patient = hilltop.who[Role.PATIENT].account_id
    assert told(hilltop) == [(patient, "result.shared", row.id)]
    assert events_of(hilltop, row) == ["screening.decided", "screening.released", "screening.released"]
    seen = hilltop.client(Role.PATIENT).get(f"/api/screening/{row.id}").json()["screening"]
    assert (seen["result"], seen["decision"], seen["decision_reason"]) == ({"a": 1}, "overridden", "")


def test_a_notification_leads_to_the_screening(hilltop: Clinic) -> None:
    row = made(hilltop, decision="accepted", decided_at=NOW)
    post(hilltop, row, "release")

    [notification] = hilltop.client(Role.PATIENT).get("/api/notifications").json()["notifications"]

    assert notification["link"] == f"/api/screening/{row.id}"


def test_no_patient_meets_a_machines_answer_alone(hilltop: Clinic) -> None:
    row = made(hilltop)

    answer = post(hilltop, row, "release")

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/screening-not-decided")
    assert now_of(hilltop, row).released_at is None
    assert told(hilltop) == []
    with inside(hilltop.id), pytest.raises(IntegrityError, match="what_a_model_said_is_decided"), atomic(CLINICAL):
        Screening.objects.filter(id=row.id).update(released_at=NOW)


def test_what_is_for_research_or_about_nobody_is_not_released(hilltop: Clinic) -> None:
    doctor = hilltop.who[Role.DOCTOR].account_id
    decided: dict[str, Any] = {"decision": "accepted", "decided_at": NOW}
    research = made(hilltop, mode="research", **decided)
    with inside(hilltop.id):
        anonymous = screened(mode="clinical", made_by=doctor, **decided)

    for row in (research, anonymous):
        answer = post(hilltop, row, "release")
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-for-patients")

    assert told(hilltop) == []


def test_an_abstention_is_released_without_a_decision(hilltop: Clinic) -> None:
    row = made(hilltop, outcome="abstained", reasons=["pregnant"], made_at=NOW - timedelta(days=1), **SILENT)

    assert post(hilltop, row, "release").status_code == 200

    assert now_of(hilltop, row).released_at is not None


def test_a_decision_teaches_no_model_anything(hilltop: Clinic) -> None:
    row = made(hilltop)
    with inside(hilltop.id):
        before = [table.objects.count() for table in (BundleState, BundleChange, Prevalence)]
        answer = Screening.objects.values("p_deficient", "bundle_hash", "result_class", "features").get(id=row.id)

    post(hilltop, row, "decision", OVERRIDDEN)

    with inside(hilltop.id):
        assert [table.objects.count() for table in (BundleState, BundleChange, Prevalence)] == before
        assert (
            Screening.objects.values("p_deficient", "bundle_hash", "result_class", "features").get(id=row.id) == answer
        )
