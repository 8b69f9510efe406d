"""Calls that follow from one another: what one answers with, the next is about (promise F1)."""

from collections.abc import Callable
from contextlib import ExitStack
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from tests.fuzz.cases import make_fit, make_real, schema
from tests.fuzz.judging import Judge, limits, token_of
from tests.matrix.world import Whose, World, undone

FITTING = 0.7
"""How often what is sent is what fits."""


def stories(world: World, judge: Judge) -> Any:
    """A machine that draws stories of one person each; what happened in a story is taken back at its end."""
    machine: Any = schema().as_state_machine()

    class Story(machine):  # type: ignore[misc]
        who, said = "ADMIN", ""

        @initialize(who=st.sampled_from([*sorted(world.callers), *["ADMIN"] * 10, *["DOCTOR"] * 4]), dice=st.randoms())
        def begin(self, who: str, dice: Random) -> None:
            self.who, self.dice = who, dice

        def setup(self) -> None:
            world.renew()
            self.dice, self.taken_back = Random(1), ExitStack()
            self.taken_back.enter_context(undone())

        def teardown(self) -> None:
            self.taken_back.close()

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": token_of(world, self.who)}

        def before_call(self, case: Any) -> None:
            follows = any(str(value) in self.said for value in case.path_parameters.values())
            if not follows:
                make_real(case, world, self.who, Whose.MINE)
            if self.dice.random() < FITTING:
                make_fit(case, world, self.who, Whose.MINE, None)

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            self.said += response.text
            judge.hear(self.who, case, response)

    return Story


@pytest.mark.parametrize(("number", "steps"), [(40, 10), pytest.param(250, 20, marks=pytest.mark.stress)])
def test_no_story_makes_a_5xx_or_a_status_that_is_not_declared(
    number: int, steps: int, world: World, shown: Callable[[str, str], None]
) -> None:
    judge = Judge()

    run_state_machine_as_test(stories(world, judge), settings=limits(number, stateful_step_count=steps))

    assert judge.faults == {}
    shown("F1", f"{judge.cases:,} calls that follow from one another: {judge.reached} operations succeeded in a story")
