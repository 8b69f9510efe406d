"""Housekeeping that nobody asks for: what has outlived its use is removed every night, and every hour."""

from chiron.files.public import LONGEST, sweep_everywhere
from chiron.idempotency.public import forget
from chiron.jobs.public import forget_done, job
from chiron.kernel import clock
from chiron.kernel.db import ACCOUNTS, CLINICAL
from chiron.tenancy.public import all_organizations, inside


@job("operations.forget_answers", every="7 * * * *")
def forget_answers() -> None:
    """Answers kept for an Idempotency-Key live for a day."""
    now = clock.now()
    forget(ACCOUNTS, now)
    for organization in all_organizations():
        with inside(organization.id):
            forget(CLINICAL, now)


@job("operations.forget_done", every="23 3 * * *")
def forget_effects() -> None:
    """Marks of jobs that were done live for a month."""
    forget_done(clock.now())


@job("operations.sweep_files", every="41 * * * *")
def sweep_files() -> None:
    """What is left of files that never arrived whole goes after a day."""
    sweep_everywhere(begun_before=clock.now() - LONGEST)
