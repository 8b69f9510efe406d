"""Jobs of the tests; found like those of any app once this module is imported."""

from uuid import UUID

from chiron.audit.public import record
from chiron.jobs.public import job
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, cursor
from chiron.tenancy.public import current_organization_id


@job("tests.note", attempts=3)
def note(*, thing_id: UUID) -> None:
    """Leaves an event in the organization's trail: an effect that can be counted."""
    by = Caller(organization_id=current_organization_id(), device="job")
    record(by, "tests.noted", resource="tests", resource_id=thing_id)


@job("tests.slow")
def slow(*, thing_id: UUID) -> None:
    """The same, and takes a moment before it commits."""
    note.act(thing_id=thing_id)
    with cursor(CLINICAL) as session:
        session.execute("SELECT pg_sleep(0.05)")


@job("tests.fail", attempts=2)
def fail(*, thing_id: UUID) -> None:
    """Leaves an event and fails."""
    note.act(thing_id=thing_id)
    raise ValueError("Ama Owusu was here")
