"""What is told of a table, and what somebody finds out who asks everything and solves for the rest."""

from datetime import date, timedelta
from itertools import product
from random import Random

import pytest

from chiron.analytics.masking import Member, month_of, parts_of
from chiron.analytics.periods import Grain, period_of
from chiron.analytics.tallies import THRESHOLD, Tally, added
from chiron.analytics.tests.attacker import Attacker, cells_of, dice_table, is_hidden, months_in, told_by

AMA, KOFI, ESI = Member("surgery", "ama"), Member("surgery", "kofi"), Member("surgery", "esi")
YAW, ABENA = Member("children", "yaw"), Member("children", "abena")
DOCTORS = [AMA, KOFI, ESI, YAW, ABENA]
EVERYBODY = frozenset(DOCTORS)
MARCH = [date(2027, 3, 1) + timedelta(day) for day in range(31)]
"""It begins on a Monday."""
WEEK = frozenset(MARCH[:7])
Cell = tuple[date, Member]
SPANS = [(date(2027, 2, 1), 59), (date(2026, 10, 15), 47), (date(2026, 11, 1), 61)]


def evenly(number: int, days: list[date] = MARCH, **other: int) -> dict[Cell, Tally]:
    """So many for each doctor on each day; ``other`` numbers for some."""
    table = {(day, each): Tally((other.get(str(each.leaf), number),)) for day in days for each in DOCTORS}
    return {key: tally for key, tally in table.items() if tally.total}


def test_of_large_numbers_everything_is_told() -> None:
    month = month_of(evenly(11), frozenset(MARCH), EVERYBODY)

    told = [month.tells(group, period.days) for group, period in cells_of(MARCH, DOCTORS)]
    assert told
    assert all(told)


@pytest.mark.parametrize("number", [0, 10])
def test_one_small_number_is_hidden_behind_another_of_its_column(number: int) -> None:
    month = month_of(evenly(400) | {(MARCH[0], AMA): Tally((number,))}, frozenset(MARCH), EVERYBODY)

    hidden = {each.leaf for each in DOCTORS if not month.tells(frozenset({each}), frozenset({MARCH[0]}))}
    assert len(hidden) >= 2
    assert "ama" in hidden
    assert month.tells(EVERYBODY, frozenset({MARCH[0]}))
    assert month.tells(frozenset({AMA}), WEEK)
    assert month.tells(frozenset({AMA}), frozenset(MARCH))


def test_a_day_with_little_is_hidden_with_its_neighbour_while_their_week_is_told() -> None:
    table = evenly(400)
    table = {key: tally for key, tally in table.items() if key[0] != MARCH[6]}

    month = month_of(table, frozenset(MARCH), EVERYBODY)

    hidden = [day for day in MARCH if not month.tells(EVERYBODY, frozenset({day}))]
    assert hidden == MARCH[5:7]
    assert month.tells(EVERYBODY, WEEK)


def test_of_a_month_with_little_nothing_is_told() -> None:
    month = month_of({(MARCH[0], AMA): Tally((10,))}, frozenset(MARCH), EVERYBODY)

    assert not any(month.tells(group, period.days) for group, period in cells_of(MARCH, DOCTORS))


def test_a_share_is_told_only_where_both_of_its_counts_are_large() -> None:
    few_missed = {(day, each): Tally((40, 1 if each in (AMA, YAW) else 12)) for day in MARCH for each in DOCTORS}
    few_missed |= {(day, each): Tally((0, 40)) for day in MARCH[:7] for each in DOCTORS}

    month = month_of(few_missed, frozenset(MARCH), EVERYBODY)

    assert not month.tells(EVERYBODY, WEEK)
    assert not month.tells(frozenset({AMA}), frozenset({MARCH[9]}))
    assert month.tells(EVERYBODY, frozenset(MARCH))


