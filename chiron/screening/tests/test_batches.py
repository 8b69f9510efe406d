"""Blood counts in a file: understood or refused whole, then classified row by row, each once."""

import shutil
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from chiron.audit.models import Event
from chiron.files.models import File, State
from chiron.files.tests.factories import parts_of
from chiron.identity.models import Account, Membership
from chiron.identity.public import Role
from chiron.jobs.public import Queued
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, atomic, cursor
from chiron.kernel.errors import Malformed, NotPermitted
from chiron.kernel.ids import NIL, new_id
from chiron.laboratory.tests.factories import laboratory
from chiron.notifications.public import Notification
from chiron.notifications.tests.factories import undone
from chiron.registry.models import Patient
from chiron.registry.public import add_staff, save_laboratory
from chiron.screening import shelf, tasks
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import Batch, BatchRow, Screening
from chiron.screening.receiving import _take_body, receive_batch
from chiron.screening.services import batches
from chiron.screening.services.bundles import Words, change_state
from chiron.screening.services.classify import classify
from chiron.screening.services.opting import set_opt_out
from chiron.screening.tests.factories import batch_of, counts_of
from chiron.screening.words import BundleStanding
from chiron.tenancy.public import inside
from tests.town import Clinic

AT = "/api/screening/batches"


def send(clinic: Clinic, content: bytes, role: Role = Role.LAB, asked: str = "", key: str = "") -> Any:
    form = {"file": SimpleUploadedFile("counts.csv", content)}
    return clinic.client(role).post(f"{AT}{asked}", form, headers={"idempotency-key": key} if key else {})


def run_through(clinic: Clinic, batch_id: UUID) -> Batch:
    """Do the batch's jobs, as a worker would, until there are none."""
    while True:
        with inside(clinic.id):
            batch = Batch.objects.get(id=batch_id)
            if batch.state != "running":
                return batch
            tasks.run_batch(batch_id=batch_id, after=batch.done)


def rows_of(clinic: Clinic, batch_id: UUID) -> list[tuple[int, bool, list[Any]]]:
    with inside(clinic.id):
        rows = BatchRow.objects.filter(batch=batch_id).order_by("line")
        return [(row.line, row.screening_id is not None, row.errors) for row in rows]


def screenings(clinic: Clinic) -> int:
    with inside(clinic.id):
        return Screening.objects.count()


def test_every_row_is_classified_once_and_who_sent_them_is_told(
    hilltop: Clinic, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "AT_A_TIME", 3)

    sent = send(hilltop, counts_of(7))

    assert sent.status_code == 201, sent.content
    said = sent.json()["batch"]
    assert (said["state"], said["rows"], said["done"]) == ("running", 7, 0)
    assert sent["Location"] == f"{AT}/{said['id']}"
    batch = run_through(hilltop, UUID(said["id"]))
    assert (batch.state, batch.done, batch.classified, batch.abstained, batch.refused) == ("finished", 7, 7, 0, 0)
    assert rows_of(hilltop, batch.id) == [(line, True, []) for line in range(2, 9)]
    client = hilltop.client(Role.LAB)
    history = client.get("/api/screening/history", {"batch": said["id"]}).json()["screenings"]
    assert sorted(each["age"] for each in history) == list(range(30, 37))
    with inside(hilltop.id):
        told = list(Notification.objects.filter(resource="screening-batches").values_list("account_id", "resource_id"))
        events = Event.objects.using(CLINICAL).filter(resource_id=batch.id).order_by("id")
        assert list(events.values_list("action", flat=True)) == ["screening-batch.begun", "screening-batch.finished"]
        assert Event.objects.using(CLINICAL).filter(action="screening.classified").count() == 7
    assert told == [(hilltop.who[Role.LAB].account_id, batch.id)]


def test_a_body_of_csv_is_as_good_as_a_form(hilltop: Clinic, bundle: Bundle) -> None:
    answer = hilltop.client(Role.ADMIN).post(AT, counts_of(2), content_type="text/csv")

    assert (answer.status_code, answer.json()["batch"]["rows"]) == (201, 2)


