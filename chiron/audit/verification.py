"""Verification: reads a whole trail once, in order, and names every place where it is not what was sealed.

The leaves are compared with their events, the tree over them with every signed head, the heads with each other and with
their copies outside the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from itertools import islice
from typing import Any
from uuid import UUID

from psycopg import Cursor, sql
from psycopg.errors import UndefinedTable
from psycopg.rows import namedtuple_row

from chiron.audit import copies
from chiron.audit.canonical import event_bytes
from chiron.audit.findings import Finding, Kind, Report
from chiron.audit.heads import NO_HEAD, SignedHead
from chiron.audit.sealing import EVENT_COLUMNS, HEAD_COLUMNS, UNSEALED, head_of
from chiron.audit.sections import LINE_COLUMNS, Line, Section, line_of
from chiron.audit.signing import mac_of
from chiron.audit.trails import Connection, Trail, connect, within
from chiron.audit.tree import Frontier
from chiron.audit.witnessed import Witnessed

BOUND, PATIENCE = timedelta(seconds=60), timedelta(seconds=15)
STALE = timedelta(minutes=5)
CHUNK = 2000

Progress = Callable[[int, int], None]


def verify(
    organization_id: UUID | None,
    *,
    now: datetime,
    bound: timedelta = BOUND,
    patience: timedelta = PATIENCE,
    progress: Progress | None = None,
) -> Report:
    """Examine the trail of an organization, or of the platform.

    Events may be unsealed for as long as `bound`. Those that are older and get sealed within `patience` are no finding:
    their transaction took long. `progress` is told how many leaves are done, of how many. Writes nothing.
    """
    trail = Trail(organization_id)
    report = Report(trail.name)
    until = copies.length_of(trail.name)  # first: what is copied by now was committed before our snapshot
    witnessed = Witnessed.of(trail)
    with connect(trail.alias) as connection, connect(trail.alias) as beside:
        try:
            with within(connection, trail) as cursor, within(beside, trail) as leaves:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                _share_snapshot(cursor, leaves)
                examiner = Examiner(connection, leaves, trail, report, progress)
                late = examiner.examine(until, now - bound)
                examiner.compare_witnessed(witnessed, now - STALE)
            for finding in _still_unsealed(connection, trail, late, patience):
                report.add(finding)
        except UndefinedTable:
            report.add(Finding(Kind.TRUNCATED, "its tables are not there"))
    return report


@dataclass
class Examiner:
    """One examination within one snapshot, which two connections share: `leaves` does nothing but stream them."""

    connection: Connection
    leaves: Cursor[Any]
    trail: Trail
    report: Report
    progress: Progress | None
    last_size: int = 0

    def examine(self, copied: int, late: datetime) -> dict[UUID, Finding]:
        """All there is to see in one snapshot; answers the findings on events unsealed since before `late`."""
        self.examine_sections()
        self.compare_copies(copied, late)
        return self.examine_unsealed(late)

    def examine_sections(self) -> None:
        last_leaf, total = self._ends()
        before, previous = Frontier(), NO_HEAD
        with closing(self._lines()) as lines:
            reader = Lookahead(lines)
            for row in self._stream("heads", f"SELECT {HEAD_COLUMNS} FROM audit_head ORDER BY size"):  # noqa: S608
                head = head_of(row, self.trail)
                section = Section(before, head, reader.below(head.size), last_leaf)
                self._add(self._of_head(head, previous, row.frontier), section.findings())
                before, previous, self.last_size = section.after(row.frontier), head.digest, head.size
                self.report.heads += 1
                self.report.leaves += len(section.lines)
                if self.progress:
                    self.progress(head.size, total)
            for line in reader.rest():
                self.report.leaves += 1
                self._add([Finding(Kind.INSERTED, "stands beyond the last head", line.seq, line.event_id)])

    def compare_copies(self, until: int, before: datetime) -> None:
        all_copies = copies.copied(self.trail.name, until)
        while chunk := list(islice(all_copies, CHUNK)):
            self.report.copies += len(chunk)
            stored = self._heads_of([copy.size for copy in chunk if isinstance(copy, SignedHead)])
            self._add(finding for copy in chunk for finding in self._of_copy(copy, stored))
        if not self.report.copies and self._signed_before(before):  # a younger one may be about to be copied
            self._add([Finding(Kind.UNWITNESSED, "no head is copied outside the database; see AUDIT_HEADS_DIR")])

    def compare_witnessed(self, witnessed: Witnessed, before: datetime) -> None:
        """Compare with the bucket, in which every head that was signed before then is spoken for."""
        self.report.copies += len(witnessed.copies)
        self._add(witnessed.findings(self._heads_of, self._of_copy, self._signed_before(before)))

    def examine_unsealed(self, before: datetime) -> dict[UUID, Finding]:
        """Count the events, add those without leaf that Chiron did not write, and answer those older than `before`."""
        late = {}
        unsealed = f"SELECT {EVENT_COLUMNS} FROM audit_event e WHERE {UNSEALED} ORDER BY e.id"  # noqa: S608
        for row in self._stream("unsealed", unsealed):
            if not compare_digest(mac_of(self.trail.id, event_bytes(row)), row.mac):
                self._add([Finding(Kind.INSERTED, "was not written by Chiron, or changed since", event_id=row.id)])
            elif row.at < before:
                late[row.id] = Finding(
                    Kind.UNSEALED, "is older than sealing may take, and has no leaf", event_id=row.id
                )
        with self.connection.cursor() as cursor:
            self.report.events = cursor.execute("SELECT count(*) FROM audit_event").fetchall()[0][0]
        return late

    def _add(self, *findings: Iterable[Finding]) -> None:
        for some in findings:
            for finding in some:
                self.report.add(finding)

    def _of_head(self, head: SignedHead, previous: bytes, frontier: bytes) -> Iterator[Finding]:
        if not head.is_signed():
            yield Finding(Kind.EDITED, "is not signed with our key", head=head.size)
        elif head.previous != previous:
            yield Finding(Kind.DELETED, "the head before it is missing or another one", head=head.size)
        try:
            is_its_root = Frontier.from_bytes(head.size, frontier).root() == head.root
        except ValueError:
            is_its_root = False
        if not is_its_root:
            yield Finding(Kind.EDITED, "its frontier is not that of its root", head=head.size)

    def _of_copy(self, copy: SignedHead | copies.UnreadableCopy, stored: dict[int, SignedHead]) -> Iterator[Finding]:
        if isinstance(copy, copies.UnreadableCopy):
            yield Finding(Kind.EDITED, f"the copied heads: {copy}")
        elif copy.trail != self.trail.id or not copy.is_signed():
            yield Finding(Kind.EDITED, "its copy is not signed with our key for this trail", head=copy.size)
        elif copy.size > self.last_size:
            detail = f"was published, but the database ends at {self.last_size}"
            yield Finding(Kind.TRUNCATED, detail, seq=self.last_size, head=copy.size)
        elif copy.size not in stored:
            yield Finding(Kind.CONTRADICTED, "was published, but is not in the database", head=copy.size)
        elif stored[copy.size].digest != copy.digest:
            yield Finding(Kind.CONTRADICTED, "is not the one that was published", head=copy.size)

    def _signed_before(self, before: datetime) -> int:
        """The size of the last head that was signed before then, or 0."""
        with self.connection.cursor() as cursor:
            last = cursor.execute("SELECT max(size) FROM audit_head WHERE at < %s", [before]).fetchall()[0][0]
        return last or 0

    def _ends(self) -> tuple[int, int]:
        with self.connection.cursor() as cursor:
            ends = "SELECT (SELECT max(seq) FROM audit_leaf) AS leaf, (SELECT max(size) FROM audit_head) AS size"
            leaf, size = cursor.execute(ends).fetchall()[0]
        return -1 if leaf is None else leaf, size or 0

    def _lines(self) -> Generator[Line]:
        every = f"""
            COPY (SELECT {LINE_COLUMNS} FROM audit_leaf l LEFT JOIN audit_event e ON e.id = l.event_id ORDER BY l.seq)
            TO STDOUT (FORMAT BINARY)
        """  # noqa: S608
        with self.leaves.copy(every) as copy:
            yield from (line_of(row, self.trail.id) for row in copy.rows())

    def _heads_of(self, sizes: list[int]) -> dict[int, SignedHead]:
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT {HEAD_COLUMNS} FROM audit_head WHERE size = ANY(%s)", [sizes])  # noqa: S608
            return {row.size: head_of(row, self.trail) for row in cursor}

    def _stream(self, name: str, query: str) -> Iterator[Any]:
        with self.connection.cursor(name=name, binary=True, row_factory=namedtuple_row) as cursor:
            cursor.itersize = CHUNK
            cursor.execute(query)
            yield from cursor


def _share_snapshot(cursor: Cursor[Any], other: Cursor[Any]) -> None:
    """Have the other transaction, in which nothing was asked yet, see what this one sees."""
    snapshot = cursor.execute("SELECT pg_export_snapshot()").fetchall()[0][0]
    other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    other.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))


class Lookahead:
    """Lines that are taken up to a place; the first line beyond it waits for its turn."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self.lines = lines
        self.waiting: Line | None = next(lines, None)

    def below(self, size: int) -> list[Line]:
        taken = []
        while self.waiting is not None and self.waiting.seq < size:
            taken.append(self.waiting)
            self.waiting = next(self.lines, None)
        return taken

    def rest(self) -> Iterator[Line]:
        while self.waiting is not None:
            yield self.waiting
            self.waiting = next(self.lines, None)


def _still_unsealed(
    connection: Connection, trail: Trail, late: dict[UUID, Finding], patience: timedelta
) -> list[Finding]:
    """Those of the late events that have no leaf even after waiting for `patience`."""
    ends = time.monotonic() + patience.total_seconds()
    while late:
        with within(connection, trail) as cursor:
            late = {event_id: late[event_id] for event_id in _without_leaf(cursor, list(late))}
        if time.monotonic() >= ends:
            break
        time.sleep(0.5)
    return list(late.values())


def _without_leaf(cursor: Cursor[Any], events: list[UUID]) -> list[UUID]:
    cursor.execute(f"SELECT e.id FROM audit_event e WHERE e.id = ANY(%s) AND {UNSEALED} ORDER BY e.id", [events])  # noqa: S608
    return [row.id for row in cursor]
