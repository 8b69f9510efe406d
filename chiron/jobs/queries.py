"""How the queue stands."""

from dataclasses import dataclass
from datetime import timedelta

from chiron.kernel.db import CLINICAL, atomic, cursor

STATE = """
SELECT count(*) FILTER (WHERE j.status = 'todo'),
       count(*) FILTER (WHERE j.status = 'doing'),
       count(*) FILTER (WHERE j.status = 'failed'),
       count(*) FILTER (WHERE j.status = 'doing'
                          AND (w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => %s))),
       coalesce(max(now() - coalesce(j.scheduled_at, e.at)) FILTER (
           WHERE j.status = 'todo' AND coalesce(j.scheduled_at, e.at) <= now()), interval '0')
  FROM public.procrastinate_jobs j
  LEFT JOIN public.procrastinate_workers w ON w.id = j.worker_id
  LEFT JOIN public.procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred'
 WHERE j.status IN ('todo', 'doing', 'failed')
"""


BY_STATE = """
SELECT task_name, CASE WHEN status = 'failed' THEN 'dead' WHEN status = 'todo' AND attempts > 0 THEN 'retrying'
                       WHEN status = 'todo' THEN 'waiting' ELSE status::text END, count(*)
  FROM public.procrastinate_jobs GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class QueueState:
    """Jobs waiting, being done, dead, and held by a worker that fell silent; how long the oldest has been due."""

    waiting: int
    doing: int
    dead: int
    stalled: int
    oldest: timedelta


def queue_state(silence: timedelta = timedelta(seconds=60)) -> QueueState:
    """The queue of all organizations, in numbers. `silence` is how long a worker may be silent."""
    with atomic(CLINICAL), cursor(CLINICAL) as session:
        session.execute(STATE, [silence.total_seconds()])
        return QueueState(*session.fetchone())


def jobs_by_state() -> list[tuple[str, str, int]]:
    """How many there are of each job: waiting, retrying after a failure, doing, or dead."""
    with atomic(CLINICAL), cursor(CLINICAL) as session:
        session.execute(BY_STATE)
        found: list[tuple[str, str, int]] = session.fetchall()
    return found