def test_what_is_wrong_with_a_row_is_told_by_line_and_field(hilltop: Clinic, bundle: Bundle) -> None:
    good = counts_of(1).decode().splitlines()[1]
    swapped = good.replace("13.9", "139")
    content = counts_of(1, good.replace("13.9", "many"), good, swapped, good + ",1")
    batch_id = UUID(send(hilltop, content).json()["batch"]["id"])

    batch = run_through(hilltop, batch_id)

    assert (batch.classified, batch.refused) == (2, 3)
    client = hilltop.client(Role.LAB)
    found = client.get(f"{AT}/{batch_id}/errors").json()
    assert found["next"] is None
    assert [each["line"] for each in found["errors"]] == [3, 5, 6]
    assert found["errors"][0]["errors"] == [{"field": "hemoglobin", "error": "is not a number"}]
    assert found["errors"][1]["errors"][0]["field"] == "hemoglobin"
    table = client.get(f"{AT}/{batch_id}/errors.csv").getvalue().decode()
    assert table.splitlines()[:2] == ["line,field,error", "3,hemoglobin,is not a number"]
    assert "139" not in table
    assert "many" not in table


def test_patients_are_those_that_the_sender_may_screen_and_who_opted_out_is_not(
    hilltop: Clinic, bundle: Bundle
) -> None:
    plain = counts_of(2).decode().splitlines()
    ids = [hilltop.patient_id, hilltop.other_patient_id, new_id()]
    content = "\n".join([f"patient_id,{plain[0]}", *(f"{id},{plain[1]}" for id in ids)]).encode()
    with inside(hilltop.id):
        Patient.objects.filter(id=hilltop.patient_id).update(birth_date=None, sex="unknown")

    first = run_through(hilltop, UUID(send(hilltop, content, Role.DOCTOR).json()["batch"]["id"]))
    with inside(hilltop.id):
        set_opt_out(by=hilltop.who[Role.ADMIN], patient_id=hilltop.patient_id, opted_out=True, now=now())
    second = run_through(hilltop, UUID(send(hilltop, content, Role.DOCTOR).json()["batch"]["id"]))

    nobody, objects = (
        [["patient_id", "is nobody whom you may screen"]],
        [["patient_id", "does not want to be screened"]],
    )
    assert rows_of(hilltop, first.id) == [(2, True, []), (3, False, nobody), (4, False, nobody)]
    assert rows_of(hilltop, second.id) == [(2, False, objects), (3, False, nobody), (4, False, nobody)]


def test_the_file_is_gone_when_its_rows_are_done(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        batch = batch_of(None, hilltop.who[Role.LAB])
    assert parts_of(batch.file_id, hilltop.id)

    run_through(hilltop, batch.id)
    with inside(hilltop.id):
        file = File.objects.get(id=batch.file_id)
        tasks.remove_batch_file(file_id=batch.file_id)

    assert (file.state, file.manifest) == (State.ERASED, None)
    assert not parts_of(batch.file_id, hilltop.id)


def test_a_job_that_is_done_again_does_nothing(
    hilltop: Clinic, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "AT_A_TIME", 2)
    with inside(hilltop.id):
        batch = batch_of(None, hilltop.who[Role.LAB], counts_of(5))

    done = []
    for after in (0, 0, 2, 2, 0, 4, 4):
        with inside(hilltop.id):
            tasks.run_batch(batch_id=batch.id, after=after)
            done.append(Batch.objects.get(id=batch.id).done)

    assert (done, screenings(hilltop)) == ([2, 2, 4, 4, 4, 5, 5], 5)
    assert [line for line, _, _ in rows_of(hilltop, batch.id)] == [2, 3, 4, 5, 6]


def test_what_is_left_to_do_is_asked_for_as_a_job(
    hilltop: Clinic, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "AT_A_TIME", 2)

    def asked_for(task: str) -> list[Any]:
        with atomic(CLINICAL), cursor(CLINICAL) as session:
            session.execute("SET LOCAL role none")
            found = Queued.objects.filter(task_name=task, args__organization=str(hilltop.id)).order_by("id")
            return [each.args["arguments"] for each in found]

    with inside(hilltop.id):
        batch = batch_of(None, hilltop.who[Role.LAB], counts_of(3))
    run_through(hilltop, batch.id)

    assert [each["after"] for each in asked_for("screening.run_batch")] == [0, 2]
    assert asked_for("screening.remove_batch_file") == [{"file_id": str(batch.file_id)}]


def test_what_a_dying_worker_did_not_commit_is_done_by_the_next(
    hilltop: Clinic, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "AT_A_TIME", 2)
    with inside(hilltop.id):
        batch = batch_of(None, hilltop.who[Role.LAB], counts_of(3))

    undone(hilltop, lambda: tasks.run_batch(batch_id=batch.id, after=0))

    assert screenings(hilltop) == 0
    assert run_through(hilltop, batch.id).classified == 3
    assert screenings(hilltop) == 3


def test_who_left_meanwhile_gets_no_answer(hilltop: Clinic, bundle: Bundle) -> None:
    lab = hilltop.who[Role.LAB]
    with inside(hilltop.id):
        batch = batch_of(None, lab)
    Membership.objects.filter(id=lab.membership_id or NIL).update(roles=["BILLER"])

    found = run_through(hilltop, batch.id)

    assert (found.state, found.failure, found.done) == ("failed", "not-permitted", 0)
    assert screenings(hilltop) == 0


def test_who_cannot_sign_in_any_more_gets_no_answer(hilltop: Clinic, bundle: Bundle) -> None:
    lab = hilltop.who[Role.LAB]
    with inside(hilltop.id):
        batch = batch_of(None, lab)
    Account.objects.filter(id=lab.account_id or NIL).update(is_active=False)

    found = run_through(hilltop, batch.id)
    with inside(hilltop.id):
        tasks.run_batch(batch_id=batch.id, after=0)
        told = Notification.objects.filter(resource_id=batch.id).count()

    assert (found.state, found.failure, found.done) == ("failed", "not-permitted", 0)
    assert (screenings(hilltop), told) == (0, 1)


def test_for_a_laboratory_that_is_closed_nothing_is_begun(hilltop: Clinic, bundle: Bundle) -> None:
    admin = hilltop.who[Role.ADMIN]
    with inside(hilltop.id):
        closed = save_laboratory(
            by=admin, laboratory_id=None, name="North", code="n", active=False, if_match=None, now=now()
        )

    answer = send(hilltop, counts_of(1), Role.ADMIN, asked=f"?laboratory={closed.id}")

    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["query", "laboratory"])
    with inside(hilltop.id):
        assert not Batch.objects.exists()
        assert not File.objects.exists()


