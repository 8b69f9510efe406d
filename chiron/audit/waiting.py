"""How long events wait for the sealer, as a process sees it that is not the sealer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic, cursor
from chiron.kernel.ids import NIL
from chiron.tenancy.public import inside, organizations_after

OLDEST_UNSEALED = """
    SELECT min(e.at) FROM audit_event e
     WHERE e.xid >= coalesce((SELECT w.sealed_below FROM audit_watermark w JOIN pg_control_system() s
                                  ON s.system_identifier = w.system_identifier), 0)
       AND NOT EXISTS (SELECT FROM audit_leaf l WHERE l.event_id = e.id)
"""


@dataclass(slots=True)
class Watch:
    """Looks at the platform's trail each time, and at a few organizations' in turn, so that a look stays cheap."""

    at_a_time: int = 20
    reached: UUID = NIL

    def longest_wait(self, now: datetime) -> timedelta:
        """How long the oldest unsealed event of the trails looked at has been waiting; zero when all are sealed."""
        with atomic(ACCOUNTS):
            waiting = [_oldest(ACCOUNTS)]
        organizations = organizations_after(self.reached, self.at_a_time)
        for organization in organizations:
            with inside(organization.id):
                waiting.append(_oldest(CLINICAL))
        self.reached = organizations[-1].id if len(organizations) == self.at_a_time else NIL
        return max((now - since for since in waiting if since), default=timedelta(0))


def _oldest(alias: str) -> datetime | None:
    with cursor(alias) as asked:
        asked.execute(OLDEST_UNSEALED)
        [since] = asked.fetchone()
    return since  # type: ignore[no-any-return]
