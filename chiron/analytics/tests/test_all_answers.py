"""Somebody who asks for everything of a small clinic's February, by every metric of its appointments, and solves."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from random import Random
from uuid import UUID

from chiron.analytics.masking import Member, Table
from chiron.analytics.metrics import METRICS
from chiron.analytics.periods import Grain
from chiron.analytics.queries import Cell
from chiron.analytics.tallies import THRESHOLD, Tally
from chiron.analytics.tests.attacker import Attacker, Kinds, Number, is_hidden
from chiron.analytics.tests.factories import appointments, once_booked, patients, three_doctors, told
from chiron.analytics.tests.test_differences import members_of
from chiron.analytics.tests.test_jointly import AGAIN, BOOKED, CANCELLED, MISSED, OPEN, place_of
from chiron.analytics.tests.test_jointly import FIRST as FIRST_TIME
from chiron.scheduling.words import Status
from chiron.tenancy.public import inside
from tests.town import Clinic

FEBRUARY = [date(2031, 2, 1) + timedelta(day) for day in range(28)]
STATUS = {MISSED: Status.NO_SHOW, OPEN: Status.BOOKED, CANCELLED: Status.CANCELLED}
KEPT = (FIRST_TIME, AGAIN)
COUNTS: Mapping[str, Callable[[float, int], dict[Kinds, int]]] = {
    "appointments.booked": lambda value, counted: {BOOKED: counted},
    "appointments.lead_time": lambda value, counted: {BOOKED: counted},
    "appointments.utilization": lambda value, counted: {BOOKED: counted},
    "appointments.no_show_rate": lambda value, counted: _parts((MISSED,), KEPT, value, counted),
    "appointments.cancellation_rate": lambda value, counted: _parts((CANCELLED,), BOOKED, value, counted),
    "patients.active": lambda value, counted: {(FIRST_TIME,): round(value)},
}
"""The counts that follow from what is told of a metric."""


def _parts(meant: Kinds, others: Kinds, value: float, counted: int) -> dict[Kinds, int]:
    return {meant: round(value * counted), others: counted - round(value * counted)}


def small_clinic(clinic: Clinic, dice: Random) -> tuple[Table, list[Member]]:
    """Three doctors of two departments, patients who come once or again, some who do not come and some who cancel."""
    whose = three_doctors(clinic)
    table: dict[tuple[date, Member], Tally] = {}
    known: list[UUID] = []
    for day in (day for day in FEBRUARY if day.weekday() < 5):
        for (provider_id, department), often in zip(whose.items(), (4, 2, 1), strict=True):
            counts: Counter[int] = Counter(
                dice.choices(range(5), (3, 6, 4 if known else 0, 1, 2), k=dice.randrange(often * 5))
            )
            table[day, Member(department.id, provider_id)] = Tally(tuple(counts[kind] for kind in range(5)))
            for kind, status in STATUS.items():
                rows = appointments(clinic, f"{day}T10:00", counts[kind], status=status, provider_id=provider_id)
                if kind == CANCELLED:
                    once_booked(rows)
            new = [each.id for each in patients(counts[FIRST_TIME])]
            again = dice.choices(known, k=counts[AGAIN]) if counts[AGAIN] else []
            for ids in (new, again):
                if ids:
                    appointments(clinic, f"{day}T12:00", len(ids), provider_id=provider_id, patient_ids=ids)
            known += new
    return table, [Member(department.id, provider_id) for provider_id, department in whose.items()]


def asked(clinic: Clinic, members: list[Member]) -> dict[Number, int | None]:
    """Every number of every metric, and what is told of it; None where it is masked."""
    heard: dict[Number, int | None] = {}
    for name, counts in COUNTS.items():
        metric = METRICS[name]
        for grain in Grain if metric.grain is Grain.DAY else [metric.grain]:
            for group in metric.groups:
                cells = told(clinic, name, first=FEBRUARY[0], last=FEBRUARY[-1], grain=grain, group=group).cells
                for cell in (cell for cell in cells if cell.period.days <= frozenset(FEBRUARY)):
                    for kinds, number in _numbers(cell, counts).items():
                        key = ((members_of(group, cell.id, members), cell.period), kinds)
                        assert heard.get(key) is None or number in (None, heard[key])
                        heard[key] = heard.get(key) if number is None else number
    return heard


def _numbers(cell: Cell, counts: Callable[[float, int], dict[Kinds, int]]) -> Mapping[Kinds, int | None]:
    if cell.value is None or cell.counted is None:
        return dict.fromkeys(counts(0, 0))
    return counts(cell.value, cell.counted)


def test_all_answers_about_a_small_clinic_leave_what_is_masked_masked(hilltop: Clinic) -> None:
    dice = Random(20310201)
    with inside(hilltop.id):
        table, members = small_clinic(hilltop, dice)
        heard = asked(hilltop, members)

    numbers = {number: value for number, value in heard.items() if value is not None}
    attacker = Attacker(table, FEBRUARY, members, numbers)
    masked = sorted(heard.keys() - numbers, key=place_of)

    assert {number: attacker.truth(*number) for number in numbers} == numbers
    assert min(numbers.values()) >= THRESHOLD
    assert {kinds for _, kinds in numbers} == {kinds for counts in COUNTS.values() for kinds in counts(0, 0)}
    assert len(masked) > 200
    for number in dice.sample(masked, 30):
        assert is_hidden(*attacker.range_of(*number)), (number, attacker.truth(*number))