def test_who_is_no_member_sends_nothing(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        with pytest.raises(NotPermitted):
            batch_of(None, replace(hilltop.who[Role.ADMIN], membership_id=None))

        assert not Batch.objects.exists()


def test_who_left_the_laboratory_screens_for_it_no_more(hilltop: Clinic, bundle: Bundle) -> None:
    admin, lab = hilltop.who[Role.ADMIN], hilltop.who[Role.LAB]
    with inside(hilltop.id):
        north = save_laboratory(
            by=admin, laboratory_id=None, name="North", code="n", active=True, if_match=None, now=now()
        )
        staff = add_staff(by=admin, laboratory_id=north.id, account_id=lab.account_id or NIL, now=now())
        batch = batch_of(north.id, lab)
        type(staff).objects.filter(id=staff.id).update(until=now())

    found = run_through(hilltop, batch.id)

    assert (found.state, found.failure, screenings(hilltop)) == ("failed", "not-found", 0)


@pytest.mark.parametrize("retired", [0, 2])
def test_without_a_model_a_batch_ends_at_once_and_what_was_answered_before_counts(
    hilltop: Clinic, bundle: Bundle, retired: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, admin = hilltop.who[Role.LAB], hilltop.who[Role.ADMIN]
    asked: list[Any] = []

    def retiring(**question: Any) -> Any:
        if len(asked) == retired:
            change_state(
                by=admin, content_hash=bundle.content_hash, state=BundleStanding.RETIRED,
                words=Words("Dr Ama Mensah", "Replaced"), now=now(),
            )  # fmt: skip
        asked.append(question)
        return classify(**question)

    monkeypatch.setattr(batches, "classify", retiring)
    with inside(hilltop.id):
        batch = batch_of(None, lab, counts_of(3))
        tasks.run_batch(batch_id=batch.id, after=0)
        found = Batch.objects.get(id=batch.id)
        told = Notification.objects.filter(account_id=lab.account_id or NIL, resource_id=batch.id).count()

    assert (found.state, found.failure, told) == ("failed", "no-model-answers", 1)
    assert (found.done, found.classified, screenings(hilltop)) == (retired, retired, retired)
    assert rows_of(hilltop, batch.id) == [(line, True, []) for line in range(2, 2 + retired)]
    again = send(hilltop, counts_of(1))
    assert (again.status_code, again.json()["type"]) == (409, "/problems/no-model-answers")


def test_a_batch_ends_where_the_models_file_is_gone(hilltop: Clinic, bundle: Bundle, shelved: Path) -> None:
    with inside(hilltop.id):
        batch = batch_of(None, hilltop.who[Role.LAB])
    shelf._bundle.cache_clear()
    shutil.rmtree(shelved / bundle.content_hash)

    found = run_through(hilltop, batch.id)

    assert (found.state, found.failure, screenings(hilltop)) == ("failed", "bundle-missing", 0)


def test_a_batch_at_which_nothing_happens_for_a_day_is_ended(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        batch = batch_of(None, hilltop.who[Role.LAB])
        Batch.objects.filter(id=batch.id).update(updated_at=now() - timedelta(hours=25))
        fresh = batch_of(None, hilltop.who[Role.LAB])
        Batch.objects.filter(id=fresh.id).update(updated_at=now())

        assert [batches.end_stuck_batches(now()) for _ in range(2)] == [1, 0]
        later = now() + timedelta(days=2)
        run_through(hilltop, fresh.id)
        assert batches.end_stuck_batches(later) == 0

        assert list(Batch.objects.order_by("id").values_list("state", "failure")) == [
            ("failed", "stuck"),
            ("finished", ""),
        ]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"age,sex\n45,female\n", 422),
        (counts_of(0), 422),
        (counts_of(1).replace(b"female", b"f\xe9male"), 422),
        (b"", 422),
        (b"%PDF-1.7\n", 422),
        (counts_of(1) + b'"', 422),
    ],
)
def test_a_file_that_is_not_understood_leaves_nothing(
    hilltop: Clinic, bundle: Bundle, content: bytes, status: int
) -> None:
    answer = send(hilltop, content)

    assert answer.status_code == status, answer.content
    assert b"female" not in answer.content
    with inside(hilltop.id):
        assert not Batch.objects.exists()
        assert not File.objects.exists()


