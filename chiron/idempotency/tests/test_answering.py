"""The same request again: one effect, one answer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connections

from chiron.audit.models import Event
from chiron.idempotency.answering import LIFETIME
from chiron.idempotency.models import Answer
from chiron.identity.public import Role
from chiron.kernel import clock
from chiron.registry.models import Laboratory, Patient
from chiron.tenancy.public import inside
from tests.town import Clinic

PERSON = {"family": "Owusu", "given": ["Ama"]}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let time pass for the wrapper."""

    def pass_by(time: timedelta) -> None:
        moment = clock.now() + time
        monkeypatch.setattr("config.operation.now", lambda: moment)

    return pass_by


def ask(clinic: Clinic, body: Any = PERSON, key: str = "k-1", role: Role = Role.ADMIN, path: str = "patients") -> Any:
    return clinic.client(role).post(
        f"/api/{path}", body, content_type="application/json", headers={"idempotency-key": key}
    )


def patients(clinic: Clinic) -> list[UUID]:
    with inside(clinic.id):
        return list(Patient.objects.order_by("id").values_list("id", flat=True))


def test_the_same_request_again_gives_the_first_answer_and_does_nothing(hilltop: Clinic) -> None:
    before = len(patients(hilltop))

    first, again = ask(hilltop), ask(hilltop)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for header in ("Location", "ETag", "Content-Type"):
        assert again.headers[header] == first.headers[header]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(patients(hilltop)) == before + 1


def test_the_repetition_is_an_event_of_its_own(hilltop: Clinic) -> None:
    ask(hilltop)
    ask(hilltop)

    with inside(hilltop.id):
        actions = list(Event.objects.using("clinical").order_by("id").values_list("action", flat=True))[-2:]
    assert actions == ["patient.created", "patients.repeated"]


def test_without_a_key_it_is_done_twice(hilltop: Clinic) -> None:
    before = len(patients(hilltop))

    for _ in range(2):
        assert (
            hilltop.client(Role.ADMIN).post("/api/patients", PERSON, content_type="application/json").status_code == 201
        )

    assert len(patients(hilltop)) == before + 2


def test_another_body_under_the_same_key_is_refused_and_does_nothing(hilltop: Clinic) -> None:
    ask(hilltop)
    before = patients(hilltop)

    answer = ask(hilltop, PERSON | {"family": "Mensah"})

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert patients(hilltop) == before


def test_a_key_belongs_to_one_account_one_route_and_one_organization(hilltop: Clinic, riverside: Clinic) -> None:
    ask(hilltop)

    answers = [
        ask(hilltop, role=Role.RECEPTIONIST),
        ask(hilltop, {"name": "Blood", "code": "b"}, path="labs"),
        ask(riverside),
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert not any("Idempotency-Replayed" in answer.headers for answer in answers)


def test_a_refusal_is_not_kept(hilltop: Clinic) -> None:
    assert ask(hilltop, {"name": "Blood", "code": ""}, path="labs").status_code == 422

    answer = ask(hilltop, {"name": "Blood", "code": "b"}, path="labs")

    assert answer.status_code == 201
    with inside(hilltop.id):
        assert Answer.objects.using("clinical").filter(route="POST /labs").count() == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "with space", "\u00e9"])
def test_what_is_no_key_is_malformed_and_does_nothing(key: str, hilltop: Clinic) -> None:
    before = patients(hilltop)

    assert ask(hilltop, key=key).status_code == 400

    assert patients(hilltop) == before


def test_the_kept_answer_is_sealed(hilltop: Clinic) -> None:
    ask(hilltop)

    with inside(hilltop.id):
        kept = Answer.objects.using("clinical").get(route="POST /patients")
    assert b"Owusu" not in bytes(kept.answer)
    assert b"k-1" not in bytes(kept.key)


def test_after_a_day_the_key_is_free_again(hilltop: Clinic, later: Any) -> None:
    ask(hilltop)
    before = len(patients(hilltop))

    later(LIFETIME - timedelta(seconds=1))
    assert ask(hilltop).headers["Idempotency-Replayed"] == "true"
    later(LIFETIME + timedelta(seconds=1))
    anew = ask(hilltop, PERSON | {"family": "Mensah"})

    assert (anew.status_code, len(patients(hilltop))) == (201, before + 1)
    with inside(hilltop.id):
        assert Answer.objects.using("clinical").filter(route="POST /patients").count() == 1


def test_the_command_forgets_what_outlived_its_day_in_both_databases(hilltop: Clinic, capsys: Any) -> None:
    ask(hilltop, key="old")
    ask(hilltop, {"username": "yaa", "email": "y@example.org", "password": "seven tired donkeys", "roles": ["LAB"]},
        key="old", path="memberships")  # fmt: skip
    with inside(hilltop.id):
        Answer.objects.using("clinical").update(kept_at=clock.now() - LIFETIME)
    Answer.objects.using("accounts").update(kept_at=clock.now() - LIFETIME)
    ask(hilltop, key="young")

    call_command("forget_answers")

    assert "2 answers forgotten" in capsys.readouterr().out
    with inside(hilltop.id):
        assert Answer.objects.using("clinical").count() == 1
    assert Answer.objects.using("accounts").count() == 0


def test_sixteen_at_once_make_one_patient(lakeside: Clinic) -> None:
    barrier = Barrier(16)

    def caller(_: int) -> tuple[int, bytes]:
        barrier.wait()
        try:
            answer = ask(lakeside)
            return answer.status_code, answer.content
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(caller, range(16)))

    assert len(patients(lakeside)) == 1
    assert {status for status, _ in answers} <= {201, 409}
    assert len({content for status, content in answers if status == 201}) == 1
    assert all(b"request-in-flight" in content for status, content in answers if status == 409)
    assert ask(lakeside).status_code == 201


def test_while_the_first_is_under_way_the_second_is_told_so(lakeside: Clinic) -> None:
    seconds: list[Any] = []
    save = Laboratory.save

    def save_meanwhile(self: Laboratory, *args: Any, **kwargs: Any) -> None:
        with ThreadPoolExecutor(1) as pool:
            seconds.append(pool.submit(in_another_thread, lakeside).result())
        save(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Laboratory, "save", save_meanwhile)
        first = ask(lakeside, {"name": "Blood", "code": "b"}, path="labs")

    assert first.status_code == 201
    assert [(each.status_code, each.json()["type"]) for each in seconds] == [(409, "/problems/request-in-flight")]


def in_another_thread(clinic: Clinic) -> Any:
    try:
        return ask(clinic, {"name": "Blood", "code": "b"}, path="labs")
    finally:
        connections.close_all()


def test_a_request_that_dies_in_the_middle_leaves_nothing_and_can_be_repeated(lakeside: Clinic) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("chiron.idempotency.answering._keep", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            ask(lakeside)

    assert patients(lakeside) == []
    assert ask(lakeside).status_code == 201
    assert len(patients(lakeside)) == 1
