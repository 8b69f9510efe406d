"""Somebody who asks for every metric of the same rows, puts all answers together, and solves for what is masked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

import pytest

from chiron.analytics import facts
from chiron.analytics.facts import Facts
from chiron.analytics.masking import Days, Member, Members, Month, Table, month_of
from chiron.analytics.metrics import METRICS, Metric
from chiron.analytics.months import told_of
from chiron.analytics.periods import Grain, Period
from chiron.analytics.tallies import THRESHOLD, Tally
from chiron.analytics.tests.attacker import Attacker, Kinds, Number, cells_of, is_hidden

MEMBERS = [Member("surgery", "ama"), Member("surgery", "kofi"), Member("children", "yaw"), Member(None, "efe")]
FEBRUARY = [date(2027, 2, 1) + timedelta(day) for day in range(28)]


@dataclass(frozen=True)
class Family:
    """Metrics of the same rows: how often the rows come to what, usually and where it is near what is told, and the
    kinds of each count and of what must be left."""

    often: Sequence[float]
    near: Sequence[float]
    metrics: Sequence[str]
    counts: Mapping[Facts, Sequence[Kinds]]
    rest: Mapping[Facts, Sequence[Kinds]]

    def tables(self, table: Table) -> dict[Facts, Table]:
        """What each metric takes of what was counted."""
        return {
            each: {
                key: Tally(_of(tally, kinds), rest=_of(tally, self.rest.get(each, ()))) for key, tally in table.items()
            }
            for each, kinds in self.counts.items()
        }


def _of(tally: Tally, kinds: Sequence[Kinds]) -> tuple[int, ...]:
    return tuple(sum(tally.counts[kind] for kind in each) for each in kinds)


MISSED, FIRST, AGAIN, OPEN, CANCELLED = range(5)
BOOKED = (MISSED, FIRST, AGAIN, OPEN)
APPOINTMENTS = Family(
    (1, 6, 3, 0.3, 1), (2, 1.5, 0.7, 0.2, 2),
    ("appointments.booked", "appointments.no_show_rate", "appointments.cancellation_rate", "patients.active"),
    {facts.booked: [BOOKED], facts.missed: [(MISSED,), (FIRST, AGAIN)], facts.cancelled: [(CANCELLED,), BOOKED],
     facts.active_patients: [(FIRST,)]},
    {facts.active_patients: [(AGAIN, OPEN)]},
)  # fmt: skip
"""By what an appointment comes to; the first one of a patient to which they came is told apart from others."""

ABSTAINED, OVERRIDDEN, ACCEPTED, UNDECIDED = (0, 1), (2, 3), (4, 5), (6, 7)
ALL = tuple(range(8))
SCREENINGS = Family(
    (0.2, 1, 0.3, 1, 0.5, 3, 0.1, 1), (2, 2, 1, 1.5, 1, 1.5, 1, 1),
    ("screening.volume", "screening.yield", "screening.abstention_rate", "screening.override_rate"),
    {facts.screenings: [ALL], facts.found: [ALL[::2], ALL[1::2]],
     facts.abstentions: [ABSTAINED, OVERRIDDEN + ACCEPTED + UNDECIDED], facts.overrides: [OVERRIDDEN, ACCEPTED]},
    {facts.overrides: [ABSTAINED + UNDECIDED]},
)  # fmt: skip
"""By what was answered and decided, each found (even) or not (odd)."""
SOLVED = [(APPOINTMENTS, 4), (SCREENINGS, 1)]
"""Clinics of which the attacker finds out what is masked where each metric is decided for itself."""


def dice_clinic(dice: Random, family: Family, members: Sequence[Member]) -> Table:
    """Doctors with much and with little to do, of whom some miss nobody, repeat nothing or decide everything."""
    table = {}
    busy = {each: dice.choice([0.1, 0.5, 1, 2, 5, 10]) for each in members}
    taste = {each: [much * dice.choice([0, 0.1, 1, 1, 3]) for much in family.often] for each in members}
    for day in FEBRUARY:
        for each in members:
            much = 0 if dice.random() < 0.1 else busy[each] * (0.1 if day.weekday() > 4 else 1)
            table[day, each] = Tally(tuple(round(dice.expovariate(1 / (much * kind))) if much * kind else 0
                                           for kind in taste[each]))  # fmt: skip
    return table


def asked(
    family: Family, table: Table, members: Sequence[Member], decide: Callable[..., Month] = told_of
) -> tuple[list[Number], list[Number]]:
    """Every number that is told of any metric, and those that are not."""
    told: dict[Number, None] = {}
    masked: dict[Number, None] = {}
    tables = family.tables(table)
    for metric in map(METRICS.__getitem__, family.metrics):
        month = decide(metric, tables, frozenset(FEBRUARY), frozenset(members))
        for cell in cells_of(FEBRUARY, members):
            if metric.grain is Grain.DAY or cell[1].days == frozenset(FEBRUARY):
                which = told if month.tells(cell[0], cell[1].days) else masked
                which.update(((cell, kinds), None) for kinds in family.counts[metric.facts])
    return sorted(told, key=place_of), sorted(masked.keys() - told, key=place_of)


def place_of(number: Number) -> tuple[Period, list[str], Kinds]:
    (group, period), kinds = number
    return period, sorted(map(str, group)), kinds


def changing_clinic(dice: Random, family: Family, members: Sequence[Member]) -> Table:
    """Days of which each kind comes to about as much as is told: where what two metrics hide differs most."""
    busy = {each: dice.choice([1, 2, 4, 6]) for each in members}
    quiet = [dice.choice([0.1, 0.4, 1, 1, 2]) for _ in FEBRUARY]
    return {
        (day, each): Tally(tuple(round(dice.expovariate(1 / (busy[each] * much * kind))) for kind in family.near))
        for day, much in zip(FEBRUARY, quiet, strict=True)
        for each in members
    }


def attacked(family: Family, seed: int, tries: int, decide: Callable[..., Month] = told_of) -> None:
    """Attack so many masked numbers of a clinic that a dice makes, as many more of long periods, and of another."""
    for clinic in (dice_clinic, changing_clinic):
        dice = Random(seed)
        members = MEMBERS[: dice.choice([2, 3, 4])] if clinic is dice_clinic else MEMBERS[: dice.choice([1, 1, 2])]
        table = clinic(dice, family, members)
        told, masked = asked(family, table, members, decide)
        attacker = Attacker(table, FEBRUARY, members, told)
        long = [number for number in masked if len(number[0][1].days) > 1]
        assert all(attacker.truth(*number) >= THRESHOLD for number in told)
        for number in {*dice.sample(long, min(tries, len(long))), *dice.sample(masked, min(tries, len(masked)))}:
            low, high = attacker.range_of(*number)
            assert low <= attacker.truth(*number)
            assert is_hidden(low, high), (seed, number, attacker.truth(*number), low, high)


def alone(metric: Metric, tables: Mapping[Facts, Table], days: Days, members: Members) -> Month:
    """What would be told of a metric if there were no others."""
    return month_of(tables[metric.facts], days, members)


@pytest.mark.parametrize(("family", "seed"), SOLVED)
def test_who_asks_for_every_metric_of_the_same_rows_cannot_solve_for_what_is_masked(family: Family, seed: int) -> None:
    attacked(family, seed, tries=8)


@pytest.mark.parametrize(("family", "seed"), SOLVED)
def test_the_same_attacker_does_where_each_metric_is_decided_for_itself(family: Family, seed: int) -> None:
    with pytest.raises(AssertionError):
        attacked(family, seed, tries=8, decide=alone)


@pytest.mark.stress
@pytest.mark.parametrize("family", [APPOINTMENTS, SCREENINGS])
@pytest.mark.parametrize("seed", range(1000, 1100))
def test_who_asks_for_every_metric_of_many_clinics_cannot_solve_for_what_is_masked(family: Family, seed: int) -> None:
    attacked(family, seed, tries=40)


@pytest.mark.parametrize(("family", "kinds"), [(APPOINTMENTS, (MISSED, AGAIN)), (SCREENINGS, (0, 6))])
def test_the_attacker_solves_for_what_is_masked_where_each_metric_is_decided_for_itself(
    family: Family, kinds: Kinds
) -> None:
    """On Monday there are 4, hidden behind a day that is no part of what the share hides: 40 less 18 and 18."""
    numbers = dict.fromkeys(FEBRUARY, 20) | {FEBRUARY[0]: 2, FEBRUARY[4]: 9, FEBRUARY[5]: 9}
    table = {(day, MEMBERS[0]): Tally(tuple(number if kind in kinds else 0 for kind in range(len(family.often))))
             for day, number in numbers.items()}  # fmt: skip
    monday = (
        (frozenset(MEMBERS[:1]), Period(FEBRUARY[0], FEBRUARY[0])),
        family.counts[METRICS[family.metrics[0]].facts][0],
    )

    ranges = []
    for decide in (alone, told_of):
        told, masked = asked(family, table, MEMBERS[:1], decide)
        assert monday in masked
        ranges.append(Attacker(table, FEBRUARY, MEMBERS[:1], told).range_of(*monday))

    assert ranges[0] == (4, 4)
    assert is_hidden(*ranges[1])


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.stress) for seed in range(2000, 2060))])
def test_records_by_doctor_and_by_type_do_not_solve_for_each_other(seed: int) -> None:
    """Two trees over the same days: who writes much of one type, and which type nearly one doctor alone writes."""
    dice = Random(seed)
    doctors, types = MEMBERS[: dice.choice([2, 3])], [Member(None, kind) for kind in range(3)]
    often = {(doctor, kind): dice.choice([0, 0.2, 1, 4, 12]) for doctor in doctors for kind in range(3)}
    numbers = {
        (day, *of): round(dice.expovariate(1 / much)) if much else 0 for day in FEBRUARY for of, much in often.items()
    }
    table = {
        (day, each): Tally(tuple(numbers[day, each, kind] for kind in range(3))) for day in FEBRUARY for each in doctors
    }
    by_type = {(day, of): Tally((sum(numbers[day, each, kind] for each in doctors),))
               for day in FEBRUARY for kind, of in enumerate(types)}  # fmt: skip
    by_doctor = {key: Tally((tally.total,)) for key, tally in table.items()}
    told, masked = set[Number](), set[Number]()
    for rows, of in ((by_doctor, doctors), (by_type, types)):
        month = month_of(rows, frozenset(FEBRUARY), frozenset(of))
        for group, period in cells_of(FEBRUARY, of):
            kinds = (0, 1, 2) if of is doctors else tuple(at for at, each in enumerate(types) if each in group)
            number = ((group if of is doctors else frozenset(doctors), period), kinds)
            (told if month.tells(group, period.days) else masked).add(number)
    attacker = Attacker(table, FEBRUARY, doctors, told)

    for number in dice.sample(sorted(masked - told, key=place_of), min(15, len(masked - told))):
        assert is_hidden(*attacker.range_of(*number)), number
