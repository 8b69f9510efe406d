"""Cursors are ours or refused."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from chiron.kernel.errors import Invalid
from chiron.kernel.ids import new_id
from chiron.kernel.pagination import cursor_of, values_of


def test_a_cursor_brings_its_values_back() -> None:
    at, row = datetime(2031, 5, 5, 9, tzinfo=UTC), new_id()

    assert values_of(cursor_of(at, row), datetime, UUID) == [at, row]


@pytest.mark.parametrize("cursor", ["", "x", "W10", "WzFd", "é", "WyIyMDMxLTA1LTA1VDA5OjAwIl0", "////", "bnVsbA"])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        values_of(cursor, datetime)


def test_later_ids_sort_after_earlier_ones() -> None:
    ids = [new_id() for _ in range(1000)]

    assert ids == sorted(ids)
    assert {each.version for each in ids} == {7}
