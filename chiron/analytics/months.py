"""A metric month by month: what was counted, and what of it may be told, which no question has a part in."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from chiron.analytics.facts import Fact, Facts, Source
from chiron.analytics.groups import places_of
from chiron.analytics.masking import Days, Member, Members, Month, Table, month_of, over
from chiron.analytics.metrics import Grouping, Metric
from chiron.analytics.periods import Grain, periods_between
from chiron.analytics.splitting import beside, split, whole
from chiron.analytics.tallies import Tally, added


@dataclass(frozen=True, slots=True)
class Counted:
    """The days of a month that are over, who was there, what was counted, and what may be told of it."""

    days: Days
    members: Members
    table: Table
    told: Month

    def tells(self, members: Members, days: Days) -> bool:
        """Whether the number of these may be told."""
        return self.told.tells(members, days)

    def over(self, members: Members, days: Days) -> Tally:
        """What was counted of these."""
        return over(self.table, members & self.members, days)


def months_of(source: Source, metric: Metric, group: Grouping) -> Iterator[Counted]:
    """Each month with a day of the source. Raises NotPermitted."""
    places = places_of(source, metric, group)
    needed = dict.fromkeys(each for each in (metric.base, *metric.parts, metric.other, metric.facts) if each)
    placed = {facts: [(fact, places.member(fact)) for fact in facts(source)] for facts in needed}
    for span in periods_between(source.days.first, source.days.last, Grain.MONTH):
        days = span.days & source.days.days
        counted = {member for fact, member in placed[metric.base] if fact.day in days}
        members = frozenset(counted | places.there(span))
        tables = {facts: _table(rows, days) for facts, rows in placed.items()}
        yield Counted(days, members, tables[metric.facts], told_of(metric, tables, days, members))


def told_of(metric: Metric, tables: Mapping[Facts, Table], days: Days, members: Members) -> Month:
    """What may be told of a metric beside everything that is told of the same rows."""
    rows = told = month_of(tables[metric.base], days, members)
    for at, part in enumerate(metric.parts, 1):
        if metric.other:
            return beside(rows, split(rows, tables[metric.other]), tables[part])
        told = split(told, tables[part])
        if at < len(metric.parts) and not told.layers:
            told = whole(rows, days, members)
    return told


def _table(facts: Iterable[tuple[Fact, Member]], days: Days) -> Table:
    cells: dict[tuple[date, Member], list[Tally]] = {}
    for fact, member in facts:
        if fact.day in days:
            cells.setdefault((fact.day, member), []).append(fact.tally)
    return {key: added(tallies) for key, tallies in cells.items()}
