"""What was taken back within a token's lifetime, read at most once a second by each process."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from chiron.identity.models import Membership, Session
from chiron.identity.tokens import LIFETIME
from chiron.kernel.clock import now
from chiron.kernel.db import ACCOUNTS, on_commit
from chiron.tenancy.public import Organization

MARGIN = timedelta(seconds=30)


class Revocations:
    """A snapshot: revoked sessions, memberships whose rights changed, suspended organizations."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, max_age: float = 1.0) -> None:
        self.clock, self.max_age = clock, max_age
        self.lock = threading.Lock()
        self.read_at = float("-inf")
        self.sessions: frozenset[UUID] = frozenset()
        self.versions: dict[UUID, int] = {}
        self.suspended: frozenset[UUID] = frozenset()

    def refresh(self) -> None:
        """Read again when the snapshot is older than a second; its age counts from the start of the reading."""
        if self.clock() - self.read_at <= self.max_age:
            return
        with self.lock:
            started = self.clock()
            if started - self.read_at > self.max_age:
                self._read()
                self.read_at = started

    def forget(self) -> None:
        """Read again at the next question: something was just taken back in this process."""
        self.read_at = float("-inf")

    def refuses(self, claims: dict[str, Any]) -> bool:
        """Whether a verified token's session was ended, or its rights changed after it was issued."""
        self.refresh()
        if UUID(claims["sid"]) in self.sessions:
            return True
        membership = claims.get("membership")
        return membership is not None and self.versions.get(UUID(membership), 0) > claims["authz_version"]

    def suspends(self, organization_id: UUID) -> bool:
        """Whether that organization is suspended."""
        return organization_id in self.suspended

    def _read(self) -> None:
        since = now() - LIFETIME - MARGIN
        self.sessions = frozenset(Session.objects.filter(revoked_at__gt=since).values_list("id", flat=True))
        self.versions = dict(
            Membership.objects.filter(Q(authz_changed_at__gt=since)).values_list("id", "authz_version")
        )
        self.suspended = frozenset(
            Organization.objects.filter(suspended_at__isnull=False).values_list("id", flat=True)
        )


revocations = Revocations()


def take_effect() -> None:
    """Have this process see what the current transaction takes back, as soon as it is committed."""
    revocations.forget()
    on_commit(ACCOUNTS, revocations.forget)
