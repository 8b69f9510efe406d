"""What screening does by itself: each organization gets a job of its own, in its own name."""

from datetime import timedelta

import pytest

from chiron.identity.public import Role
from chiron.jobs.public import Job, Queued
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, atomic, cursor
from chiron.screening import tasks
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import Batch, Drift
from chiron.screening.services.confirming import BATCH
from chiron.screening.tasks import end_stuck_batches, judge_all_drift, judge_drift, link_all_results, link_new_results
from chiron.screening.tests.factories import batch_of, screened
from chiron.tenancy.public import inside
from tests.town import Clinic, Town


def queued(task: Job) -> list[str]:
    with atomic(CLINICAL), cursor(CLINICAL) as session:
        session.execute("SET LOCAL role none")
        jobs = Queued.objects.filter(task_name=task.name)
        return sorted(str(each.args["organization"]) for each in jobs)


@pytest.mark.parametrize(("periodic", "each"), [(judge_all_drift, judge_drift), (link_all_results, link_new_results)])
def test_every_organization_gets_its_job(town: Town, periodic: Job, each: Job) -> None:
    before = queued(each)

    periodic()

    after = queued(each)
    for clinic in (town.hilltop, town.riverside):
        assert after.count(str(clinic.id)) == before.count(str(clinic.id)) + 1


def test_drift_is_judged_weekly_and_results_are_linked_daily() -> None:
    assert (judge_all_drift.every, link_all_results.every) == ("41 3 * * 1", "17 2 * * *")


@pytest.mark.parametrize(("changed", "again"), [(BATCH, 1), (BATCH - 1, 0)])
def test_linking_comes_back_while_there_is_more(
    hilltop: Clinic, monkeypatch: pytest.MonkeyPatch, changed: int, again: int
) -> None:
    monkeypatch.setattr(tasks, "link_results", lambda now: changed)
    before = queued(link_new_results)

    with inside(hilltop.id):
        link_new_results()

    assert queued(link_new_results) == sorted([*before, *[str(hilltop.id)] * again])


def test_the_weekly_job_judges_what_was_asked(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        screened(bundle_hash=bundle.content_hash, made_at=now() - timedelta(days=1))

        judge_drift()

        assert [each.bundle_hash for each in Drift.objects.all()] == [bundle.content_hash]


def test_what_is_stuck_is_ended_in_every_organization(town: Town, bundle: Bundle) -> None:
    for clinic in (town.hilltop, town.riverside):
        with inside(clinic.id):
            batch = batch_of(None, clinic.who[Role.LAB])
            Batch.objects.filter(id=batch.id).update(updated_at=now() - timedelta(hours=25))

    end_stuck_batches()

    for clinic in (town.hilltop, town.riverside):
        with inside(clinic.id):
            assert [(each.state, each.failure) for each in Batch.objects.all()] == [("failed", "stuck")]
