"""Slots with a shared cache are the slots without one, whatever is changed, booked or killed in between."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chiron.identity.public import Role
from chiron.registry.models import Provider
from chiron.scheduling import opened
from chiron.scheduling.models import Closure, Schedule
from chiron.scheduling.queries import free_doctors
from chiron.scheduling.slots import Availability, open_day
from chiron.scheduling.tests.factories import BERLIN, NOW, booked, receives
from chiron.scheduling.wallclock import Hours
from chiron.tenancy import cache
from chiron.tenancy.public import inside
from chiron.vault.public import organization_safe
from tests.town import Clinic
from tests.valkey import Valkey, shared_cache

DAY = date(2031, 3, 4)
LEAVE = "Zebulon Quartermaine"
"""Words that must not leave the databases."""


@pytest.fixture
def server(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    """A server that this process is told of."""
    with shared_cache(tmp_path, settings, monkeypatch) as server:
        yield server


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """The days that were worked out."""
    days: list[date] = []

    def open_day_and_note(availability: Availability, day: date) -> Any:
        days.append(day)
        return open_day(availability, day)

    monkeypatch.setattr(opened, "open_day", open_day_and_note)
    return days


@pytest.fixture
def clinic(hilltop: Clinic) -> Iterator[Clinic]:
    """Two doctors receive, one from nine to five, the other in the morning."""
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        receives(hilltop.other_doctor_id, ("08:00", "12:00"))
        yield hilltop


def free(clinic: Clinic) -> dict[str, list[str]]:
    """The slots of each doctor."""
    found = free_doctors(clinic.who[Role.RECEPTIONIST], day=DAY, now=NOW)
    return {str(each.provider.id): [f"{slot.starts_at:%H:%M}" for slot in each.slots] for each in found}


def test_what_is_known_is_the_same_and_not_worked_out_again(server: Valkey, clinic: Clinic, worked: list[date]) -> None:
    first, again = free(clinic), free(clinic)

    assert {len(slots) for slots in first.values()} == {16, 8}
    assert (again, worked) == (first, [DAY, DAY])
    assert len(server.held()) == 2


def test_doctors_who_receive_alike_are_worked_out_once(server: Valkey, clinic: Clinic, worked: list[date]) -> None:
    Schedule.objects.update(weekly=Schedule.objects.get(provider_id=clinic.doctor_id).weekly)

    assert {len(slots) for slots in free(clinic).values()} == {16}
    assert worked == [DAY]


def test_what_is_booked_counts_at_once(server: Valkey, clinic: Clinic) -> None:
    before = free(clinic)
    booked(clinic)

    after = free(clinic)

    taken = set(before[str(clinic.doctor_id)]) - set(after[str(clinic.doctor_id)])
    assert taken == {"09:00"}  # ten in Berlin, as UTC


def test_who_changes_hours_is_asked_under_another_key(server: Valkey, clinic: Clinic, worked: list[date]) -> None:
    free(clinic)
    Schedule.objects.filter(provider_id=clinic.doctor_id).update(weekly={"tuesday": [["13:00", "14:00"]]})
    changed = free(clinic)
    Closure.objects.create(from_day=DAY, from_time="00:00", until_day=DAY + timedelta(1), until_time="00:00")
    closed = free(clinic)

    assert changed[str(clinic.doctor_id)] == ["12:00", "12:30"]
    assert closed == {}
    assert worked == [DAY] * 5


@pytest.mark.parametrize("fault", [Valkey.kill, Valkey.freeze], ids=["killed", "silent"])
def test_a_server_that_fails_in_between_changes_nothing(fault: Any, server: Valkey, clinic: Clinic) -> None:
    before = free(clinic)

    fault(server)

    assert [free(clinic) for _ in range(3)] == [before] * 3


def test_nothing_of_anybody_lies_in_the_cache(server: Valkey, clinic: Clinic) -> None:
    leave = Closure(
        provider_id=clinic.doctor_id, from_day=DAY, from_time="12:00", until_day=DAY, until_time="13:00"
    )  # fmt: skip
    leave.title = organization_safe(clinic.id).seal(leave, "title", LEAVE)
    leave.save(force_insert=True)
    free(clinic)

    said = b"".join(key + value for key, value in server.held().items())
    words = [LEAVE, "Osei", "Kwame", "Sarpong", *(str(each) for each in Provider.objects.values_list("id", flat=True))]
    assert len(server.held()) == 2
    assert [word for word in words if word.encode() in said or word.encode().hex().encode() in said] == []


CLOCK = st.times().map(lambda time: time.replace(second=0, microsecond=0))
DAYS = st.dates(date(2031, 1, 1), date(2031, 12, 30))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    day=DAYS, hours=st.lists(st.tuples(CLOCK, CLOCK), max_size=3), step=st.integers(1, 90), closed=st.integers(0, 48)
)
def test_a_day_comes_back_as_it_was_worked_out(day: date, hours: Any, step: int, closed: int) -> None:
    noon = NOW.replace(tzinfo=None)
    week = {number: [Hours(*pair) for pair in hours] for number in range(7)}
    availability = Availability(BERLIN, timedelta(minutes=step), week, closed=[(noon, noon + timedelta(hours=closed))])

    said = opened._said((availability, day))

    assert opened._heard(said) == open_day(availability, day)
    assert cache.key_for("open day", (availability, day)) == cache.key_for("open day", (availability, day))
