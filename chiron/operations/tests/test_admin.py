"""The queue in the administration: the operator sees what is dead and has it tried again."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from chiron.audit.models import Event
from chiron.identity.public import Account, Role, create_operator
from chiron.jobs.models import Queued
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic, cursor
from tests.town import PASSWORD, Clinic

PAGE = "/admin/jobs/queued/"


@pytest.fixture
def operator(town: Any) -> Account:
    return create_operator(by=Caller(operator=True), username="olga", password=PASSWORD, now=now())


@pytest.fixture
def desk(operator: Account) -> Client:
    """The browser of an operator who has signed in."""
    browser = Client()
    browser.post("/admin/login/", {"username": "olga", "password": PASSWORD, "next": "/admin/"})
    return browser


@pytest.fixture
def jobs(town: Any) -> dict[str, int]:
    """A job that is dead and one that waits, by their names."""
    found = {}
    with atomic(CLINICAL), cursor(CLINICAL) as queue:
        queue.execute("SET LOCAL search_path TO public")
        for name, status in (("tests.dead", "failed"), ("tests.waits", "todo")):
            queue.execute(
                "INSERT INTO procrastinate_jobs (task_name, status, attempts, args, queue_name)"
                " VALUES (%s, %s, 8, '{}', 'default') RETURNING id",
                [name, status],
            )
            [found[name]] = queue.fetchone()
    return found


def status(job_id: int) -> str:
    with atomic(CLINICAL):
        return Queued.objects.get(id=job_id).status


def replays(by: UUID) -> list[tuple[str, str]]:
    events = Event.objects.using(ACCOUNTS).filter(account_id=by, action="job.tried_again")
    return list(events.values_list("resource", "outcome"))


def test_a_dead_job_is_seen_and_tried_again(desk: Client, operator: Account, jobs: dict[str, int]) -> None:
    seen = desk.get(PAGE, {"status": "failed"})
    assert b"tests.dead" in seen.content
    assert b"tests.waits" not in seen.content

    answer = desk.post(PAGE, {"action": "replay", "_selected_action": [jobs["tests.dead"]]}, follow=True)

    assert b"will be tried again" in answer.content
    assert status(jobs["tests.dead"]) == "todo"
    assert replays(operator.id) == [("jobs", "success")]


def test_a_job_that_waits_is_left_alone(desk: Client, operator: Account, jobs: dict[str, int]) -> None:
    answer = desk.post(PAGE, {"action": "replay", "_selected_action": [jobs["tests.waits"]]}, follow=True)

    assert b"That job still waits or is being done." in answer.content
    assert status(jobs["tests.waits"]) == "todo"
    assert replays(operator.id) == []


def test_an_organizations_admin_neither_sees_nor_replays_jobs(hilltop: Clinic, jobs: dict[str, int]) -> None:
    browser = hilltop.desk(Role.ADMIN)

    answers = [browser.get(PAGE), browser.post(PAGE, {"action": "replay", "_selected_action": [jobs["tests.dead"]]})]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert status(jobs["tests.dead"]) == "failed"
