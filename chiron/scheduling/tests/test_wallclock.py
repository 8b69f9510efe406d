"""Hours are exact across every change of a clock, against an oracle that looks at the clock each minute."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chiron.scheduling.wallclock import DAY, Hours, Span, instants_of, spans_of, union, without

MINUTE = timedelta(minutes=1)
NIGHT, AFTERNOON = Hours(time(0), time(6)), Hours(time(13), time(18))
AWKWARD = [NIGHT, Hours(time(22), time(6)), Hours(time(1, 30), time(2, 10)), Hours(time(0), time(0))]
ZONES = sorted(available_timezones())


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def length(spans: list[Span]) -> timedelta:
    return sum((span.ends_at - span.starts_at for span in spans), timedelta())


def seen_by_the_minute(start: datetime, end: datetime, zone: ZoneInfo) -> list[Span]:
    """The oracle: look at the clock once a minute."""
    instant, found = start.replace(tzinfo=UTC) - DAY, []
    while instant < end.replace(tzinfo=UTC) + DAY:
        if start <= instant.astimezone(zone).replace(tzinfo=None) < end:
            found.append(Span(instant, instant + MINUTE))
        instant += MINUTE
    return union(found)


def changes_of(zone: ZoneInfo) -> list[date]:
    """The days, 2025 to 2030, on or before which the clock is changed."""
    first = datetime(2025, 1, 1, tzinfo=UTC)
    noons = [first + timedelta(days=day, hours=12) for day in range(6 * 365)]
    return [
        noon.date() for noon in noons if noon.astimezone(zone).utcoffset() != (noon + DAY).astimezone(zone).utcoffset()
    ]


@pytest.mark.parametrize(
    ("zone", "day", "night", "afternoon"),
    [
        ("America/New_York", "2026-03-08", 5, ("17:00", "22:00")),
        ("America/New_York", "2026-11-01", 7, ("18:00", "23:00")),
        ("Europe/Berlin", "2026-03-29", 5, ("11:00", "16:00")),
        ("Europe/Berlin", "2026-10-25", 7, ("12:00", "17:00")),
        ("Australia/Lord_Howe", "2026-10-04", 5.5, ("02:00", "07:00")),
        ("Australia/Lord_Howe", "2026-04-05", 6.5, ("02:30", "07:30")),
        ("Africa/Cairo", "2026-04-24", 5, ("10:00", "15:00")),
        ("America/Santiago", "2026-09-06", 5, ("16:00", "21:00")),
        ("Asia/Beirut", "2026-03-29", 5, ("10:00", "15:00")),
    ],
)
def test_a_day_on_which_clocks_change_is_as_long_as_it_is(
    zone: str, day: str, night: float, afternoon: tuple[str, str]
) -> None:
    place, when = ZoneInfo(zone), date.fromisoformat(day)

    assert length(spans_of(*NIGHT.on(when), place)) == timedelta(hours=night)
    assert spans_of(*AFTERNOON.on(when), place) == [Span(*(utc(f"{day}T{clock}") for clock in afternoon))]


def test_a_time_comes_once_never_or_twice() -> None:
    new_york = ZoneInfo("America/New_York")

    assert instants_of(datetime.fromisoformat("2026-03-07T02:30"), new_york) == [utc("2026-03-07T07:30")]
    assert instants_of(datetime.fromisoformat("2026-03-08T02:30"), new_york) == []
    assert instants_of(datetime.fromisoformat("2026-11-01T01:30"), new_york) == [
        utc("2026-11-01T05:30"),
        utc("2026-11-01T06:30"),
    ]


def test_midnight_that_does_not_exist_is_no_beginning_and_the_day_begins_at_one() -> None:
    cairo, day = ZoneInfo("Africa/Cairo"), date(2026, 4, 24)

    assert instants_of(datetime.combine(day, time(0)), cairo) == []
    assert spans_of(*NIGHT.on(day), cairo) == [Span(utc("2026-04-23T22:00"), utc("2026-04-24T03:00"))]


def compared(zones: list[str]) -> int:
    """How many spans were compared with the oracle, around every change of these clocks."""
    done = 0
    for zone in map(ZoneInfo, zones):
        for change in changes_of(zone):
            for day in (change, change + DAY):
                for hours in AWKWARD:
                    start, end = hours.on(day)
                    assert spans_of(start, end, zone) == seen_by_the_minute(start, end, zone), (zone, day, hours)
                    done += 1
    return done


def test_hours_around_changes_of_some_clocks_are_what_a_look_each_minute_finds() -> None:
    assert compared(Random(7).sample(ZONES, 12)) > 100


@pytest.mark.stress
def test_hours_around_every_change_of_every_clock_are_what_a_look_each_minute_finds() -> None:
    assert compared(ZONES) > 15_000


SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 15)).map(
        lambda at: Span(utc("2026-01-01") + at[0] * MINUTE, utc("2026-01-01") + sum(at) * MINUTE)
    ),
    max_size=8,
)


def minutes(spans: list[Span]) -> set[datetime]:
    return {
        span.starts_at + step * MINUTE for span in spans for step in range((span.ends_at - span.starts_at) // MINUTE)
    }


@settings(deadline=None)
@given(SPANS, SPANS)
def test_spans_are_sets_of_instants(some: list[Span], others: list[Span]) -> None:
    assert minutes(union(some)) == minutes(some)
    assert minutes(without(some, others)) == minutes(some) - minutes(others)
    for spans in (union(some), without(some, others)):
        assert all(one.ends_at < next_one.starts_at for one, next_one in zip(spans, spans[1:], strict=False))
