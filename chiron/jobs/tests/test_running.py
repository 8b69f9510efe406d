"""Doing jobs: once in their effect, in the organization that asked."""

from typing import Any
from uuid import UUID

import pytest
from procrastinate.jobs import Job as Attempt
from pydantic import ValidationError

from chiron.audit.models import Event
from chiron.jobs.models import Done
from chiron.jobs.queue import Patience, _attempt, queue_server
from chiron.jobs.registry import job
from chiron.jobs.running import perform
from chiron.jobs.tests.tasks import fail, note
from chiron.kernel.clock import now
from chiron.kernel.db import ACCOUNTS, CLINICAL
from chiron.kernel.ids import new_id
from chiron.tenancy.public import inside
from tests.town import Clinic


def noted(clinic: Clinic) -> list[UUID | None]:
    with inside(clinic.id):
        return list(Event.objects.using(CLINICAL).filter(action="tests.noted").values_list("resource_id", flat=True))


def test_a_job_runs_in_its_organization(hilltop: Clinic, riverside: Clinic) -> None:
    thing = new_id()

    assert perform(note, effect=new_id(), organization_id=hilltop.id, arguments={"thing_id": str(thing)}) is True

    assert (noted(hilltop), noted(riverside)) == ([thing], [])


def test_tried_again_it_changes_nothing(hilltop: Clinic) -> None:
    asked: dict[str, Any] = {"effect": new_id(), "organization_id": hilltop.id}

    perform(note, **asked, arguments={"thing_id": str(new_id())})

    assert perform(note, **asked, arguments={"thing_id": str(new_id())}) is False
    assert len(noted(hilltop)) == 1


def test_a_job_that_fails_leaves_nothing_and_may_be_tried_again(hilltop: Clinic) -> None:
    effect = new_id()

    with pytest.raises(ValueError, match="was here"):
        perform(fail, effect=effect, organization_id=hilltop.id, arguments={"thing_id": str(new_id())})

    assert noted(hilltop) == []
    with inside(hilltop.id):
        assert not Done.objects.using(CLINICAL).filter(id=effect).exists()


def test_a_job_of_no_organization_runs_in_accounts(town: Any) -> None:
    effect = new_id()
    nothing = job(f"tests.nothing.{effect.hex}")(lambda: None)

    assert perform(nothing, effect=effect, organization_id=None, arguments={}) is True

    assert Done.objects.using(ACCOUNTS).filter(id=effect).exists()
    assert perform(nothing, effect=effect, organization_id=None, arguments={}) is False


def test_arguments_that_do_not_fit_are_refused(hilltop: Clinic) -> None:
    with pytest.raises(ValidationError):
        perform(note, effect=new_id(), organization_id=hilltop.id, arguments={"thing_id": "nonsense"})

    assert noted(hilltop) == []


def test_a_name_stands_for_one_job() -> None:
    with pytest.raises(ValueError, match=r"two jobs are called tests\.note"):
        job("tests.note")(lambda: None)


def test_what_asks_for_itself_is_done_once_each_time_it_is_due(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker may die after the commit and before it says so: another tries the same time again."""
    monkeypatch.setattr("chiron.jobs.queue.close_connections", lambda: None)  # this test's transaction lives on them
    times: list[int] = []
    name = f"tests.nothing.{new_id().hex}"
    attempt = _attempt(job(name, every="* * * * *")(lambda: times.append(len(times))))

    for due in (60, 60, 120):
        attempt(None, timestamp=due)

    assert times == [0, 1]


def test_pauses_between_tries_double_up_to_an_hour() -> None:
    patience = Patience(attempts=20)

    decisions = [patience.get_retry_decision(exception=ValueError(), job=tried(times)) for times in range(20)]

    pauses = [round((each.retry_at - now()).total_seconds()) if each and each.retry_at else None for each in decisions]
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, *[3600] * 8, None]


def tried(attempts: int) -> Attempt:
    return Attempt(id=1, queue="default", lock=None, queueing_lock=None, task_name="tests.note", attempts=attempts)


def test_workers_connect_past_the_pooler(settings: Any) -> None:
    requests = settings.DATABASES["clinical"]
    assert (queue_server()["host"], queue_server()["dbname"]) == (requests["HOST"], requests["NAME"])

    settings.CLINICAL_DIRECT = {"NAME": "clinical", "USER": "chiron", "HOST": "server", "PORT": 5433}

    found = queue_server()
    assert (found["host"], found["port"], found["dbname"], found["user"]) == ("server", 5433, "clinical", "chiron")
    assert found["options"] == "-c search_path=public"
