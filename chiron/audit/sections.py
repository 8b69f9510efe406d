"""Judging one section of a trail: the leaves that one head added, beside the events they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hmac import compare_digest
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

from chiron.audit.findings import Finding, Kind
from chiron.audit.heads import SignedHead
from chiron.audit.sealing import EVENT_COLUMNS
from chiron.audit.signing import mac_of
from chiron.audit.tree import Frontier, leaf_hash
from chiron.audit.wire import event_bytes, number


class Line(NamedTuple):
    """A leaf as it is stored, and what its event says it should be; without the event that is None."""

    seq: int
    event: bytes
    stored: bytes
    recomputed: bytes | None
    is_authentic: bool
    written: int | None

    @property
    def event_id(self) -> UUID:
        return UUID(bytes=self.event)

    @property
    def is_as_sealed(self) -> bool:
        return self.recomputed == self.stored

    @property
    def order(self) -> tuple[int, bytes]:
        """The leaves of one head stand in the order of the transactions that wrote their events."""
        return self.written or 0, self.event


LINE_COLUMNS = f"l.seq, l.event_id, l.hash, {EVENT_COLUMNS}"


def line_of(row: tuple[Any, ...], trail: UUID) -> Line:
    """The line of a row of `LINE_COLUMNS`, as PostgreSQL sends it in binary."""
    seq, event, stored, *fields, mac, xid = row
    if fields[0] is None:
        return Line(number(seq), event, stored, None, is_authentic=False, written=None)
    content = event_bytes(tuple(fields))
    is_authentic = compare_digest(mac_of(trail, content), mac)
    return Line(number(seq), event, stored, leaf_hash(content + mac), is_authentic, number(xid))


@dataclass(frozen=True)
class Section:
    """The leaves from `before.size` up to the size of `head`. `last` is the last leaf of the whole trail, or -1."""

    before: Frontier
    head: SignedHead
    lines: list[Line]
    last: int

    def findings(self) -> Iterator[Finding]:
        is_whole = [line.seq for line in self.lines] == list(range(self.before.size, self.head.size))
        as_stored = is_whole and self._root_over([line.stored for line in self.lines]) == self.head.root
        if as_stored and all(line.is_authentic and line.recomputed == line.stored for line in self.lines):
            return
        yield from self._gaps()
        rebuilt = [line.recomputed or line.stored for line in self.lines]
        as_rebuilt = is_whole and not as_stored and self._root_over(rebuilt) == self.head.root
        misplaced = self._misplaced()
        lines = list(self._of_lines(as_stored, as_rebuilt, misplaced))
        yield from lines
        if is_whole and not as_stored and not as_rebuilt and not lines:
            yield from self._of_the_whole(misplaced)

    def after(self, frontier: bytes) -> Frontier:
        """Where the next section begins: at this head where it can be trusted, so that one fault is not told twice."""
        try:
            signed = Frontier.from_bytes(self.head.size, frontier)
        except ValueError:
            signed = Frontier()
        if signed.root() == self.head.root and self.head.is_signed():
            return signed
        return self.before.extended(line.stored for line in self.lines)

    def _root_over(self, leaves: list[bytes]) -> bytes:
        return self.before.extended(leaves).root()

    def _gaps(self) -> Iterator[Finding]:
        expected = self.before.size
        for seq in [*(line.seq for line in self.lines), self.head.size]:
            if seq < expected:
                yield Finding(Kind.INSERTED, "stands where no leaf was sealed", seq=seq)
            elif seq > expected:
                kind = Kind.TRUNCATED if expected > self.last else Kind.DELETED
                yield Finding(kind, f"the leaves up to {seq - 1} are missing", seq=expected, head=self.head.size)
            expected = max(expected, seq + 1)

    def _misplaced(self) -> set[int]:
        pairs = pairwise(line for line in self.lines if line.written is not None)
        return {seq for one, next_ in pairs if next_.order < one.order for seq in (one.seq, next_.seq)}

    def _of_lines(self, as_stored: bool, as_rebuilt: bool, misplaced: set[int]) -> Iterator[Finding]:
        stored = {line.stored for line in self.lines if not line.is_as_sealed}
        for line in self.lines:
            kind, detail = Kind.EDITED, ""
            if line.recomputed is None:
                kind, detail = Kind.DELETED, "the event is gone, its leaf is left"
            elif line.is_as_sealed and line.is_authentic:
                continue
            elif line.is_as_sealed and as_stored:
                kind, detail = Kind.INSERTED, "was sealed, but not written by Chiron"
            elif line.is_as_sealed:
                detail = "the event and its leaf were changed after sealing"
            elif as_rebuilt:
                detail = "its leaf was changed; the event is as it was sealed"
            elif line.is_authentic and (line.recomputed in stored or line.seq in misplaced):
                kind, detail = Kind.REORDERED, "stands in the place of another event"
            elif line.is_authentic:
                detail = "was replaced after sealing by an event with a valid code of authentication"
            else:
                detail = "was changed after sealing"
            yield Finding(kind, detail, seq=line.seq, event_id=line.event_id)

    def _of_the_whole(self, misplaced: set[int]) -> Iterator[Finding]:
        """Each leaf agrees with its event, and yet these are not the leaves that were signed."""
        for line in self.lines:
            if line.seq in misplaced:
                yield Finding(Kind.REORDERED, "is not in the order of sealing", line.seq, line.event_id, self.head.size)
        if not misplaced:
            first, last = self.before.size, self.head.size - 1
            detail = f"the leaves {first} to {last} are not those that were signed"
            yield Finding(Kind.EDITED, detail, seq=first, head=self.head.size)
