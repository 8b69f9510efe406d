"""Quiet hours: in the recipient's own zone, over midnight, over clock changes."""

from datetime import UTC, datetime, time

import pytest

from chiron.notifications.rules import after_quiet_hours

NIGHT = (time(22), time(7), "Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-07-01T19:59:59", "2026-07-01T19:59:59"),
        ("2026-07-01T20:00:00", "2026-07-02T05:00:00"),
        ("2026-07-01T23:30:00", "2026-07-02T05:00:00"),
        ("2026-07-02T04:59:59", "2026-07-02T05:00:00"),
        ("2026-07-02T05:00:00", "2026-07-02T05:00:00"),
        ("2026-03-28T23:00:00", "2026-03-29T05:00:00"),
        ("2026-10-24T21:00:00", "2026-10-25T06:00:00"),
    ],
)
def test_a_night_ends_at_its_wall_time(now: str, until: str) -> None:
    assert after_quiet_hours(at(now), *NIGHT) == at(until)


@pytest.mark.parametrize(
    ("now", "until"),
    [("2026-07-01T10:00:00", "2026-07-01T11:30:00"), ("2026-07-01T09:59:00", "2026-07-01T09:59:00")],
)
def test_a_rest_by_day_ends_the_same_day(now: str, until: str) -> None:
    assert after_quiet_hours(at(now), time(12), time(13, 30), "Europe/Berlin") == at(until)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-29T00:00:00", "2026-03-29T01:30:00"),  # 02:30 does not exist: clocks go from 02:00 to 03:00
        ("2026-10-25T00:10:00", "2026-10-25T01:30:00"),  # 02:30 comes twice
        ("2026-10-25T01:10:00", "2026-10-25T01:30:00"),
    ],
)
def test_an_end_that_the_clock_leaves_out_or_repeats_comes_later(now: str, until: str) -> None:
    assert after_quiet_hours(at(now), time(22), time(2, 30), "Europe/Berlin") == at(until)
