"""What of a month may be told of parts of what was counted, beside all that is told of the whole and of other parts.

Of the rows themselves (appointments, screenings) sums by member and sums by day are told across each other, as
`masking` decides. Parts of them (those missed, those who abstained) are told in pieces that do not overlap, each made
of whole pieces in which the rows are told: crossing sums of parts beside known rows can be solved. Why nothing small
follows: docs/explanation/analytics.md.
"""

from datetime import date

from chiron.analytics.masking import Days, Members, Month, Piece, Table, first_of, over, parts_of, told_by


def split(month: Month, table: Table, *, by_time: bool = True) -> Month:
    """The parts in as small pieces as they may be told, by members first and then by time; nothing while they are few.

    Every piece is made of whole pieces of the month, and so is every sum over them.
    """
    rows = {first_of(row): row for row in month.rows()}
    days = frozenset[date]().union(*(column for _, column in month.pieces()))
    pieces: list[Piece] = []
    for part in parts_of({key: over(table, row, days) for key, row in rows.items()}, lambda key: key.branch):
        members = frozenset().union(*(rows[key] for key in part))
        columns = {min(column): column for column in (month.columns(members) if by_time else [days])}
        times = parts_of({day: over(table, members, column) for day, column in columns.items()}, _week)
        pieces += [(members, frozenset[date]().union(*(columns[day] for day in time))) for time in times]
    return told_by(pieces)


def whole(month: Month, days: Days, members: Members) -> Month:
    """The same month in one piece, if anything of it is told."""
    return told_by([(members, days)] if month.layers else [])


def beside(month: Month, other: Month, table: Table) -> Month:
    """Parts, by members alone, where other parts that exclude them are told: each piece lies in one of theirs or is
    made of whole ones.
    """
    free = split(month, table, by_time=False)
    theirs = other.pieces()
    if all(_within(one, two) or _within(two, one) or _apart(one, two) for one in free.pieces() for two in theirs):
        return free
    return split(other, table, by_time=False)


def _within(inner: Piece, outer: Piece) -> bool:
    return inner[0] <= outer[0] and inner[1] <= outer[1]


def _apart(one: Piece, two: Piece) -> bool:
    return one[0].isdisjoint(two[0]) or one[1].isdisjoint(two[1])


def _week(day: date) -> tuple[int, int]:
    return day.isocalendar()[:2]
