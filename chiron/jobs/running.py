"""Doing a job: once in its effect, in the organization that asked for it."""

from typing import Any
from uuid import UUID

from chiron.jobs.models import Done
from chiron.jobs.registry import Job
from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic
from chiron.tenancy.public import inside


def perform(job: Job, *, effect: UUID, organization_id: UUID | None, arguments: dict[str, Any]) -> bool:
    """Do a job and mark its effect as done, both or neither; False where it was done before.

    Two who try at once take turns at the mark, and the second does nothing.
    """
    alias = CLINICAL if organization_id else ACCOUNTS
    with inside(organization_id) if organization_id else atomic(ACCOUNTS):
        _, is_first = Done.objects.using(alias).get_or_create(id=effect)
        if is_first:
            job(**arguments)
    return is_first
