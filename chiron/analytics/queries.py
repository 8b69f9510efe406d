"""What is told of a metric. The API, the export and the pages of the administration all ask here, and only here."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from chiron.analytics.errors import TooSlow
from chiron.analytics.facts import Source
from chiron.analytics.groups import Group, groups_of
from chiron.analytics.masking import Member
from chiron.analytics.metrics import METRICS, TABLE, Grouping, Metric
from chiron.analytics.months import Counted, months_of
from chiron.analytics.periods import DAY, Grain, Period, period_of, periods_between
from chiron.analytics.tallies import added
from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, hurried
from chiron.kernel.errors import NotFound, NotPermitted, invalid
from chiron.tenancy.public import current_organization_id, organization_for_id

USUAL = {Grain.DAY: 30, Grain.WEEK: 12, Grain.MONTH: 12}
"""How many periods are told where nobody says from when on."""
LONGEST = 400
"""Days of which may be asked at once."""
MOST_ROWS = 20_000
SECONDS = 10
"""What a single query of analytics may take; then it is given up, whatever else the database could still do."""
ORDER = [Grain.DAY, Grain.WEEK, Grain.MONTH]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which days, how they are put together, and by whom they are told apart."""

    first: date | None = None
    last: date | None = None
    grain: Grain = Grain.MONTH
    group: Grouping = Grouping.NONE


@dataclass(frozen=True, slots=True)
class Cell:
    """What is told of a group in a period; ``value`` is None where it is masked. ``counted`` is from how many."""

    period: Period
    id: Hashable
    name: str
    value: float | None
    counted: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is told of a metric in an organization, as it was counted at ``as_of``."""

    organization: str
    metric: Metric
    asked: Asked
    zone: str
    as_of: datetime
    cells: Sequence[Cell]


def metrics_for(by: Caller) -> list[Metric]:
    """The metrics of which the caller may know something. Raises NotPermitted."""
    by.scope("analytics", "read")
    return [metric for metric in TABLE if metric.is_open_to(by)]


def read_metric(by: Caller, name: str, asked: Asked, now: datetime) -> Answer:
    """What is told of a metric in whole periods that are over, of what the caller may read; it names no patient.

    A day in the middle of a period asks for the whole of it. Raises NotPermitted, NotFound, Invalid, and TooSlow where
    it takes longer than anybody should wait.
    """
    metric = _metric_for(by, name)
    organization = organization_for_id(current_organization_id())
    zone = ZoneInfo(organization.time_zone)
    yesterday = now.astimezone(zone).date() - DAY
    periods = _periods(metric, asked, yesterday)
    with hurried(CLINICAL, SECONDS, TooSlow):
        cells = _cells(Source(by, _whole(periods, yesterday), zone), metric, asked.group, periods) if periods else []
    whole = Asked(periods[0].first, periods[-1].last, asked.grain, asked.group) if periods else asked
    return Answer(organization.name, metric, whole, zone.key, now, cells)


def export_metric(by: Caller, name: str, asked: Asked, now: datetime) -> Answer:
    """The same, to be taken out, which is an event. Raises as `read_metric` does."""
    by.scope("analytics", "export")
    answer = read_metric(by, name, asked, now)
    told = {"metric": name, "by": asked.grain.value, "group": asked.group.value, "rows": len(answer.cells)}
    days = {"from": str(answer.asked.first), "to": str(answer.asked.last)}
    audit.record(by, "analytics.exported", resource="analytics", payload=told | days)
    return answer


def _metric_for(by: Caller, name: str) -> Metric:
    by.scope("analytics", "read")
    metric = METRICS.get(name)
    if metric is None:
        raise NotFound
    if not metric.is_open_to(by):
        raise NotPermitted
    return metric


def _periods(metric: Metric, asked: Asked, yesterday: date) -> list[Period]:
    """The periods that are meant and over. Raises Invalid."""
    if ORDER.index(asked.grain) < ORDER.index(metric.grain):
        raise invalid(f"is shorter than a {metric.grain}, the shortest period of this metric", "query", "by")
    if asked.group not in metric.groups:
        raise invalid("is not what this metric is told apart by", "query", "group")
    last = min(asked.last or yesterday, yesterday)
    first = asked.first or _usual(last, asked.grain)
    if asked.last and asked.last < first:
        raise invalid("is before the first day", "query", "to")
    if (last - first).days >= LONGEST:
        raise invalid(f"is more than {LONGEST} days before the last day", "query", "from")
    return [period for period in periods_between(first, last, asked.grain) if period.last <= yesterday]


def _usual(last: date, grain: Grain) -> date:
    """The first day of as many periods as are usual, the last of which is over."""
    period = period_of(last, grain)
    for _ in range(USUAL[grain] - (period.last <= last)):
        period = period_of(period.first - DAY, grain)
    return period.first


def _whole(periods: Sequence[Period], yesterday: date) -> Period:
    """The months in which these periods lie, as far as they are over: what is masked is decided of all of a month."""
    first, last = (period_of(day, Grain.MONTH) for day in (periods[0].first, periods[-1].last))
    return Period(first.first, min(last.last, yesterday))


def _cells(source: Source, metric: Metric, group: Grouping, periods: Sequence[Period]) -> list[Cell]:
    months = list(months_of(source, metric, group))
    groups = groups_of(source.by, group, frozenset[Member]().union(*(month.members for month in months)))
    if len(groups) * len(periods) > MOST_ROWS:
        raise invalid(f"asks for more than {MOST_ROWS} numbers", "query", "from")
    return [cell for period in periods for cell in _cells_of(metric, months, period, groups)]


def _cells_of(metric: Metric, months: Sequence[Counted], period: Period, groups: Sequence[Group]) -> Iterator[Cell]:
    """The numbers of a period, each told if every month of it may tell its part."""
    parts = [(month, period.days & month.days) for month in months if period.days & month.days]
    for group in groups:
        if all(month.tells(group.members, days) for month, days in parts):
            tally = added(month.over(group.members, days) for month, days in parts)
            yield Cell(period, group.id, group.name, metric.value(tally), tally.total)
        else:
            yield Cell(period, group.id, group.name, None, None)
