"""Guessing is bounded: after five failures in a row there is a pause, and each further failure doubles it, up to a day.

An attempt counts as failed before it is looked at, by one upsert, so that of any number of concurrent guesses only
those that are due are looked at; success takes the count back. Each guess after the fifth waits for the pause to end:
a hundred take three months, whatever the number of addresses they come from.
"""

from datetime import datetime
from math import ceil

from chiron.identity.digests import digest_of
from chiron.identity.models import Lockout
from chiron.kernel.db import ACCOUNTS, cursor
from chiron.kernel.errors import LockedOut

FREE = 5
ATTEMPT = """
INSERT INTO identity_lockout AS known (id, failures, until) VALUES (%(id)s, 1, %(now)s)
ON CONFLICT (id) DO UPDATE SET
    failures = known.failures + 1,
    until = CASE WHEN known.failures + 1 < %(free)s THEN %(now)s
        ELSE %(now)s + LEAST(interval '1 day', interval '1 minute' * 2 ^ LEAST(known.failures + 1 - %(free)s, 11)) END
WHERE known.failures < %(free)s OR known.until <= %(now)s
RETURNING failures
"""


def attempt(lock: str, *, now: datetime) -> None:
    """Count an attempt at what this lock guards. Raises LockedOut where it may not even be looked at."""
    id = digest_of("lockout", lock)
    with cursor(ACCOUNTS) as counting:
        counting.execute(ATTEMPT, {"id": id, "now": now, "free": FREE})
        if counting.fetchone() is not None:
            return
    until = Lockout.objects.values_list("until", flat=True).filter(id=id).first() or now
    raise LockedOut(retry_after=max(1, ceil((until - now).total_seconds())))


def forgive(*locks: str) -> None:
    """It was no guess: forget the failures."""
    Lockout.objects.filter(id__in=[digest_of("lockout", lock) for lock in locks]).delete()
