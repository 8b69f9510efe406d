"""What was taken back within the life of an access token: known at once here, within a second everywhere else.

A signature says that a token was ours when it was made. Whether its session still stands, its rights are still the same
and its organization still answers is read as one snapshot, at most once a second in each process, however many requests
there are: from the database or, where another process signs people in, from that. Where it cannot be read, nobody is
let in.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.expressions import Combinable

from chiron.identity import elsewhere
from chiron.identity.errors import OrganizationSuspended
from chiron.identity.models import Membership, Removal, Session
from chiron.identity.rules import ACCESS_LIFETIME
from chiron.identity.tokens import Verified
from chiron.kernel import clock
from chiron.kernel.db import ACCOUNTS, on_commit
from chiron.kernel.errors import NotSignedIn, Unavailable
from chiron.tenancy.public import Organization

SECONDS = 1.0
MARGIN = timedelta(minutes=1)
"""A change may wait that long between taking its time and being committed, or lie on a clock that is late."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Ended sessions, the present version of changed memberships, organizations suspended or being deleted."""

    sessions: frozenset[UUID] = frozenset()
    versions: dict[UUID, int] = field(default_factory=dict)
    suspended: frozenset[UUID] = frozenset()

    def check(self, token: Verified) -> None:
        """Raises NotSignedIn when the token's session ended or its rights changed, OrganizationSuspended."""
        caller = token.caller
        if caller.session_id in self.sessions:
            raise NotSignedIn
        if caller.membership_id and self.versions.get(caller.membership_id, 0) > token.authz_version:
            raise NotSignedIn
        if caller.organization_id in self.suspended:
            raise OrganizationSuspended

    def as_said(self) -> dict[str, Any]:
        """How one process tells another."""
        return {
            "sessions": [str(id) for id in self.sessions],
            "versions": {str(id): version for id, version in self.versions.items()},
            "suspended": [str(id) for id in self.suspended],
        }

    @classmethod
    def heard(cls, said: dict[str, Any]) -> "Snapshot":
        """What another process told. Raises Unavailable where that is no snapshot."""
        try:
            return cls(
                frozenset(UUID(id) for id in said["sessions"]),
                {UUID(id): int(version) for id, version in said["versions"].items()},
                frozenset(UUID(id) for id in said["suspended"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Unavailable from None


def snapshot_as_of(now: datetime) -> Snapshot:
    """What was taken back until now, from who signs people in. Raises Unavailable where that cannot be asked."""
    if elsewhere.is_elsewhere():
        return Snapshot.heard(elsewhere.auth_service(settings.AUTH_SERVICE_URL).taken_back(now))
    return read_snapshot(now)


def read_snapshot(now: datetime) -> Snapshot:
    """What no token issued before `now` may outlive, by one query."""
    since = now - ACCESS_LIFETIME - MARGIN
    sessions = Session.objects.filter(revoked_at__gte=since)
    memberships = Membership.objects.filter(authz_changed_at__gte=since)
    organizations = Organization.objects.filter(suspended_at__isnull=False)
    removed = Removal.objects.filter(Q(finished_at=None) | Q(finished_at__gte=since))
    rows = (
        _rows(sessions, "session", Value(0))
        .union(_rows(memberships, "membership", F("authz_version")), all=True)
        .union(_rows(organizations, "organization", Value(0)), all=True)
        .union(_rows(removed, "organization", Value(0), "organization_id"), all=True)
    )
    found: dict[str, dict[UUID, int]] = defaultdict(dict)
    for kind, id, number in rows:
        found[kind][id] = number
    return Snapshot(frozenset(found["session"]), found["membership"], frozenset(found["organization"]))


def _rows(
    rows: "QuerySet[Any]", kind: str, number: Combinable, id: str = "id"
) -> "QuerySet[Any, tuple[str, UUID, int]]":
    return rows.values_list(Value(kind, output_field=CharField()), id, number)


class Revocations:
    """The latest snapshot, never older than a second when it is asked."""

    def __init__(
        self,
        read: Callable[[datetime], Snapshot] = snapshot_as_of,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._seconds = read, seconds
        self._reading = Lock()
        self._snapshot = Snapshot()
        self._fresh_until = float("-inf")
        self._taken_back = 0

    def check(self, token: Verified) -> None:
        """Raises NotSignedIn when the token's session ended or its rights changed, OrganizationSuspended."""
        self.current().check(token)

    def current(self) -> Snapshot:
        """The snapshot, read anew when a second has passed or something was taken back in this process."""
        if self._seconds() >= self._fresh_until:
            with self._reading:
                if self._seconds() >= self._fresh_until:
                    self._renew()
        return self._snapshot

    def _renew(self) -> None:
        taken_back, started = self._taken_back, self._seconds()
        self._snapshot = self._read(clock.now())
        self._fresh_until = started + SECONDS
        if taken_back != self._taken_back:
            self._fresh_until = float("-inf")

    def take_effect(self) -> None:
        """Something was taken back in this process: the next question reads anew, though a reading be under way."""
        self._taken_back += 1
        self._fresh_until = float("-inf")


revocations = Revocations()


def take_effect_at_commit() -> None:
    """Have this process refuse what the current transaction takes back, from its commit on and already within it."""
    revocations.take_effect()
    on_commit(ACCOUNTS, revocations.take_effect)
