"""What other apps may use of jobs."""

from chiron.jobs.models import Queued
from chiron.jobs.queries import QueueState, jobs_by_state, queue_state
from chiron.jobs.registry import Job, job
from chiron.jobs.services import (
    NotDead,
    enqueue,
    enqueue_from_accounts,
    forget_asked_inside,
    forget_done,
    forget_jobs_of,
    try_again,
)
from chiron.jobs.worker import Worker

__all__ = [
    "Job",
    "NotDead",
    "QueueState",
    "Queued",
    "Worker",
    "enqueue",
    "enqueue_from_accounts",
    "forget_asked_inside",
    "forget_done",
    "forget_jobs_of",
    "job",
    "jobs_by_state",
    "queue_state",
    "try_again",
]
