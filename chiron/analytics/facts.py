"""What the apps counted, day by day, as metrics take it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from chiron.analytics.periods import Period
from chiron.analytics.tallies import Tally
from chiron.kernel.access import Caller
from chiron.records.public import written_by
from chiron.registry.public import registered_by_day
from chiron.scheduling.public import Appointed, Status, appointed, seen, time_of_doctors, waited
from chiron.screening.public import Decision, Outcome, Screened, screened


@dataclass(frozen=True)
class Source:
    """What a caller may count of whole days of the organization's clock; what several metrics count is counted once."""

    by: Caller
    days: Period
    zone: ZoneInfo

    @cached_property
    def asked(self) -> tuple[Caller, datetime, datetime, ZoneInfo]:
        """Whose count, the instants between which the days lie, and whose clock it is."""
        return (self.by, *self.days.instants(self.zone), self.zone)

    @cached_property
    def appointed(self) -> list[Appointed]:
        """Appointments by what came of them."""
        return appointed(*self.asked)

    @cached_property
    def screened(self) -> list[Screened]:
        """Screenings by what came of them."""
        return screened(*self.asked)


@dataclass(frozen=True, slots=True)
class Fact:
    """A tally of one day: of a doctor, a laboratory, a type, where it has them."""

    day: date
    tally: Tally
    doctor: UUID | None = None
    laboratory: UUID | None = None
    type: str | None = None


Facts = Callable[[Source], Iterable[Fact]]
KEPT = frozenset({Status.CHECKED_IN, Status.FULFILLED})


def booked(source: Source) -> Iterator[Fact]:
    """Appointments that were not cancelled; of whom all were cancelled, none."""
    for each in source.appointed:
        number = 0 if each.status == Status.CANCELLED else each.number
        yield Fact(each.day, Tally((number,)), doctor=each.provider_id)


def lead_times(source: Source) -> Iterator[Fact]:
    """The same, with the hours from booking to beginning."""
    for each in waited(*source.asked):
        yield Fact(each.day, Tally((len(each.hours),), values=Counter(each.hours)), doctor=each.provider_id)


def missed(source: Source) -> Iterator[Fact]:
    """Appointments that were missed, and those to which the patient came."""
    return _shares(source.appointed, frozenset({Status.NO_SHOW}), KEPT)


def cancelled(source: Source) -> Iterator[Fact]:
    """Appointments that were cancelled, and those that were not."""
    gone = frozenset({Status.CANCELLED})
    return _shares(source.appointed, gone, frozenset(Status) - gone)


def _shares(rows: Iterable[Appointed], meant: frozenset[Status], others: frozenset[Status]) -> Iterator[Fact]:
    for each in rows:
        if each.status in meant | others:
            yield Fact(each.day, Tally(_counts(each.number, each.status in meant)), doctor=each.provider_id)


def used_time(source: Source) -> Iterator[Fact]:
    """Appointments, with the minutes that are promised and that are offered."""
    yield from booked(source)
    for each in time_of_doctors(*source.asked):
        yield Fact(each.day, Tally((0,), (each.promised, each.offered)), doctor=each.provider_id)


def active_patients(source: Source) -> Iterator[Fact]:
    """Patients who came, each once a month; the rest are appointments neither missed nor a patient's first."""
    for first in seen(*source.asked):
        yield Fact(first.day, Tally((first.number,), rest=(-first.number,)), doctor=first.provider_id)
    for each in source.appointed:
        if each.status not in (Status.CANCELLED, Status.NO_SHOW):
            yield Fact(each.day, Tally((0,), rest=(each.number,)), doctor=each.provider_id)


def written(source: Source) -> Iterator[Fact]:
    """Records that were written."""
    for each in written_by(*source.asked):
        yield Fact(each.day, Tally((each.number,)), doctor=each.provider_id, type=each.record_type.value)


def new_patients(source: Source) -> Iterator[Fact]:
    """Patients who were registered."""
    for day, number in registered_by_day(*source.asked).items():
        yield Fact(day, Tally((number,)))


def screenings(source: Source) -> Iterator[Fact]:
    """Screenings that were made."""
    for each in source.screened:
        yield Fact(each.day, Tally((each.number,)), laboratory=each.laboratory_id)


def found(source: Source) -> Iterator[Fact]:
    """Screenings of which a later result confirmed the deficiency, and all others."""
    for each in source.screened:
        yield Fact(each.day, Tally((each.found, each.number - each.found)), laboratory=each.laboratory_id)


def abstentions(source: Source) -> Iterator[Fact]:
    """Screenings that gave reasons instead of an answer, and all others."""
    for each in source.screened:
        abstained = each.outcome == Outcome.ABSTAINED
        yield Fact(each.day, Tally(_counts(each.number, abstained)), laboratory=each.laboratory_id)


def overrides(source: Source) -> Iterator[Fact]:
    """Screenings on which somebody who treats decided otherwise, those on which they decided as it says, and the rest,
    on which nobody decided or could.
    """
    for each in source.screened:
        if each.decision == Decision.NONE:
            counts, rest = (0, 0), each.number
        else:
            counts, rest = _counts(each.number, each.decision == Decision.OVERRIDDEN), 0
        yield Fact(each.day, Tally(counts, rest=(rest,)), laboratory=each.laboratory_id)


def _counts(number: int, meant: bool) -> tuple[int, int]:
    return (number, 0) if meant else (0, number)
