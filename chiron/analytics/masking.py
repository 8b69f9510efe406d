"""What of a month may be told, so that no small count follows from all that is ever told of it.

A month's table has a row for each member and a column for each day. Days are put together until each part of them is
large, members likewise; then members are told by week and by day where what remains of the others stays large as well.
What may be told are sums over whole parts only, whatever is asked for: the range of a question, its grain and its
grouping choose among them and never add to them. Why nothing small follows: docs/explanation/analytics.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeVar

from chiron.analytics.tallies import ENOUGH, THRESHOLD, Tally, added

Key = TypeVar("Key", bound=Hashable)
Days = frozenset[date]


class Member(NamedTuple):
    """A row: a leaf, and the branch on which it grows (a doctor of a department). None is what has none."""

    branch: Hashable
    leaf: Hashable


Members = frozenset[Member]
Table = Mapping[tuple[date, Member], Tally]
Piece = tuple[Members, Days]
Pieces = Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Month:
    """What may be told of the days of a month that have ended: in layers, of which each is of disjoint, large pieces.

    The layers are all members together, by day; branches; and leaves.
    """

    layers: Sequence[Mapping[date, Pieces]]
    """Of each layer the pieces by the days that they are of."""

    def tells(self, members: Members, days: Days) -> bool:
        """Whether the sum over these is one over whole pieces."""
        return any(_is_whole(layer, members, days) for layer in self.layers)

    def rows(self) -> list[Members]:
        """The members as the last layer tells them apart."""
        return sorted({row for row, _ in self.pieces()}, key=lambda row: str(first_of(row)))

    def columns(self, members: Members) -> list[Days]:
        """The shortest times by which some layer tells these together, which are whole rows of the last."""
        found: list[Days] = []
        for layer in self.layers:
            touched = {piece for pieces in layer.values() for piece in pieces if not piece[0].isdisjoint(members)}
            if all(row <= members for row, _ in touched):
                found = max(found, _joined({column for _, column in touched}), key=len)
        return found

    def pieces(self) -> set[Piece]:
        """Those of the last layer, which hold everything and do not overlap."""
        return {piece for pieces in self.layers[-1].values() for piece in pieces} if self.layers else set()


def told_by(pieces: Pieces) -> Month:
    """What these tell and no others, which do not overlap."""
    return Month([_by_day(pieces)] if pieces else [])


def first_of(members: Members) -> Member:
    """The one that stands for them, in every process the same."""
    return min(members, key=str)


def _is_whole(layer: Mapping[date, Pieces], members: Members, days: Days) -> bool:
    touched = {piece for day in days for piece in layer.get(day, ()) if not piece[0].isdisjoint(members)}
    return bool(touched) and all(rows <= members and column <= days for rows, column in touched)


def month_of(table: Table, days: Days, members: Members) -> Month:
    """What may be told of these days, all of one month, and these members: all that there are, counted or not."""
    by_day = {day: over(table, members, frozenset({day})) for day in days}
    columns = parts_of(by_day, lambda day: day.isocalendar()[:2])
    if not columns:
        return Month([])
    by_branch: dict[Hashable, Members] = {}
    for each in members:
        by_branch[each.branch] = by_branch.get(each.branch, frozenset()) | {each}
    joined = parts_of({branch: over(table, rows, days) for branch, rows in by_branch.items()}, lambda branch: None)
    branches = [frozenset[Member]().union(*(by_branch[each] for each in part)) for part in joined]
    told = _divided(table, branches or [members], columns)
    leaves: list[tuple[Members, Days]] = []
    for branch in branches or [members]:
        rows = parts_of({each: over(table, frozenset({each}), days) for each in branch}, lambda each: None)
        leaves += _divided(table, rows or [branch], [column for row, column in told if row == branch])
    return Month([_by_day(layer) for layer in ([(members, column) for column in columns], told, leaves)])


def _by_day(pieces: Pieces) -> dict[date, list[tuple[Members, Days]]]:
    found: dict[date, list[tuple[Members, Days]]] = {}
    for piece in pieces:
        for day in piece[1]:
            found.setdefault(day, []).append(piece)
    return found


def parts_of(tallies: Mapping[Key, Tally], group: Callable[[Key], object]) -> list[frozenset[Key]]:
    """Parts that are large, within groups as far as possible; none where all of them together are not.

    Which large cell is hidden with small ones is decided by its place and not by its size, which would tell of it.
    """
    if added(tallies.values()).least < THRESHOLD:
        return []
    within: dict[object, list[Key]] = {}
    for key in sorted(tallies, key=str):
        within.setdefault(group(key), []).append(key)
    parts: list[frozenset[Key]] = []
    left: list[Key] = []
    for keys in within.values():
        large = [key for key in keys if tallies[key].least >= THRESHOLD]
        small = [key for key in keys if tallies[key].least < THRESHOLD]
        if small and not _hide_each_other([tallies[key] for key in small]):
            _borrow(small, large, tallies)
        if small and added(tallies[key] for key in small).least >= THRESHOLD:
            parts.append(frozenset(small))
        else:
            left += small
        parts += [frozenset({key}) for key in large]
    parts.sort(key=lambda part: max(map(str, part)))
    while left and parts and added(tallies[key] for key in left).least < ENOUGH:
        left += parts.pop()
    return [*parts, *([frozenset(left)] if left else [])]


def _hide_each_other(small: Sequence[Tally]) -> bool:
    """Whether their sum is large, and each of them could still be anything from 0 to 10 if all others are small."""
    whole = added(small)
    return whole.least >= THRESHOLD and max(whole.kept) <= (THRESHOLD - 1) * (len(small) - 1)


def _borrow(small: list[Key], large: list[Key], tallies: Mapping[Key, Tally]) -> None:
    """Hide as many large ones with the small ones as it takes."""
    short = True
    while large and short:
        small.append(large.pop())
        short = added(tallies[key] for key in small).least < ENOUGH


def _divided(table: Table, rows: Sequence[Members], columns: Sequence[Days]) -> Pieces:
    """Each row over as short a time as it may be told, where all of them together are told by these columns."""
    pieces: list[tuple[Members, Days]] = []
    weeks = _weeks(columns)
    weekly, monthly = _told(table, rows, weeks)
    pieces += [(row, frozenset[date]().union(*columns)) for row in monthly]
    for week in weeks:
        days = [column for column in columns if column <= week]
        daily, still = _told(table, weekly, days, beside=monthly)
        pieces += [(row, week) for row in still] + [(row, column) for row in daily for column in days]
    return pieces


def _told(
    table: Table, rows: Sequence[Members], columns: Sequence[Days], beside: Sequence[Members] = ()
) -> tuple[list[Members], list[Members]]:
    """The rows that may be told by column, and those that may not.

    What remains in a column, of the latter and of those ``beside`` them, is large, or nothing remains.
    """
    cells = {(row, column): over(table, row, column) for row in [*rows, *beside] for column in columns}
    told = [row for row in rows if all(cells[row, column].least >= THRESHOLD for column in columns)]
    rest = [row for row in rows if row not in told]
    while told and (rest or beside):
        if all(added(cells[row, column] for row in [*rest, *beside]).least >= ENOUGH for column in columns):
            break
        rest.append(told.pop())
    return told, rest


def _weeks(columns: Iterable[Days]) -> list[Days]:
    """The columns joined to weeks: those with a day of the same week, and those that reach into another with it."""
    weeks: list[Days] = []
    for column in columns:
        near = {day.isocalendar()[:2] for day in column}
        touching = [week for week in weeks if near & {day.isocalendar()[:2] for day in week}]
        weeks = [week for week in weeks if week not in touching] + [column.union(*touching)]
    return weeks


def _joined(columns: Collection[Days]) -> list[Days]:
    """The same days in columns that do not overlap."""
    joined: list[Days] = []
    for column in sorted(columns, key=min):
        touching = [each for each in joined if not each.isdisjoint(column)]
        joined = [each for each in joined if each not in touching] + [column.union(*touching)]
    return joined


def over(table: Table, members: Collection[Member], days: Collection[date]) -> Tally:
    """All that was counted of these members on these days."""
    return added(table[day, each] for day in days for each in members if (day, each) in table)
