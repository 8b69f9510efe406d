"""procrastinate, set up for us: its connection, our jobs as its tasks, how often they are tried, what it logs."""

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job as Attempt

from chiron.jobs.registry import Job, all_jobs
from chiron.jobs.running import perform
from chiron.kernel.db import close_connections
from chiron.kernel.ids import NIL
from chiron.kernel.log import logger
from chiron.postgres.beside import parameters_of

LONGEST_PAUSE = 3600


def queue_app() -> App:
    """procrastinate's application with every job of ours; each worker makes one."""
    app = App(connector=PsycopgConnector(kwargs=queue_server(), min_size=1, max_size=4))
    for job in all_jobs().values():
        task = app.task(name=job.name, pass_context=True, retry=Patience(job.attempts))(_attempt(job))
        if job.every:
            app.periodic(cron=job.every, periodic_id=job.name)(task)
    return app


def queue_server() -> dict[str, Any]:
    """Where workers connect: past a pooler, since they LISTEN and have a search path of their own."""
    clinical = settings.CLINICAL_DIRECT or settings.DATABASES["clinical"]
    return parameters_of(clinical) | {"options": "-c search_path=public"}


class Patience(BaseRetryStrategy):
    """Try again after 2, 4, 8, … seconds, at most an hour, until it was tried that often."""

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts

    def get_retry_decision(self, *, exception: BaseException, job: Attempt) -> RetryDecision | None:
        """When to try again, or None: then the job is dead."""
        if job.attempts + 1 >= self.attempts:
            return None
        return RetryDecision(retry_in={"seconds": min(2 ** (job.attempts + 1), LONGEST_PAUSE)})


class OnlyWhatHappened(logging.Handler):
    """procrastinate's log as ours: which job, and what became of it; never the text of an exception."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say it in one line of ours; what is no job's is said only where something is wrong."""
        job: dict[str, Any] = getattr(record, "job", {})
        if not job and record.levelno < logging.WARNING:
            return
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        action = getattr(record, "action", record.name)
        logger.log(record.levelno, "job", action=action, job=job.get("id"), task=job.get("task_name"), kind=kind)


def quieten() -> None:
    """Send procrastinate's log through `OnlyWhatHappened`."""
    queue = logging.getLogger("procrastinate")
    queue.handlers, queue.propagate = [OnlyWhatHappened()], False
    queue.setLevel(logging.INFO)


def _attempt(job: Job) -> Callable[..., None]:
    def attempt(
        context: JobContext,
        *,
        effect: str = "",
        organization: str | None = None,
        arguments: dict[str, Any] | None = None,
        timestamp: int | None = None,
    ) -> None:
        """One try, in a thread of the worker. What asks for itself has one effect each time that it is due."""
        try:
            perform(
                job,
                effect=UUID(effect) if effect else uuid5(NIL, f"{job.name} {timestamp}"),
                organization_id=UUID(organization) if organization else None,
                arguments=arguments or {},
            )
        finally:
            close_connections()

    return attempt
