"""Somebody who asks again and again: for other ranges, other periods, other groups; and subtracts."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from chiron.analytics.masking import Member
from chiron.analytics.metrics import Grouping
from chiron.analytics.periods import Grain, Period
from chiron.analytics.tallies import THRESHOLD, Tally
from chiron.analytics.tests.attacker import Attacker, Cell, is_hidden
from chiron.analytics.tests.factories import appointments, screenings, three_doctors, told, values
from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.ids import NIL
from chiron.registry.models import Department, Laboratory, Provider, ProviderDepartment
from chiron.registry.public import Person, create_provider
from chiron.scheduling.tests.factories import berlin
from chiron.tenancy.public import inside
from tests.town import Clinic

FIRST, LAST = date(2031, 2, 1), date(2031, 3, 31)
DAYS = [FIRST + timedelta(day) for day in range((LAST - FIRST).days + 1)]
Table = dict[tuple[date, Member], Tally]


def small_clinic(clinic: Clinic, dice: Random) -> tuple[Table, list[Member]]:
    """Three doctors of two departments, and what was booked with them."""
    whose = three_doctors(clinic)
    table: Table = {}
    for day in DAYS:
        for (provider_id, department), often in zip(whose.items(), (9, 5, 2), strict=True):
            number = 0 if day.weekday() > 4 or dice.random() < 0.2 else round(dice.expovariate(1 / often))
            if number:
                appointments(clinic, f"{day}T10:00", number, provider_id=provider_id)
                table[day, Member(department.id, provider_id)] = Tally((number,))
    return table, [Member(department.id, provider_id) for provider_id, department in whose.items()]


def members_of(group: Grouping, key: object, members: list[Member]) -> frozenset[Member]:
    if group is Grouping.NONE:
        return frozenset(members)
    return frozenset(each for each in members if key in each)


def everything(clinic: Clinic, members: list[Member], ranges: list[tuple[date, date]]) -> dict[Cell, set[float | None]]:
    """All that is told of each number, by whatever question it is asked for."""
    heard: dict[Cell, set[float | None]] = {}
    for first, last in ranges:
        for grain in Grain:
            for group in (Grouping.NONE, Grouping.DOCTOR, Grouping.DEPARTMENT):
                for cell in told(clinic, "appointments.booked", first=first, last=last, grain=grain, group=group).cells:
                    of = members_of(group, cell.id, members)
                    heard.setdefault((of, cell.period), set()).add(cell.value)
    return heard


def test_differences_of_all_answers_leave_what_is_masked_masked(hilltop: Clinic) -> None:
    dice = Random(20310301)
    ranges = [(FIRST, LAST)] + [(a, b) for a, b in (sorted(dice.sample(DAYS, 2)) for _ in range(4))]
    with inside(hilltop.id):
        table, members = small_clinic(hilltop, dice)
        heard = everything(hilltop, members, ranges)

    inner = {cell: values for cell, values in heard.items() if cell[1].days <= set(DAYS)}
    numbers = {cell for cell, values in inner.items() if None not in values}
    attacker = Attacker(table, DAYS, members, [(cell, (0,)) for cell in numbers])
    masked = sorted(inner.keys() - numbers, key=lambda cell: (cell[1], sorted(map(str, cell[0]))))

    assert all(len(values) == 1 for values in heard.values())
    assert {(cell, attacker.truth(cell)) for cell in numbers} == {(cell, *inner[cell]) for cell in numbers}
    assert all(attacker.truth(cell) >= THRESHOLD for cell in numbers)
    assert len(numbers) > 20
    assert len(masked) > 200
    for cell in dice.sample(masked, 40):
        assert is_hidden(*attacker.range_of(cell)), cell


def test_what_is_told_of_a_period_does_not_hang_on_where_the_question_begins(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        for day in range(1, 29):
            appointments(hilltop, f"2031-02-{day:02}T10:00", 3 if day % 5 else 30)
        whole = told(hilltop, "appointments.booked", first=FIRST, last=LAST, grain=Grain.DAY)
        alone = [
            cell
            for day in DAYS
            for cell in told(hilltop, "appointments.booked", first=day, last=day, grain=Grain.DAY).cells
        ]

    assert alone == list(whole.cells)
    assert {cell.period for cell in alone} == {Period(day, day) for day in DAYS}


def test_who_left_changes_nothing_that_is_told_of_other_months(hilltop: Clinic) -> None:
    """Counted in February only, they are no part of March, whether February is asked for or not."""
    with inside(hilltop.id):
        gone = create_provider(by=hilltop.who[Role.ADMIN], person=Person(family="Addo", given=["Yaa"]), role="doctor",
                               specialty="", active=False, now=now())  # fmt: skip
        appointments(hilltop, "2031-02-05T10:00", 30, provider_id=gone.id)
        for month in (2, 3):
            appointments(hilltop, f"2031-0{month}-05T10:00", 30)
            appointments(hilltop, f"2031-0{month}-05T10:00", 40, provider_id=hilltop.other_doctor_id)
        both = told(hilltop, "appointments.booked", first=FIRST, last=LAST, group=Grouping.DOCTOR)
        march = told(hilltop, "appointments.booked", first=LAST, last=LAST, group=Grouping.DOCTOR)

    of_march = {cell.id: cell.value for cell in both.cells if cell.period.last == LAST}
    assert of_march == {gone.id: None, hilltop.doctor_id: 30, hilltop.other_doctor_id: 40}
    assert {cell.id: cell.value for cell in march.cells} == {hilltop.doctor_id: 30, hilltop.other_doctor_id: 40}


def test_a_month_stays_as_it_was_told_when_doctors_come_and_go_after_it(hilltop: Clinic) -> None:
    """One who did nothing hides the smallest neighbour; neither coming later nor leaving later may undo that."""
    joined, april = datetime(2031, 3, 20, tzinfo=UTC), datetime(2031, 4, 1, 9, tzinfo=UTC)
    heard = []
    with inside(hilltop.id):
        idle, later = (create_provider(by=hilltop.who[Role.ADMIN], person=Person(family=name, given=["Dr"]),
                                       role="doctor", specialty="", active=True, now=at)
                       for name, at in (("Idle", joined), ("Later", april)))  # fmt: skip
        for provider_id, number in ((hilltop.doctor_id, 30), (hilltop.other_doctor_id, 40)):
            appointments(hilltop, "2031-03-05T10:00", number, provider_id=provider_id)
        for change in ({}, {"active": False, "updated_at": april}):
            Provider.objects.filter(id__in=[idle.id, later.id]).update(**change)
            answer = told(hilltop, "appointments.booked", first=LAST, last=LAST, group=Grouping.DOCTOR)
            heard.append({cell.id: cell.value for cell in answer.cells})

    assert heard == [{hilltop.doctor_id: 30, hilltop.other_doctor_id: None, idle.id: None}] * 2


def test_a_month_stays_as_it_was_told_when_a_laboratory_comes_after_it(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        for name, number in (("Central", 40), ("Harbour", 30)):
            screenings(number, "2031-03-04T10:00", laboratory=Laboratory.objects.create(name=name, code=name))
        before = told(hilltop, "screening.volume", first=LAST, last=LAST, group=Grouping.LABORATORY)
        Laboratory.objects.create(name="New", code="New", recorded_at=berlin("2031-04-01T00:00"))
        after = told(hilltop, "screening.volume", first=LAST, last=LAST, group=Grouping.LABORATORY)
        Laboratory.objects.create(name="Last", code="Last", recorded_at=berlin("2031-03-31T23:59"))
        within = told(hilltop, "screening.volume", first=LAST, last=LAST, group=Grouping.LABORATORY)

    assert values(after) == values(before) == [40, 30]
    assert [cell.name for cell in within.cells] == ["Central", "Harbour", "Last"]


def of_march(clinic: Clinic, metric: str, group: Grouping) -> list[dict[str, float]]:
    """What is told of March by group, asked for alone and with February; only of those it is told of at all."""
    heard = []
    for first in (date(2031, 3, 1), FIRST):
        cells = told(clinic, metric, first=first, last=LAST, group=group).cells
        heard.append({each.name: each.value for each in cells if each.period.last == LAST and each.value is not None})
    return heard


def test_what_belongs_to_none_in_one_month_tells_nothing_of_another(hilltop: Clinic) -> None:
    """Two laboratories of 10 each: were both others told, 20 would be left for the two, and each would be known."""
    with inside(hilltop.id):
        for name, number in (("Central", 40), ("Harbour", 30), ("North", 10), ("South", 10)):
            laboratory = Laboratory.objects.create(name=name, code=name)
            screenings(number, "2031-03-04T10:00", laboratory=laboratory)
        screenings(1, "2031-02-04T10:00")

        alone, with_february = of_march(hilltop, "screening.volume", Grouping.LABORATORY)
        [whole] = told(hilltop, "screening.volume", first=LAST, last=LAST).cells

    assert alone == with_february == {"Central": 40}
    assert whole.value == 90


@pytest.mark.parametrize("group", [Grouping.DOCTOR, Grouping.DEPARTMENT])
def test_who_left_or_moved_tells_nothing_of_another_month(hilltop: Clinic, group: Grouping) -> None:
    """The same of doctors: until February one more worked here, and all in a department that was closed then."""
    with inside(hilltop.id):
        Provider.objects.update(active=False)
        closed = Department.objects.create(name="Closed")
        for name, often, active in (("Ama", 40, True), ("Efe", 30, True), ("Kim", 10, True), ("Lou", 10, True),
                                    ("Yaa", 0, False)):  # fmt: skip
            doctor = create_provider(by=hilltop.who[Role.ADMIN], person=Person(family=name, given=["Dr"]),
                                     role="doctor", specialty="", active=active, now=now())  # fmt: skip
            department = Department.objects.create(name=name)
            for where, since, until in ((closed, FIRST, date(2031, 2, 28)), (department, date(2031, 3, 1), None)):
                ProviderDepartment.objects.create(provider_id=doctor.id, department=where, since=since, until=until)
            appointments(hilltop, "2031-02-04T10:00", 5, provider_id=doctor.id)
            appointments(hilltop, "2031-03-04T10:00", often, provider_id=doctor.id)

        alone, with_february = of_march(hilltop, "appointments.booked", group)

    assert alone == with_february
    assert list(alone.values()) == [40]


def test_a_doctor_without_appointments_is_not_told_apart_from_one_with_few(hilltop: Clinic) -> None:
    """Who is listed says nothing of what was counted: all doctors are, always."""
    listed: list[set[UUID]] = []
    with inside(hilltop.id):
        for number in (0, 4):
            for _ in range(number):
                appointments(hilltop, "2031-03-05T10:00", 1, provider_id=hilltop.other_doctor_id)
            appointments(hilltop, "2031-03-05T10:00", 40)
            answer = told(hilltop, "appointments.booked", first=LAST, last=LAST, group=Grouping.DOCTOR)
            listed.append({cell.id for cell in answer.cells if isinstance(cell.id, UUID)})
            assert {cell.value for cell in answer.cells} == {None}

    assert listed[0] == listed[1] == {hilltop.doctor_id, hilltop.other_doctor_id}
    assert NIL not in listed[0]
