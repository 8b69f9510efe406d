"""Somebody who asks everything that can be asked, keeps all answers, and solves for what they were not told.

The unknowns are the counts of each member on each day, whole numbers from 0 on. Every number told is an equation.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from random import Random

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp  # type: ignore[import-untyped]
from scipy.sparse import csr_array  # type: ignore[import-untyped]

from chiron.analytics.masking import Member, Members, Month, Table, month_of
from chiron.analytics.periods import Grain, Period, period_of, periods_between
from chiron.analytics.tallies import THRESHOLD, Tally

Cell = tuple[Members, Period]
Kinds = tuple[int, ...]
Number = tuple[Cell, Kinds]


def dice_table(dice: Random, days: Sequence[date], members: Sequence[Member]) -> Table:
    """A table as a clinic has it: doctors with much and with little to do, weekends, leave, months without anything."""
    busy = {each: dice.choice([0.3, 1, 4, 9, 15, 40]) for each in members}
    away = {(each, period_of(day, Grain.WEEK)) for each in members for day in days if dice.random() < 0.02}
    quiet = {period_of(day, Grain.MONTH): dice.choice([1, 1, 1, 0.1]) for day in days}
    numbers = {}
    for day in days:
        for each in members:
            often = busy[each] * quiet[period_of(day, Grain.MONTH)] * (0.1 if day.weekday() > 4 else 1)
            idle = (each, period_of(day, Grain.WEEK)) in away or dice.random() < 0.15
            numbers[day, each] = Tally((0 if idle else round(dice.expovariate(1 / often)),))
    return {key: tally for key, tally in numbers.items() if tally.total}


def cells_of(days: Sequence[date], members: Sequence[Member]) -> list[Cell]:
    """Everything that can be asked: each grain, by nothing, by branch and by leaf."""
    groups = {frozenset(members)} | {frozenset([each]) for each in members}
    groups |= {frozenset(each for each in members if each.branch == branch) for branch in {m.branch for m in members}}
    periods = [period for grain in Grain for period in periods_between(days[0], days[-1], grain)]
    whole = [period for period in periods if period.days <= frozenset(days)]
    return [(group, period) for group in groups for period in dict.fromkeys(whole)]


def months_in(table: Table, days: Sequence[date], members: Sequence[Member]) -> dict[Period, Month]:
    """What may be told of each month."""
    found = {}
    for period in periods_between(days[0], days[-1], Grain.MONTH):
        inside = frozenset(day for day in days if day in period.days)
        found[period] = month_of({key: tally for key, tally in table.items() if key[0] in inside}, inside,
                                 frozenset(members))  # fmt: skip
    return found


def told_by(months: dict[Period, Month], cell: Cell) -> bool:
    """Whether a number is told: every month of it must."""
    group, period = cell
    parts = {month: period.days & month.days for month in months}
    return all(months[month].tells(group, part) for month, part in parts.items() if part)


class Attacker:
    """Knows every number that was told, and that no count is below nothing.

    What is counted in a table are kinds that exclude each other; a number is of one or several of them.
    """

    def __init__(self, table: Table, days: Sequence[date], members: Sequence[Member], told: Iterable[Number]) -> None:
        self.table = table
        self.kinds = max((len(tally.counts) for tally in table.values()), default=1)
        self.places = {
            (day, each): at * self.kinds for at, (day, each) in enumerate((d, m) for d in days for m in members)
        }
        told = dict.fromkeys(told)
        numbers = [self.truth(*number) for number in told]
        rows = [self._row(*number) for number in told]
        self.known = [LinearConstraint(csr_array(np.array(rows)), numbers, numbers)] if rows else []

    def truth(self, cell: Cell, kinds: Kinds = (0,)) -> int:
        """The number itself."""
        group, period = cell
        inside = [tally for (day, each), tally in self.table.items() if each in group and day in period.days]
        return sum(tally.counts[kind] for tally in inside for kind in kinds)

    def range_of(self, cell: Cell, kinds: Kinds = (0,)) -> tuple[int, int]:
        """The least and the greatest that the number can be; at most 1,000 is looked for."""
        row = self._row(cell, kinds)
        ends = []
        for sign in (1, -1):
            solved = milp(sign * row, constraints=self.known, bounds=Bounds(0, 1000), integrality=np.ones(len(row)))
            assert solved.success, solved.message
            ends.append(round(sign * solved.fun))
        return ends[0], ends[1]

    def _row(self, cell: Cell, kinds: Kinds) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        group, period = cell
        row = np.zeros(len(self.places) * self.kinds)
        for (day, each), at in self.places.items():
            for kind in kinds:
                row[at + kind] = each in group and day in period.days
        return row


def is_hidden(low: int, high: int) -> bool:
    """Whether a range leaves at least eleven numbers, large ones among them; or is of large numbers only."""
    return high >= THRESHOLD and (high - low >= THRESHOLD - 1 or low >= THRESHOLD)
