"""What the apps counted, day by day, as metrics take it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from chiron.analytics.periods import Period
from chiron.analytics.tallies import Tally
from chiron.kernel.access import Caller
from chiron.records.public import written_by
from chiron.registry.public import registered_by_day
from chiron.scheduling.public import Appointed, Status, appointed, seen, time_of_doctors, waited
from chiron.screening.public import Decision, Outcome, Screened, screened


@dataclass(frozen=True, slots=True)
class Window:
    """Whole days of the organization's clock."""

    days: Period
    zone: ZoneInfo

    @property
    def between(self) -> tuple[datetime, datetime, ZoneInfo]:
        """The instants between which they lie, and whose clock it is."""
        return (*self.days.instants(self.zone), self.zone)


@dataclass(frozen=True, slots=True)
class Fact:
    """A tally of one day: of a doctor, a laboratory, a type, where it has them."""

    day: date
    tally: Tally
    doctor: UUID | None = None
    laboratory: UUID | None = None
    type: str | None = None


KEPT = frozenset({Status.CHECKED_IN, Status.FULFILLED})


def _appointed(by: Caller, window: Window) -> list[Appointed]:
    return appointed(by, *window.between)


def booked(by: Caller, window: Window) -> Iterator[Fact]:
    """Appointments that were not cancelled."""
    for each in _appointed(by, window):
        if each.status != Status.CANCELLED:
            yield Fact(each.day, Tally((each.number,)), doctor=each.provider_id)


def lead_times(by: Caller, window: Window) -> Iterator[Fact]:
    """The same, with the hours from booking to beginning."""
    for each in waited(by, *window.between):
        yield Fact(each.day, Tally((len(each.hours),), values=Counter(each.hours)), doctor=each.provider_id)


def missed(by: Caller, window: Window) -> Iterator[Fact]:
    """Appointments that were missed, and those to which the patient came."""
    return _shares(_appointed(by, window), frozenset({Status.NO_SHOW}), KEPT)


def cancelled(by: Caller, window: Window) -> Iterator[Fact]:
    """Appointments that were cancelled, and those that were not."""
    gone = frozenset({Status.CANCELLED})
    return _shares(_appointed(by, window), gone, frozenset(Status) - gone)


def _shares(rows: Iterable[Appointed], meant: frozenset[Status], others: frozenset[Status]) -> Iterator[Fact]:
    for each in rows:
        if each.status in meant | others:
            yield Fact(each.day, Tally(_counts(each.number, each.status in meant)), doctor=each.provider_id)


def used_time(by: Caller, window: Window) -> Iterator[Fact]:
    """Appointments, with the minutes that are promised and that are offered."""
    yield from booked(by, window)
    for each in time_of_doctors(by, *window.between):
        yield Fact(each.day, Tally((0,), (each.promised, each.offered)), doctor=each.provider_id)


def written(by: Caller, window: Window) -> Iterator[Fact]:
    """Records that were written."""
    for each in written_by(by, *window.between):
        yield Fact(each.day, Tally((each.number,)), doctor=each.provider_id, type=each.record_type.value)


def new_patients(by: Caller, window: Window) -> Iterator[Fact]:
    """Patients who were registered."""
    for day, number in registered_by_day(by, *window.between).items():
        yield Fact(day, Tally((number,)))


def active_patients(by: Caller, window: Window) -> Iterator[Fact]:
    """Patients who came, each once a month."""
    for each in seen(by, *window.between):
        yield Fact(each.day, Tally((each.number,)), doctor=each.provider_id)


def _screened(by: Caller, window: Window) -> list[Screened]:
    return screened(by, *window.between)


def screenings(by: Caller, window: Window) -> Iterator[Fact]:
    """Screenings that were made."""
    for each in _screened(by, window):
        yield Fact(each.day, Tally((each.number,)), laboratory=each.laboratory_id)


def found(by: Caller, window: Window) -> Iterator[Fact]:
    """Screenings of which a later result confirmed the deficiency, and all others."""
    for each in _screened(by, window):
        yield Fact(each.day, Tally((each.found, each.number - each.found)), laboratory=each.laboratory_id)


def abstentions(by: Caller, window: Window) -> Iterator[Fact]:
    """Screenings that gave reasons instead of an answer, and all others."""
    for each in _screened(by, window):
        abstained = each.outcome == Outcome.ABSTAINED
        yield Fact(each.day, Tally(_counts(each.number, abstained)), laboratory=each.laboratory_id)


def overrides(by: Caller, window: Window) -> Iterator[Fact]:
    """Screenings on which somebody who treats decided otherwise, and on which they decided as it says."""
    for each in _screened(by, window):
        if each.decision != Decision.NONE:
            overridden = each.decision == Decision.OVERRIDDEN
            yield Fact(each.day, Tally(_counts(each.number, overridden)), laboratory=each.laboratory_id)


def _counts(number: int, meant: bool) -> tuple[int, int]:
    return (number, 0) if meant else (0, number)
