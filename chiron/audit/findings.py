"""What verification has against a trail, in words that name the place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from typing_extensions import override

LISTED = 1000


class Kind(StrEnum):
    EDITED = "edited"  # an event, its leaf or a head says something else than when it was sealed
    DELETED = "deleted"
    INSERTED = "inserted"  # not written by Chiron
    REORDERED = "reordered"
    TRUNCATED = "truncated"  # the end is missing
    UNSEALED = "unsealed"  # older than sealing may take
    CONTRADICTED = "contradicted"  # a head outside the database tells of another history
    UNWITNESSED = "unwitnessed"  # nothing outside the database to compare with


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `seq` is a leaf's place from 0, `head` a head's size."""

    kind: Kind
    detail: str
    seq: int | None = None
    event_id: UUID | None = None
    head: int | None = None

    @override
    def __str__(self) -> str:
        places = [
            f"leaf {self.seq}" if self.seq is not None else "",
            f"event {self.event_id}" if self.event_id else "",
            f"head {self.head}" if self.head is not None else "",
        ]
        return f"{self.kind}: {', '.join(place for place in places if place) or 'the trail'}: {self.detail}"

    def as_data(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "seq": self.seq,
            "event_id": str(self.event_id) if self.event_id else None,
            "head": self.head,
            "detail": self.detail,
        }


@dataclass(slots=True)
class Report:
    """What was read of one trail and what is wrong with it: the first thousand findings, and how many of each kind."""

    trail: str
    events: int = 0
    leaves: int = 0
    heads: int = 0
    copies: int = 0
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[Kind] = field(default_factory=Counter)

    @property
    def is_intact(self) -> bool:
        return not self.counts

    def add(self, finding: Finding) -> None:
        self.counts[finding.kind] += 1
        if len(self.findings) < LISTED:
            self.findings.append(finding)

    def as_data(self) -> dict[str, Any]:
        return {
            "trail": self.trail,
            "intact": self.is_intact,
            "events": self.events,
            "leaves": self.leaves,
            "heads": self.heads,
            "copies": self.copies,
            "counts": {kind.value: count for kind, count in self.counts.items()},
            "findings": [finding.as_data() for finding in self.findings],
        }
