"""Asking for jobs: with the change or not at all, in one's own organization's name, with ids only."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import ProgrammingError

from chiron.jobs.models import Queued, Waiting
from chiron.jobs.queries import queue_state
from chiron.jobs.registry import as_arguments
from chiron.jobs.relay import relay
from chiron.jobs.services import enqueue, enqueue_from_accounts
from chiron.jobs.tests.tasks import note
from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic, cursor, roll_back
from chiron.kernel.ids import new_id
from chiron.tenancy.public import inside
from tests.town import Clinic

NINE = datetime(2031, 5, 5, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def empty_outbox(town: Any) -> None:
    """What tests that commit have left to relay is none of ours."""
    Waiting.objects.using(ACCOUNTS).all().delete()


def queued() -> list[Queued]:
    with atomic(CLINICAL), cursor(CLINICAL) as session:
        session.execute("SET LOCAL role none")
        return list(Queued.objects.filter(task_name__startswith="tests.").order_by("id"))


def test_a_job_is_enqueued_with_the_change_and_for_its_organization(hilltop: Clinic) -> None:
    thing = new_id()

    with inside(hilltop.id):
        effect = enqueue(note, thing_id=thing, due=NINE)

    [found] = queued()
    assert (found.task_name, found.status, found.scheduled_at) == ("tests.note", "todo", NINE)
    assert found.args == {
        "effect": str(effect),
        "organization": str(hilltop.id),
        "arguments": {"thing_id": str(thing)},
    }


def test_a_change_that_is_rolled_back_asks_for_nothing(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        enqueue(note, thing_id=new_id())
        roll_back(CLINICAL)

    assert queued() == []


def test_outside_of_an_organization_nothing_is_enqueued(town: Any) -> None:
    with pytest.raises(ProgrammingError, match="enqueued inside an organization"), atomic(CLINICAL):
        enqueue(note, thing_id=new_id())

    assert queued() == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM public.procrastinate_jobs",
        "INSERT INTO public.procrastinate_jobs (queue_name, task_name) VALUES ('default', 'tests.note')",
        "DELETE FROM public.procrastinate_jobs",
        "SELECT * FROM public.procrastinate_events",
        "SELECT public.procrastinate_fetch_job_v2(NULL, 1)",
        "SELECT public.procrastinate_retry_job_v2(1, now(), NULL, NULL, NULL)",
    ],
)
def test_an_organization_cannot_read_or_change_the_queue(statement: str, hilltop: Clinic) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), inside(hilltop.id), cursor(CLINICAL) as session:
        session.execute(statement)


def test_an_organization_cannot_speak_for_another(hilltop: Clinic, riverside: Clinic) -> None:
    """What it says about itself is not asked."""
    with inside(hilltop.id), cursor(CLINICAL) as session:
        body = f'{{"organization": "{riverside.id}"}}'
        session.execute("SELECT public.enqueue(%s, 'tests.note', %s::jsonb, NULL)", [new_id(), body])

    [found] = queued()
    assert found.args["organization"] == str(hilltop.id)


def test_what_accounts_asks_for_waits_there_and_is_relayed(hilltop: Clinic) -> None:
    thing = new_id()
    with atomic(ACCOUNTS):
        effect = enqueue_from_accounts(note, organization_id=hilltop.id, thing_id=thing)
    assert queued() == []

    assert relay() == 1
    assert relay() == 0

    [found] = queued()
    assert found.args["effect"] == str(effect)
    assert found.args["organization"] == str(hilltop.id)
    assert not Waiting.objects.using(ACCOUNTS).exists()


def test_a_rolled_back_change_of_accounts_asks_for_nothing(hilltop: Clinic) -> None:
    with atomic(ACCOUNTS):
        enqueue_from_accounts(note, organization_id=hilltop.id, thing_id=new_id())
        roll_back(ACCOUNTS)

    assert relay() == 0


def test_the_queue_is_told_in_numbers(hilltop: Clinic) -> None:
    before = queue_state()
    with inside(hilltop.id):
        enqueue(note, thing_id=new_id())
        enqueue(note, thing_id=new_id(), due=NINE)
    with atomic(CLINICAL), cursor(CLINICAL) as session:
        session.execute("SET LOCAL role none; SET LOCAL search_path TO public")
        session.execute("SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'tests.held', 0, NULL, NULL, '{}', "
                        "now() - interval '1 hour')]::procrastinate_job_to_defer_v1[])")  # fmt: skip
        session.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE task_name = 'tests.held'")
        session.execute("SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'tests.late', 0, NULL, NULL, '{}', "
                        "now() - interval '1 hour')]::procrastinate_job_to_defer_v1[])")  # fmt: skip

    state = queue_state()

    assert (state.waiting - before.waiting, state.stalled - before.stalled) == (3, 1)
    assert timedelta(hours=1) <= state.oldest < timedelta(hours=2)


@pytest.mark.parametrize("value", ["Ama Owusu", b"\x00", 1.5, {"name": "Ama"}, ["Ama"]])
def test_a_job_carries_no_data(value: object, hilltop: Clinic) -> None:
    with pytest.raises(TypeError, match="pass an id and read the rest") as refused, inside(hilltop.id):
        enqueue(note, thing_id=value)

    assert "Ama" not in str(refused.value)
    assert queued() == []


def test_ids_numbers_and_times_come_out_as_they_went_in() -> None:
    id = UUID(int=7)

    assert as_arguments({"id": id, "number": 3, "sure": True, "none": None, "day": date(2031, 5, 5), "at": NINE}) == {
        "id": str(id), "number": 3, "sure": True, "none": None, "day": "2031-05-05", "at": "2031-05-05 09:00:00+00:00",
    }  # fmt: skip
