"""Ids that lie where the time of their making puts them."""

from datetime import UTC, datetime

import pytest

from chiron.kernel.ids import NIL, first_id


@pytest.mark.parametrize("year", [1, 1900, 1969, 1970])
def test_a_walk_from_before_1970_begins_at_the_least_id_of_all(year: int) -> None:
    assert first_id(datetime(year, 1, 1, tzinfo=UTC)) == NIL


def test_a_walk_begins_at_the_millisecond_of_its_instant() -> None:
    assert first_id(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)).int == 1000 << 80
