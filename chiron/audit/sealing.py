"""Sealing: giving events their order and their place in the tree.

Events are written without a lock and commit in any order, so their ids say nothing about what is still to come. Here
one sealer at a time takes whatever is committed and has no leaf, appends it, and signs a new head. Nothing is updated
but the watermark, which only spares the search.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Cursor

from chiron.audit import copies
from chiron.audit.canonical import event_bytes
from chiron.audit.heads import NO_HEAD, SignedHead, signed_head
from chiron.audit.trails import Connection, Trail, connect, within
from chiron.audit.tree import Frontier, leaf_hash
from chiron.kernel.clock import now

BATCH = 5000
EVENT_COLUMNS = """e.id, e.at, e.organization_id, e.account_id, e.on_behalf_of, e.session_id, e.roles, e.action,
    e.resource, e.resource_id, e.subjects, e.purpose, e.outcome, e.request_id, e.payload, e.mac, e.xid"""
HEAD_COLUMNS = "size, root, previous, at, signature, frontier"
REACHED = "e.xid >= %(since)s AND (%(until)s::bigint IS NULL OR e.xid < %(until)s)"
UNSEALED = "NOT EXISTS (SELECT FROM audit_leaf l WHERE l.event_id = e.id)"


class Untrustworthy(Exception):
    """The last head is not one that we signed over this frontier, so nothing may be built on it."""


def seal(alias: str, organization_id: UUID | None, limit: int = BATCH) -> int:
    """Seal what is committed and unsealed, at most `limit` events; answers how many.

    0 also when another sealer is at work. Raises Untrustworthy when the stored tree was tampered with.
    """
    with connect(alias) as connection:
        return seal_trail(connection, Trail(organization_id), limit)


def seal_trail(connection: Connection, trail: Trail, limit: int = BATCH) -> int:
    """One pass over one trail. The new head is copied outside the database after it was committed, never before."""
    sealed = seal_without_copy(connection, trail, limit)
    if sealed:
        publish(connection, trail)
    return sealed


def seal_without_copy(connection: Connection, trail: Trail, limit: int = BATCH) -> int:
    """The same, for who copies the heads then."""
    with within(connection, trail) as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")
        return _seal(cursor, trail, limit) if _elected(cursor, trail) else 0


def publish(connection: Connection, trail: Trail) -> None:
    """Copy every committed head that is not copied yet. Raises OSError when it cannot be kept."""

    def heads_after(size: int) -> Iterable[SignedHead]:
        with within(connection, trail) as cursor:
            cursor.execute(f"SELECT {HEAD_COLUMNS} FROM audit_head WHERE size > %s ORDER BY size", [size])  # noqa: S608
            return [head_of(row, trail) for row in cursor]

    copies.append(trail.name, heads_after)


def lag(alias: str, organization_id: UUID | None) -> timedelta:
    """How long the oldest unsealed event of a trail has been waiting; zero when all are sealed."""
    with connect(alias) as connection:
        oldest = oldest_unsealed(connection, Trail(organization_id))
    return max(now() - oldest, timedelta(0)) if oldest else timedelta(0)


def oldest_unsealed(connection: Connection, trail: Trail) -> datetime | None:
    with within(connection, trail) as cursor:
        oldest = f"SELECT min(e.at) FROM audit_event e WHERE {REACHED} AND {UNSEALED}"  # noqa: S608
        cursor.execute(oldest, _reach(cursor).bounds)
        waiting_since: datetime | None = _only(cursor)[0]
    return waiting_since


def head_of(row: Any, trail: Trail) -> SignedHead:
    return SignedHead(trail.id, row.size, row.root, row.previous, row.at, row.signature)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which transactions a pass looks at: from `since` on, and below `until` where the watermark is of this cluster.

    All transactions below `horizon` have ended.
    """

    system: int
    horizon: int
    since: int
    until: int | None

    @property
    def bounds(self) -> dict[str, int | None]:
        return {"since": self.since, "until": self.until}


def _elected(cursor: Cursor[Any], trail: Trail) -> bool:
    """Whether this is the one sealer at work on the trail, until the transaction ends.

    The transaction reads committed rows and not one snapshot for all its statements: a snapshot would be taken before
    the lock is held, and would miss the leaves of the sealer that just let go of it.
    """
    cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"audit seal {trail.schema}"])
    return bool(_only(cursor)[0])