def test_parts_are_large_disjoint_and_hold_everything() -> None:
    dice = Random(7)
    for _ in range(200):
        numbers = {key: Tally((dice.choice([0, 3, 10, 11, 30]),)) for key in range(dice.randint(1, 9))}

        parts = parts_of(numbers, lambda key: key // 3)

        whole = added(numbers.values()).least
        assert sorted(key for part in parts for key in part) == (sorted(numbers) if whole >= THRESHOLD else [])
        assert all(added(numbers[key] for key in part).least >= THRESHOLD for part in parts)


def counted(**numbers: int) -> dict[str, Tally]:
    return {name: Tally((number,)) for name, number in numbers.items()}


def test_what_is_hidden_with_a_small_count_is_the_last_by_name_whatever_its_size() -> None:
    parts = parts_of(counted(a=30, c=7, d=7, e=7, f=7, z=3), lambda key: key == "z")

    assert parts == [frozenset("a"), frozenset("cdefz")]
    assert parts_of(counted(a=30, c=18, z=3), lambda key: key == "z") == [frozenset("a"), frozenset("cz")]


@pytest.mark.parametrize(
    ("numbers", "parts"),
    [
        ({"a": 5, "b": 6}, [{"a", "b"}]),
        ({"a": 5, "b": 5}, []),
        ({"a": 11, "b": 11}, [{"a"}, {"b"}]),
        ({"a": 10, "b": 11, "c": 30}, [{"b"}, {"a", "c"}]),
        ({"a": 4, "b": 30, "c": 17}, [{"b"}, {"a", "c"}]),
        ({"a": 4, "b": 30, "c": 16}, [{"a", "b", "c"}]),
        ({"a": 1, "b": 10, "c": 40}, [{"a", "b", "c"}]),
        ({"a": 4, "b": 4, "c": 3, "d": 40}, [{"a", "b", "c"}, {"d"}]),
        ({"a": 10, "b": 10, "c": 0, "d": 40}, [{"a", "b", "c"}, {"d"}]),
        ({"a": 10, "b": 10, "c": 1, "d": 40}, [{"a", "b", "c", "d"}]),
        ({"a": 0, "b": 11, "c": 40}, [{"b"}, {"a", "c"}]),
    ],
)
def test_what_is_hidden_together_holds_enough_to_hide_each(numbers: dict[str, int], parts: list[set[str]]) -> None:
    assert parts_of(counted(**numbers), lambda key: None) == parts


def test_a_share_whose_others_are_many_is_hidden_with_a_larger_one() -> None:
    tallies = {name: Tally((4, 20)) for name in "abc"} | {"d": Tally((40, 40))}

    assert parts_of(tallies, lambda key: None) == [frozenset("abcd")]


def test_a_department_is_told_where_its_doctors_are_too_few_each() -> None:
    month = month_of({(MARCH[0], each): Tally((10,)) for each in DOCTORS}, frozenset(MARCH), EVERYBODY)

    assert month.tells(frozenset({AMA, KOFI, ESI}), frozenset(MARCH))
    assert month.tells(frozenset({YAW, ABENA}), frozenset(MARCH))
    assert not any(month.tells(frozenset({each}), frozenset(MARCH)) for each in DOCTORS)


def attacked(seed: int, tries: int) -> None:
    """Attack so many masked cells of a table that a dice makes."""
    dice = Random(seed)
    first, length = dice.choice(SPANS)
    days = [first + timedelta(day) for day in range(length)]
    table = dice_table(dice, days, DOCTORS)
    months, cells = months_in(table, days, DOCTORS), cells_of(days, DOCTORS)
    told = [cell for cell in cells if told_by(months, cell)]
    attacker = Attacker(table, days, DOCTORS, [(cell, (0,)) for cell in told])
    masked = [cell for cell in cells if cell not in told]

    assert all(attacker.truth(cell) >= THRESHOLD for cell in told)
    for cell in dice.sample(masked, min(tries, len(masked))):
        low, high = attacker.range_of(cell)
        assert low <= attacker.truth(cell)
        assert is_hidden(low, high), (seed, cell, low, high)


@pytest.mark.parametrize("seed", range(8))
def test_who_asks_for_everything_cannot_solve_for_what_is_masked(seed: int) -> None:
    attacked(seed, tries=10)


@pytest.mark.stress
@pytest.mark.parametrize("seed", range(1000, 1200))
def test_who_asks_for_everything_of_many_tables_cannot_solve_for_what_is_masked(seed: int) -> None:
    attacked(seed, tries=60)


def test_the_attacker_solves_for_what_is_masked_without_complements() -> None:
    table = evenly(20) | {(MARCH[0], AMA): Tally((4,))}
    cells = cells_of(MARCH, DOCTORS)
    bare = Attacker(table, MARCH, DOCTORS, [])
    told = [cell for cell in cells if bare.truth(cell) >= THRESHOLD]

    [masked] = [cell for cell in cells if cell not in told]

    assert Attacker(table, MARCH, DOCTORS, [(cell, (0,)) for cell in told]).range_of(masked) == (4, 4)
    assert masked == (frozenset({AMA}), period_of(MARCH[0], Grain.DAY))


def possible_values(number: int, top: int) -> list[int]:
    """How many values each small count behind a mask could have, for somebody who knows this code by heart.

    Every table of one line is masked; those that give the same answer are the same to whoever reads it.
    """
    tallies = [Tally((value,)) for value in range(top + 1)]
    alike: dict[object, list[tuple[int, ...]]] = {}
    for table in product(range(top + 1), repeat=number):
        parts = parts_of({at: tallies[value] for at, value in enumerate(table)}, lambda key: None)
        answer = frozenset((part, sum(table[at] for at in part)) for part in parts)
        if parts and all(len(part) == 1 or total <= top for part, total in answer):
            alike.setdefault(answer, []).append(table)
    found = []
    for tables in alike.values():
        for values in map(set, zip(*tables, strict=True)):
            if min(values) < THRESHOLD:
                found.append(len(values))
    return found


@pytest.mark.parametrize(("number", "top"), [(2, 50), (3, 30), pytest.param(4, 30, marks=pytest.mark.stress)])
def test_who_knows_the_code_finds_eleven_values_possible_for_each_small_count(number: int, top: int) -> None:
    found = possible_values(number, top)

    assert len(found) > 20
    assert min(found) >= THRESHOLD
