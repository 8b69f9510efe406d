"""What screening does now and then."""

from uuid import UUID

from chiron.files.public import remove_erased
from chiron.jobs.public import enqueue, job
from chiron.kernel import clock
from chiron.screening.services.confirming import BATCH, link_results
from chiron.screening.services.drifting import judge
from chiron.tenancy.public import all_organizations, current_organization_id, inside


@job("screening.link_all_results", every="17 2 * * *")
def link_all_results() -> None:
    """Every organization links what was measured since yesterday, by a job of its own."""
    for organization in all_organizations():
        with inside(organization.id):
            enqueue(link_new_results)


@job("screening.link_new_results")
def link_new_results() -> None:
    """Screenings are linked to vitamin B12 that was measured afterwards; it comes back while there is more."""
    if link_results(clock.now()) == BATCH:
        enqueue(link_new_results)


@job("screening.judge_all_drift", every="41 3 * * 1")
def judge_all_drift() -> None:
    """Every organization holds its models against their training, by a job of its own."""
    for organization in all_organizations():
        with inside(organization.id):
            enqueue(judge_drift)


@job("screening.judge_drift")
def judge_drift() -> None:
    """Those who were screened lately are held against those whom the models were trained on, once a week."""
    judge(clock.now())


@job("screening.run_batch")
def run_batch(*, batch_id: UUID, after: int) -> None:
    """The next rows of a batch are classified; it comes back while there are more."""
    from chiron.screening.services import batches  # whose verbs ask for jobs of this file

    batches.run_batch(batch_id, after=after, now=clock.now())


@job("screening.remove_batch_file")
def remove_batch_file(*, file_id: UUID) -> None:
    """The bytes of a file whose rows are done are removed; nobody could open them any more."""
    remove_erased(current_organization_id(), [file_id])


@job("screening.end_stuck_batches", every="41 * * * *")
def end_stuck_batches() -> None:
    """Batches at which nothing has happened for a day are ended, and their files removed."""
    from chiron.screening.services import batches

    now = clock.now()
    for organization in all_organizations():
        with inside(organization.id):
            batches.end_stuck_batches(now)
