from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.identity.rules import GRACE, Verdict, is_birth_date, judge
from chiron.identity.tests.factories import NINE

MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("presented", "rotated_ago", "verdict"),
    [
        (7, timedelta(days=3), Verdict.ROTATE),
        (7, None, Verdict.ROTATE),
        (6, timedelta(0), Verdict.REPEAT),
        (6, GRACE, Verdict.REPEAT),
        (6, GRACE + MOMENT, Verdict.REUSED),
        (5, timedelta(0), Verdict.REUSED),
        (0, timedelta(0), Verdict.REUSED),
        (8, timedelta(0), Verdict.REUSED),
    ],
)
def test_a_token_works_once_and_its_repetition_only_at_once(
    presented: int, rotated_ago: timedelta | None, verdict: Verdict
) -> None:
    rotated_at = None if rotated_ago is None else NINE - rotated_ago

    assert judge(presented=presented, current=7, rotated_at=rotated_at, ended=False, now=NINE) is verdict


@given(presented=st.integers(0, 2**63), current=st.integers(0, 2**63))
def test_nothing_revives_a_session_that_has_ended(presented: int, current: int) -> None:
    assert judge(presented=presented, current=current, rotated_at=NINE, ended=True, now=NINE) is Verdict.ENDED


@given(presented=st.integers(0, 100), current=st.integers(0, 100), seconds=st.integers(0, 100))
def test_only_the_current_token_and_its_parent_are_ever_answered(presented: int, current: int, seconds: int) -> None:
    rotated_at = NINE - timedelta(seconds=seconds)

    verdict = judge(presented=presented, current=current, rotated_at=rotated_at, ended=False, now=NINE)

    assert (verdict is Verdict.ROTATE) == (presented == current)
    assert (verdict is Verdict.REPEAT) == (presented == current - 1 and seconds <= 10)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("1980-05-17", True),
        ("1980-05", True),
        ("1980", True),
        ("2031-05-05", True),
        ("2031-05-06", False),
        ("1880", False),
        ("1980-13", False),
        ("1981-02-29", False),
        ("17.05.1980", False),
        ("1980-5-17", False),
        ("", False),
    ],
)
def test_a_birth_date_may_be_partial_but_must_be_possible(text: str, is_one: bool) -> None:
    assert is_birth_date(text, date(2031, 5, 5)) is is_one
