"""Asking for something to be done later, in the transaction of the change that wants it; and asking again."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from chiron.audit.public import record_platform
from chiron.jobs.models import Done, Queued, Waiting
from chiron.jobs.registry import Job, as_arguments
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic, cursor
from chiron.kernel.errors import DomainError, NotFound
from chiron.kernel.ids import new_id
from chiron.postgres.owner import as_owner
from chiron.tenancy.public import all_organizations, inside

KEPT = timedelta(days=30)


class NotDead(DomainError):
    code, title = "job-not-dead", "That job still waits or is being done."


def enqueue(job: Job, *, due: datetime | None = None, **arguments: Any) -> UUID:
    """Ask for a job in the organization whose transaction is open; rolled back with it. Answers the effect's id.

    Raises TypeError for arguments that are no ids, numbers or times.
    """
    effect = new_id()
    body = orjson.dumps(as_arguments(arguments)).decode()
    with cursor(CLINICAL) as session:
        session.execute("SELECT public.enqueue(%s, %s, %s::jsonb, %s)", [effect, job.name, body, due])
    return effect


def enqueue_from_accounts(
    job: Job, *, organization_id: UUID | None = None, due: datetime | None = None, **arguments: Any
) -> UUID:
    """Ask for a job in the transaction that is open on accounts; it is relayed to the queue once that commits."""
    waiting = Waiting(job=job.name, organization_id=organization_id, arguments=as_arguments(arguments), due=due)
    waiting.save(force_insert=True, using=ACCOUNTS)
    return waiting.id


def try_again(*, by: Caller, job_id: int) -> None:
    """The operator has a dead job tried once more. Raises NotPermitted, NotFound, NotDead."""
    by.scope("jobs", "update")
    with atomic(ACCOUNTS), atomic(CLINICAL):
        found = Queued.objects.filter(id=job_id).first()
        if found is None:
            raise NotFound
        if found.status != "failed":
            raise NotDead
        with cursor(CLINICAL) as session:
            session.execute("SET LOCAL search_path TO public")
            session.execute("SELECT procrastinate_retry_job_v2(%s, now(), NULL, NULL, NULL)", [job_id])
        record_platform(by, "job.tried_again", resource="jobs", payload={"job": job_id, "name": found.task_name})


def forget_jobs_of(organization_id: UUID) -> None:
    """Forget what was asked for by an organization that is being removed. Needs the owner's login."""
    with as_owner(ACCOUNTS), atomic(ACCOUNTS):
        Waiting.objects.using(ACCOUNTS).filter(organization_id=organization_id).delete()
    with as_owner(CLINICAL), atomic(CLINICAL), cursor(CLINICAL) as session:
        session.execute(
            "DELETE FROM public.procrastinate_jobs WHERE args ->> 'organization' = %s", [str(organization_id)]
        )


def forget_asked_inside(organization_id: UUID, *, but_for: Collection[str]) -> int:
    """Forget the jobs of an organization that wait or are dead, but for those of these names; how many.

    In the owner's transaction on clinical: what asked for them is turned back in it.
    """
    with cursor(CLINICAL) as session:
        session.execute(
            "DELETE FROM public.procrastinate_jobs WHERE args ->> 'organization' = %s"
            " AND status IN ('todo', 'failed') AND NOT task_name = ANY(%s)",
            [str(organization_id), list(but_for)],
        )
        return int(session.rowcount)


def forget_done(now: datetime) -> int:
    """Forget effects that took place so long ago that nothing tries them again; answers how many."""
    old = now - KEPT
    with atomic(ACCOUNTS):
        forgotten = Done.objects.using(ACCOUNTS).filter(at__lt=old).delete()[0]
    for organization in all_organizations():
        with inside(organization.id):
            forgotten += Done.objects.using(CLINICAL).filter(at__lt=old).delete()[0]
    return forgotten
