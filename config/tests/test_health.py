"""Health as a proxy or an orchestrator asks for it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client, override_settings

from chiron.audit.public import Watch, record, seal
from chiron.files.tests.stores import free_port, s3
from chiron.jobs.public import QueueState
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.ids import NIL
from chiron.operations import processes
from chiron.tenancy import readiness
from chiron.tenancy.public import all_organizations, inside
from config import health
from config.tests.conftest import seal_everything


def test_a_process_is_alive_without_asking_any_database() -> None:
    answer = Client().get("/health/live")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/health", "/health/"])
def test_health_names_each_database_and_the_storage(sealed: None, path: str) -> None:
    answer = Client().get(path)

    states = {"accounts": "ok", "clinical": "ok", "research": "ok"}
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "databases": states, "files": "ok"})


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_storage_out_of_reach_is_not_healthy_and_still_ready(sealed: None) -> None:
    with override_settings(STORAGES={"sealed": s3(free_port())}):
        whole, ready = Client().get("/health"), Client().get("/health/ready")

    assert (whole.status_code, whole.json()["files"], whole.json()["status"]) == (503, "down", "down")
    assert ready.status_code == 200


def test_a_migrated_and_sealed_installation_is_ready(sealed: None) -> None:
    answer = Client().get("/health/ready")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "databases": {"accounts": "ok", "clinical": "ok", "research": "ok"},
        "migrations": "ok",
        "sealer": "ok",
        "queue": "ok",
    }


def test_a_server_about_to_end_is_not_ready_and_still_answers(sealed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    flag = processes.new_flag()
    monkeypatch.setattr(processes, "_flags", [flag])
    assert Client().get("/health/ready").status_code == 200

    flag.value = True

    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "down", "server": "leaving"})
    assert Client().get("/health/live").status_code == 200


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (QueueState(waiting=3, doing=1, dead=2, stalled=0, oldest=timedelta(minutes=5)), "ok"),
        (QueueState(waiting=3, doing=1, dead=0, stalled=0, oldest=timedelta(minutes=5, seconds=1)), "behind"),
        (QueueState(waiting=0, doing=1, dead=0, stalled=1, oldest=timedelta(0)), "stalled"),
    ],
)
def test_jobs_that_nobody_does_are_told(
    state: QueueState, told: str, sealed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LONGEST_WAIT_FOR_A_WORKER", timedelta(minutes=5))
    monkeypatch.setattr(health, "queue_state", lambda: state)

    answer = Client().get("/health/ready")

    assert (answer.status_code, answer.json()["queue"]) == (200 if told == "ok" else 503, told)


def test_a_missing_migration_is_not_ready(sealed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    known = readiness.migrations_of_this_version()
    monkeypatch.setattr(readiness, "migrations_of_this_version", lambda: known | {("records", "9999_later")})

    answer = Client().get("/health/ready")

    assert (answer.status_code, answer.json()["migrations"], answer.json()["status"]) == (503, "missing", "down")
    assert answer.headers["Retry-After"] == "1"


def test_an_organization_whose_events_wait_for_the_sealer_is_not_ready(
    sealed: None, fresh_organization: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal("accounts", None)  # the organization's own beginning
    with inside(fresh_organization.id):
        record(Caller(organization_id=fresh_organization.id), "patient.read", resource="patients")
    monkeypatch.setattr(health, "now", lambda: now() + timedelta(seconds=61))
    monkeypatch.setattr(health.watch, "reached", NIL)

    late = Client().get("/health/ready")
    seal_everything()
    monkeypatch.setattr(health.watch, "reached", NIL)
    in_time = Client().get("/health/ready")

    assert (late.status_code, late.json()["sealer"]) == (503, "behind")
    assert (in_time.status_code, in_time.json()["sealer"]) == (200, "ok")


def test_every_organization_has_its_turn(sealed: None, fresh_organization: Any) -> None:
    seal("accounts", None)  # the organization's own beginning
    with inside(fresh_organization.id):
        record(Caller(organization_id=fresh_organization.id), "patient.read", resource="patients")
    watch = Watch(at_a_time=1)
    later = now() + timedelta(seconds=90)

    waits = [watch.longest_wait(later) for _ in all_organizations()]

    assert [wait > timedelta(seconds=89) for wait in waits].count(True) == 1


def test_a_database_out_of_reach_is_named_and_nothing_else_about_it(sealed: None) -> None:
    research = connections["research"]
    research.close()
    port = research.settings_dict["PORT"]
    research.settings_dict["PORT"] = "1"
    try:
        answers = [Client().get(path) for path in ("/health", "/health/ready", "/health/live")]
    finally:
        research.settings_dict["PORT"] = port

    assert [answer.status_code for answer in answers] == [503, 503, 200]
    told = {"status": "down", "databases": {"accounts": "ok", "clinical": "ok", "research": "down"}}
    assert answers[0].json() == told | {"files": "ok"}
    assert answers[1].json() == told


def test_health_may_only_be_read() -> None:
    assert Client().post("/health/live").status_code == 405
