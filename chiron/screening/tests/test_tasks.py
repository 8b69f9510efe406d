"""What screening does by itself: each organization gets a job of its own, in its own name."""

import pytest

from chiron.jobs.public import Job, Queued
from chiron.kernel.db import CLINICAL, atomic, cursor
from chiron.screening.tasks import judge_all_drift, judge_drift, link_all_results, link_new_results
from tests.town import Town


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
