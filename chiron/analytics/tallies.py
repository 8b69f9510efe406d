"""What was counted in one cell of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest

THRESHOLD = 11
"""The least count that is told, as by the cell size policy of the US CMS; a count of none is not told either."""
ENOUGH = 2 * THRESHOLD - 1
"""The least count of cells that are hidden together: whoever knows that one of them has at most 10, and another at
least 11, still finds each number from 0 to 10 possible."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts, none of which may become known while it is small; sums beside them; and how often each value occurred.

    A share has two counts, those that are meant and all others, since each of them follows from the other. ``rest`` is
    what is left of the rows, where it follows from another metric's number: large as well, or nothing is told.
    """

    counts: tuple[int, ...]
    sums: tuple[int, ...] = ()
    values: Counter[int] = field(default_factory=Counter)
    rest: tuple[int, ...] = ()

    @property
    def kept(self) -> tuple[int, ...]:
        """All that must not become known while it is small."""
        return (*self.counts, *self.rest)

    @property
    def least(self) -> int:
        """The smallest of these."""
        return min(self.kept)

    @property
    def total(self) -> int:
        """All that was counted."""
        return sum(self.counts)


def added(tallies: Iterable[Tally]) -> Tally:
    """All of them together; nothing at all has one count of none."""
    counts: tuple[int, ...] = (0,)
    sums: tuple[int, ...] = ()
    rest: tuple[int, ...] = ()
    values: Counter[int] = Counter()
    for each in tallies:
        counts, sums, rest = _by_place(counts, each.counts), _by_place(sums, each.sums), _by_place(rest, each.rest)
        if each.values:
            values.update(each.values)
    return Tally(counts, sums, values, rest)


def _by_place(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(sum, zip_longest(one, other, fillvalue=0)))
