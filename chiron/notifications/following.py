"""What accounts were told after a number: read for as many of an organization as there are, by one query."""

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Max

from chiron.kernel.db import CLINICAL, cursor
from chiron.notifications.models import Counter
from chiron.notifications.wire import Told
from chiron.tenancy.public import inside

AT_ONCE = 100
"""Of one account; who gets as many is to ask for more."""
AFTER = f"""
    SELECT told.* FROM unnest(%s::uuid[], %s::bigint[]) AS asked (account_id, last) CROSS JOIN LATERAL (
        SELECT account_id, number, id, kind, resource, resource_id, at, read_at
          FROM notifications_notification AS one
         WHERE one.account_id = asked.account_id AND one.number > asked.last ORDER BY one.number LIMIT {AT_ONCE}
    ) AS told ORDER BY told.account_id, told.number
"""  # noqa: S608


def told_after(last: Mapping[UUID, int]) -> list[Told]:
    """What each of these accounts was told after that number, in the order of numbers, at most `AT_ONCE` of each.

    In the current organization's transaction.
    """
    with cursor(CLINICAL) as rows:
        rows.execute(AFTER, [list(last), list(last.values())])
        return [Told(*row) for row in rows.fetchall()]


def told_in(organization_id: UUID, last: Mapping[UUID, int]) -> list[Told]:
    """The same in a transaction of that organization."""
    with inside(organization_id):
        return told_after(last)


def newest_of(account_id: UUID) -> int:
    """The number of the account's last notification, 0 where it was told nothing."""
    found: int | None = Counter.objects.filter(id=account_id).aggregate(last=Max("last"))["last"]
    return found or 0
