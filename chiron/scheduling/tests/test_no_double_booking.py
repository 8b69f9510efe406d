"""No double booking: however many want the same time at once, and by whichever way, one gets it (promise R1)."""

from collections.abc import Callable

import pytest

from chiron.scheduling.tests.crowd import (
    THREADS,
    WAYS,
    Answer,
    Call,
    Way,
    Wish,
    deadlocks,
    doubles,
    in_process,
    on_the_day,
    over_http,
    rush,
    unlike,
    wishes_of,
)
from chiron.tenancy.public import inside
from tests.serving import serving
from tests.town import Clinic

Shown = Callable[[str, str], None]
EACH = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
PROCESSES = 4
TRIED: list[str] = []
RATES: list[str] = []
"""What ways this run has tried, and how many attempts were answered in a second: one sentence for all of them."""


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
    RATES.append(f"{way.name} {rate:,.0f}")
    shown(
        "R1",
        f"10,000 attempts on 100 slots by {THREADS} threads over HTTP at {PROCESSES} processes, by each way: 100 got"
        f" one, 0 double, 0 deadlocks, 0 5xx; attempts a second: {', '.join(RATES)}",
    )


def test_of_two_hundred_who_want_one_slot_one_gets_it(lakeside: Clinic) -> None:
    wishes = wishes_of(lakeside, WAYS[0], 200, doctors=1, slots=1)

    answers, _ = rush(in_process(lakeside), WAYS[0], wishes)

    assert answers == {"got it": 1, "doctor-busy": 199}
    with inside(lakeside.id):
        assert (on_the_day(), doubles(), unlike()) == (1, 0, 0)


def test_a_double_click_books_once(lakeside: Clinic) -> None:
    [wish] = wishes_of(lakeside, WAYS[0], 1, doctors=1, slots=1)
    body, again = wish.body() | {"patient_id": str(wish.patient_id)}, {"Idempotency-Key": "one-click"}

    def click(call: Call, wish: Wish) -> Answer:
        return call("/api/appointments/book", body, again)

    answers, _ = rush(in_process(lakeside), Way("click", click), [wish] * 20)

    assert set(answers) <= {"got it", "request-in-flight"}
    assert answers["got it"] >= 1
    with inside(lakeside.id):
        assert (on_the_day(), doubles(), unlike()) == (1, 0, 0)