def test_a_body_that_ends_before_it_said_is_refused() -> None:
    cut = SimpleNamespace(META={"CONTENT_LENGTH": "9"}, read=BytesIO(b"age,sex\n").read)
    got: list[bytes] = []

    with pytest.raises(Malformed):
        _take_body(cast("Any", cut), got.append)

    assert got == [b"age,sex\n"]


def test_who_belongs_to_no_organization_sends_nothing() -> None:
    with pytest.raises(NotPermitted):
        receive_batch(cast("Any", SimpleNamespace(caller=Caller(operator=True))))


def test_clinical_mode_needs_an_active_model_before_anything_is_kept(hilltop: Clinic, bundle: Bundle) -> None:
    answer = send(hilltop, counts_of(1), asked="?mode=clinical")

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/model-not-validated")
    with inside(hilltop.id):
        assert not Batch.objects.exists()
        assert not File.objects.exists()


def test_the_same_file_sent_again_under_one_key_is_one_batch(hilltop: Clinic, bundle: Bundle) -> None:
    first, second = (send(hilltop, counts_of(1), key="once") for _ in range(2))
    other = send(hilltop, counts_of(1), asked="?mode=clinical", key="once")

    assert first.json() == second.json()
    assert other.status_code == 422
    with inside(hilltop.id):
        assert Batch.objects.count() == File.objects.count() == 1


def test_batches_are_seen_by_who_sent_them_and_by_the_laboratory(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        batch = batch_of(None, hilltop.who[Role.DOCTOR])

    for role, status in ((Role.DOCTOR, 200), (Role.ADMIN, 200), (Role.LAB, 404), (Role.PATIENT, 403)):
        assert hilltop.client(role).get(f"{AT}/{batch.id}").status_code == status
        assert hilltop.client(role).get(f"{AT}/{batch.id}/errors.csv").status_code == status
    assert hilltop.client(Role.LAB).get(AT).json()["batches"] == []


def test_a_batch_for_a_laboratory_is_seen_by_who_works_there(hilltop: Clinic, bundle: Bundle) -> None:
    blood = laboratory(hilltop, "Blood")
    with inside(hilltop.id):
        batch = batch_of(blood, hilltop.who[Role.ADMIN])

    assert hilltop.client(Role.LAB).get(f"{AT}/{batch.id}").json()["batch"]["laboratory_id"] == str(blood)
    assert hilltop.client(Role.DOCTOR).get(f"{AT}/{batch.id}").status_code == 404
