"""Every operation, called by everybody with what its description allows and what it does not (promise F1)."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from tests.fuzz.cases import calls, operations
from tests.fuzz.judging import Judge, limits, token_of
from tests.matrix.world import World, undone

SHARE = 0.6


@pytest.mark.parametrize(
    ("part", "parts", "each"),
    [*((part, 4, 6) for part in range(4)), pytest.param(0, 1, 180, marks=pytest.mark.stress)],
)
def test_no_call_makes_a_5xx_or_a_status_that_is_not_declared(
    part: int, parts: int, each: int, world: World, shown: Callable[[str, str], None]
) -> None:
    judge, called = Judge(), operations()[part::parts]

    for operation in called:
        world.renew()
        limits(each)(given(calls(operation, world))(lambda call: judged(world, judge, *call)))()

    assert judge.faults == {}
    assert judge.reached / len(called) >= SHARE
    shown(
        "F1",
        f"{judge.cases:,} calls by every role from the OpenAPI document: 0 answers of 500 or more, 0 that it does not "
        f"describe; {judge.reached / len(called):.0%} of {len(called)} operations succeeded",
    )


def judged(world: World, judge: Judge, who: str, case: Any) -> None:
    """Call, judge, and take back what the call did."""
    with undone():
        response = case.call(headers=token_of(world, who))
    judge.hear(who, case, response)
