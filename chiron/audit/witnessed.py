"""What the bucket holds of a trail, for verification to compare with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from chiron.audit.bucket import Copy, OutOfReach, bucket
from chiron.audit.copies import UnreadableCopy
from chiron.audit.findings import Finding, Kind
from chiron.audit.heads import SignedHead
from chiron.audit.trails import Trail

Stored = dict[int, SignedHead]


@dataclass
class Witnessed:
    """The copies in the bucket as they were listed; none, and no finding, where the settings name no bucket."""

    is_asked: bool
    is_answered: bool = True
    copies: list[Copy | UnreadableCopy] = field(default_factory=list)

    @classmethod
    def of(cls, trail: Trail) -> Witnessed:
        place = bucket()
        if place is None:
            return cls(is_asked=False)
        try:
            return cls(is_asked=True, copies=list(place.copies(trail.name)))
        except OutOfReach:
            return cls(is_asked=True, is_answered=False)

    @property
    def newest(self) -> int:
        return max((copy.size for copy in self.copies if isinstance(copy, Copy)), default=0)

    def findings(
        self,
        stored_of: Callable[[list[int]], Stored],
        judged: Callable[[SignedHead | UnreadableCopy, Stored], Iterable[Finding]],
        due: int,
    ) -> Iterator[Finding]:
        """What the copies have against the stored heads; `due` is the largest head that must have been copied by now.

        Only a copy that its name does not show to be of a stored head is opened, and `judged` as any copy is.
        """
        if not self.is_asked:
            return
        if not self.is_answered:
            yield Finding(Kind.UNWITNESSED, "the bucket with the copied heads is out of reach")
            return
        stored = stored_of([copy.size for copy in self.copies if isinstance(copy, Copy)])
        for copy in self.copies:
            if isinstance(copy, UnreadableCopy):
                yield Finding(Kind.EDITED, f"the bucket with the copied heads: {copy}")
                continue
            if copy.hidden:
                yield Finding(Kind.DELETED, "its copy in the bucket was deleted; the lock kept it", head=copy.size)
            if copy.size not in stored or stored[copy.size].digest != copy.digest:
                yield from self._of_opened(copy, stored, judged)
        if self.newest < due:
            yield Finding(Kind.UNWITNESSED, f"none is copied to the bucket since head {self.newest}", head=due)

    def _of_opened(
        self, copy: Copy, stored: Stored, judged: Callable[[SignedHead | UnreadableCopy, Stored], Iterable[Finding]]
    ) -> Iterator[Finding]:
        try:
            yield from judged(copy.open(), stored)
        except OutOfReach:
            yield Finding(Kind.CONTRADICTED, "its copy in the bucket is another, and cannot be opened", head=copy.size)
