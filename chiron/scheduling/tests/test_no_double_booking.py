"""No double booking: however many want the same time at once, and by whichever way, one gets it (promise R1)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from chiron.scheduling.models import Appointment
from chiron.scheduling.tests.crowd import (
    DAY,
    THREADS,
    WAYS,
    Way,
    deadlocks,
    doubles,
    in_process,
    over_http,
    rush,
    unlike,
    wishes_of,
)
from chiron.scheduling.tests.factories import BERLIN
from chiron.tenancy.public import inside
from tests.serving import serving
from tests.town import Clinic

Shown = Callable[[str, str], None]
EACH = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
PROCESSES = 4


def on_the_day() -> int:
    """How many appointments there are in the slots that everybody wanted."""
    morning = DAY.replace(tzinfo=BERLIN)
    day = Appointment.objects.filter(starts_at__gte=morning, starts_at__lt=morning + timedelta(days=1))
    return day.count()


@EACH
def test_of_all_who_want_a_slot_one_gets_it(way: Way, lakeside: Clinic, shown: Shown) -> None:
    wishes, before = wishes_of(lakeside, way, 500), deadlocks()

    answers, _ = rush(in_process(lakeside), way, wishes)

    assert set(answers) <= {"got it", *way.refusals}
    assert (answers["got it"], answers.total(), deadlocks() - before) == (100, 500, 0)
    with inside(lakeside.id):
        assert (on_the_day(), doubles(), unlike()) == (100, 0, 0)
    shown(
        "R1", f"{way.name}: 500 attempts on 100 slots by {THREADS} threads: 100 got one, 0 double, 0 deadlocks, 0 5xx"
    )


@pytest.mark.stress
@EACH
def test_of_thousands_who_want_a_slot_one_gets_it(way: Way, lakeside: Clinic, shown: Shown) -> None:
    wishes, before = wishes_of(lakeside, way, 10_000), deadlocks()

    with serving("--workers", str(PROCESSES)) as server:
        answers, rate = rush(over_http(lakeside, server), way, wishes)

    assert set(answers) <= {"got it", *way.refusals}
    assert (answers["got it"], answers.total(), deadlocks() - before) == (100, 10_000, 0)
    with inside(lakeside.id):
        assert (on_the_day(), doubles(), unlike()) == (100, 0, 0)
    shown(
        "R1",
        f"{way.name}: 10,000 attempts on 100 slots by {THREADS} threads over HTTP at {PROCESSES} processes: 100 got"
        f" one, 0 double, 0 deadlocks, 0 5xx; {rate:,.0f} attempts a second",
    )


def test_of_two_hundred_who_want_one_slot_one_gets_it(lakeside: Clinic) -> None:
    wishes = wishes_of(lakeside, WAYS[0], 200, doctors=1, slots=1)

    answers, _ = rush(in_process(lakeside), WAYS[0], wishes)

    assert answers == {"got it": 1, "doctor-busy": 199}
    with inside(lakeside.id):
        assert (on_the_day(), doubles(), unlike()) == (1, 0, 0)
