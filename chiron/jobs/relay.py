"""From the outbox in accounts to the queue in clinical."""

import orjson

from chiron.jobs.models import Waiting
from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic, cursor

BATCH = 200
DEFER = """
SELECT public.procrastinate_defer_jobs_v1(ARRAY[ROW('default', %s, 0, NULL, NULL, %s::jsonb, %s)]
    ::public.procrastinate_job_to_defer_v1[])
"""


def relay() -> int:
    """Bring what waits to the queue, at most a batch; answers how much it was.

    The queue commits first. Killed in between, the same effect is in the queue twice, and done once.
    """
    with atomic(ACCOUNTS):
        waiting = list(Waiting.objects.using(ACCOUNTS).select_for_update(skip_locked=True).order_by("id")[:BATCH])
        if waiting:
            _to_queue(waiting)
            Waiting.objects.using(ACCOUNTS).filter(id__in=[each.id for each in waiting]).delete()
    return len(waiting)


def _to_queue(waiting: list[Waiting]) -> None:
    with atomic(CLINICAL), cursor(CLINICAL) as session:
        session.execute("SET LOCAL search_path TO public")
        for each in waiting:
            organization = str(each.organization_id) if each.organization_id else None
            body = {"effect": str(each.id), "organization": organization, "arguments": each.arguments}
            session.execute(DEFER, [each.job, orjson.dumps(body).decode(), each.due])
