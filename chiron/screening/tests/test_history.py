"""Screenings that were made: who sees which of them, page by page."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.ids import NIL
from chiron.registry.public import add_staff, save_laboratory
from chiron.screening.tests.factories import NOW, screened
from chiron.tenancy.public import inside
from tests.town import Clinic

HISTORY = "/api/screening/history"


def ids(answer: Any) -> list[UUID]:
    assert answer.status_code == 200, answer.json()
    return [UUID(each["id"]) for each in answer.json()["screenings"]]


def released(patient_id: UUID, **said: Any) -> Any:
    return screened(patient_id, mode="clinical", decision="accepted", decided_at=NOW, released_at=NOW, **said)


def test_history_is_the_latest_first_and_says_what_stands_in_clear(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        older = screened(hilltop.patient_id, made_at=NOW - timedelta(days=1))
        newer = screened(made_at=NOW)

    answer = hilltop.client(Role.ADMIN).get(HISTORY)

    assert ids(answer) == [newer.id, older.id]
    assert answer.json()["next"] is None
    assert answer.json()["screenings"][1] == {
        "id": str(older.id),
        "version": 1,
        "patient_id": str(hilltop.patient_id),
        "laboratory_id": None,
        "made_by": None,
        "made_at": "2031-03-02T12:00:00+00:00",
        "mode": "research",
        "model_version": "0",
        "model_hash": "0" * 64,
        "outcome": "classified",
        "reasons": [],
        "class": "NORMAL",
        "risk_class": "uninformative",
        "p_normal": 0.9,
        "p_borderline": 0.08,
        "p_deficient": 0.02,
        "sex": "female",
        "age": 45,
        "input_hash": "0" * 64,
        "decision": "none",
        "decided_by": None,
        "decided_at": None,
        "released_by": None,
        "released_at": None,
        "confirmed_value": None,
        "confirmed_at": None,
    }


def test_each_filter_leaves_what_it_says(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        plain = screened(made_at=NOW - timedelta(days=3))
        kofi = screened(hilltop.patient_id, made_at=NOW - timedelta(days=2), result_class="DEFICIENT")
        unsure = screened(
            hilltop.other_patient_id, made_at=NOW - timedelta(days=1), outcome="abstained", reasons=["pregnant"],
            result_class="", risk_class="", p_normal=None, p_borderline=None, p_deficient=None,
        )  # fmt: skip
        shown = released(hilltop.patient_id, made_at=NOW)
    client = hilltop.client(Role.ADMIN)

    def found(**asked: Any) -> list[UUID]:
        return ids(client.get(HISTORY, asked))

    assert found(patient=hilltop.patient_id) == [shown.id, kofi.id]
    assert found(**{"class": "DEFICIENT"}) == [kofi.id]
    assert found(outcome="abstained") == [unsure.id]
    assert found(mode="clinical") == [shown.id]
    assert found(decision="accepted") == [shown.id]
    assert found(released="true") == [shown.id]
    assert found(released="false") == [unsure.id, kofi.id, plain.id]
    assert found(laboratory=plain.id) == []
    since, until = (NOW - timedelta(days=2)).isoformat(), NOW.isoformat()
    assert found(**{"from": since, "to": until}) == [unsure.id, kofi.id]


@pytest.mark.parametrize(
    "asked", [{"class": "normal"}, {"patient": "kofi"}, {"from": "2031-03-02"}, {"cursor": "x"}, {"limit": "0"}]
)
def test_a_filter_that_says_nothing_is_refused(hilltop: Clinic, asked: dict[str, str]) -> None:
    assert hilltop.client(Role.ADMIN).get(HISTORY, asked).status_code == 422


def test_pages_neither_repeat_nor_hide_what_is_made_at_one_instant(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        made = [screened().id for _ in range(5)]
    client, seen, cursor = hilltop.client(Role.ADMIN), [], None

    for number in range(3):
        answer = client.get(HISTORY, {"limit": 2} | ({"cursor": cursor} if cursor else {}))
        seen += ids(answer)
        cursor = answer.json()["next"]
        with inside(hilltop.id):
            screened(made_at=NOW + timedelta(minutes=number))

    assert seen == sorted(made, reverse=True)
    assert cursor is None


def test_doctors_see_their_patients_and_what_they_asked_themselves(hilltop: Clinic) -> None:
    doctor = hilltop.who[Role.DOCTOR].account_id
    with inside(hilltop.id):
        theirs = screened(hilltop.patient_id, made_at=NOW)
        another = screened(hilltop.other_patient_id, made_by=doctor)
        own = screened(made_by=doctor, made_at=NOW - timedelta(days=1))
        nobodys = screened()
    client = hilltop.client(Role.DOCTOR)

    assert ids(client.get(HISTORY)) == [theirs.id, own.id]
    for hidden in (another, nobodys):
        assert client.get(f"/api/screening/{hidden.id}").status_code == 404


def test_who_works_at_a_laboratory_sees_what_was_made_there(hilltop: Clinic) -> None:
    admin, lab = hilltop.who[Role.ADMIN], hilltop.who[Role.LAB].account_id or NIL
    with inside(hilltop.id):
        here, there = (
            save_laboratory(by=admin, laboratory_id=None, name=name, code=name, active=True, if_match=None, now=NOW)
            for name in ("North", "South")
        )
        add_staff(by=admin, laboratory_id=here.id, account_id=lab, now=NOW)
        made = screened(hilltop.other_patient_id, laboratory=here, made_at=NOW)
        own = screened(made_by=lab, made_at=NOW - timedelta(days=1))
        elsewhere = screened(laboratory=there)
    client = hilltop.client(Role.LAB)

    assert ids(client.get(HISTORY)) == [made.id, own.id]
    assert client.get(f"/api/screening/{elsewhere.id}").status_code == 404


def test_patients_see_what_was_released_to_them(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        shown = released(hilltop.patient_id)
        hidden = screened(hilltop.patient_id)
        another = released(hilltop.other_patient_id)
    client = hilltop.client(Role.PATIENT)

    assert ids(client.get(HISTORY)) == [shown.id]
    assert client.get(f"/api/screening/{shown.id}").status_code == 200
    for each in (hidden, another):
        assert client.get(f"/api/screening/{each.id}").status_code == 404


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.BILLER, Role.PRIVACY_OFFICER, Role.RESEARCHER])
def test_who_has_nothing_to_do_with_care_sees_none(hilltop: Clinic, role: Role) -> None:
    assert hilltop.client(role).get(HISTORY).status_code == 403


def test_next_door_there_is_nothing(hilltop: Clinic, riverside: Clinic) -> None:
    with inside(hilltop.id):
        made = screened(hilltop.patient_id)
    client = riverside.client(Role.ADMIN)

    assert ids(client.get(HISTORY)) == []
    assert client.get(f"/api/screening/{made.id}").status_code == 404


def test_one_screening_has_its_answer_word_for_word_and_is_one_event(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        made = screened(hilltop.patient_id, result='{"screening":{"p_normal":0.9}}')

    answer = hilltop.client(Role.DOCTOR).get(f"/api/screening/{made.id}")

    assert answer.json()["screening"]["result"] == {"screening": {"p_normal": 0.9}}
    assert answer["ETag"] == '"1"'
    with inside(hilltop.id):
        event = Event.objects.using("clinical").get(action="screening.read", resource_id=made.id)
        assert event.subjects == [hilltop.patient_id]


def test_a_page_takes_as_many_queries_for_many_screenings_as_for_one(hilltop: Clinic) -> None:
    client, taken = hilltop.client(Role.ADMIN), []
    client.get(HISTORY)
    for number in (1, 40):
        with inside(hilltop.id):
            for _ in range(number):
                screened(hilltop.patient_id)
        with CaptureQueriesContext(connections["clinical"]) as asked:
            assert len(ids(client.get(HISTORY))) >= number
        taken.append(len(asked))

    assert taken[0] == taken[1]