def _seal(cursor: Cursor[Any], trail: Trail, limit: int) -> int:
    reach = _reach(cursor)  # before the events are read: what ended by then is seen by the reading
    frontier, previous = _last_head(cursor, trail)
    events = _unsealed(cursor, reach, limit)
    if events:
        leaves = [leaf_hash(event_bytes(event) + event.mac) for event in events]
        _append_leaves(cursor, frontier.size, [event.id for event in events], leaves)
        frontier = frontier.extended(leaves)
        _append_head(cursor, signed_head(trail.id, frontier, previous, now()), frontier)
    if events or reach.until is None:
        _move_watermark(cursor, reach, reached=events[-1].xid if len(events) == limit else None)
    return len(events)


def _reach(cursor: Cursor[Any]) -> Reach:
    cursor.execute(
        """
        SELECT s.system_identifier AS system,
               pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon,
               pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS until,
               w.sealed_below
          FROM pg_control_system() s LEFT JOIN audit_watermark w ON w.system_identifier = s.system_identifier
        """
    )
    row = _only(cursor)
    if row.sealed_below is None:  # a new trail, or one restored into another cluster: look at everything
        return Reach(row.system, row.horizon, since=0, until=None)
    return Reach(row.system, row.horizon, since=row.sealed_below, until=row.until)


def _last_head(cursor: Cursor[Any], trail: Trail) -> tuple[Frontier, bytes]:
    cursor.execute(f"SELECT {HEAD_COLUMNS} FROM audit_head ORDER BY size DESC LIMIT 1")  # noqa: S608
    row = cursor.fetchone()
    if row is None:
        return Frontier(), NO_HEAD
    head = head_of(row, trail)
    try:
        frontier = Frontier.from_bytes(row.size, row.frontier)
    except ValueError as error:
        raise Untrustworthy(str(error)) from error
    if frontier.root() != head.root or not head.is_signed():
        raise Untrustworthy(f"the head of size {head.size} was not signed over its frontier with this key")
    return frontier, head.digest


def _unsealed(cursor: Cursor[Any], reach: Reach, limit: int) -> list[Any]:
    cursor.execute(
        f"""
        SELECT {EVENT_COLUMNS} FROM audit_event e
         WHERE {REACHED} AND {UNSEALED}
         ORDER BY e.xid, e.id LIMIT %(limit)s
        """,  # noqa: S608
        reach.bounds | {"limit": limit},
    )
    return cursor.fetchall()


def _append_leaves(cursor: Cursor[Any], first: int, events: list[UUID], leaves: list[bytes]) -> None:
    with cursor.copy("COPY audit_leaf (seq, event_id, hash) FROM STDIN") as copy:
        for seq, (event, leaf) in enumerate(zip(events, leaves, strict=True), first):
            copy.write_row((seq, event, leaf))


def _append_head(cursor: Cursor[Any], head: SignedHead, frontier: Frontier) -> None:
    cursor.execute(
        f"INSERT INTO audit_head ({HEAD_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s)",  # noqa: S608
        [head.size, head.root, head.previous, head.at, head.signature, frontier.to_bytes()],
    )


def _move_watermark(cursor: Cursor[Any], reach: Reach, reached: int | None) -> None:
    """Move to the horizon, or, when the limit cut the pass short, to the transaction `reached`.

    A first look at everything that was cut short leaves no watermark: the numbers may be those of another cluster.
    """
    if reached is not None and reach.until is None:
        return
    below = reach.horizon if reached is None else min(reach.horizon, reached)
    if below <= reach.since:
        return
    cursor.execute(
        """
        INSERT INTO audit_watermark (id, system_identifier, sealed_below) VALUES (1, %s, %s)
        ON CONFLICT (id) DO UPDATE
        SET system_identifier = excluded.system_identifier, sealed_below = excluded.sealed_below
        """,
        [reach.system, below],
    )


def _only(cursor: Cursor[Any]) -> Any:
    row = cursor.fetchone()
    if row is None:
        raise LookupError("a query that always answers one row answered none")
    return row
