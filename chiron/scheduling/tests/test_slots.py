"""What is offered is what hours, leave, appointments, notice and horizon leave over, and all of it can be booked."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from chiron.scheduling.slots import Availability, Terms, can_begin, slots_on
from chiron.scheduling.wallclock import Hours, Span, wall_of

MINUTE = timedelta(minutes=1)
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
MONDAY = date(2026, 6, 1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
HALF_HOUR = Terms(timedelta(minutes=30))


def hours(start: str, end: str) -> Hours:
    return Hours(time.fromisoformat(start), time.fromisoformat(end))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def berlin(text: str) -> datetime:
    return at(text).replace(tzinfo=BERLIN).astimezone(UTC)


def receives(weekly: Mapping[int, Sequence[Hours]], **more: object) -> Availability:
    return Availability(**{"zone": BERLIN, "step": timedelta(minutes=30), "weekly": weekly} | more)  # type: ignore[arg-type]


def offered(
    day: date, availability: Availability, terms: Terms = HALF_HOUR, taken: list[Span] | None = None,
    now: datetime = LONG_AGO,
) -> list[str]:  # fmt: skip
    """The slots of a day as the clock shows them, each of which can be booked."""
    said = {"availability": availability, "terms": terms, "taken": taken or [], "now": now}
    found = slots_on(day, **said)  # type: ignore[arg-type]
    assert all(can_begin(start, **said) for start in found)  # type: ignore[arg-type]
    return [f"{wall_of(start, availability.zone):%H:%M}" for start in found]


MORNING = receives({0: [hours("09:00", "11:00")]})


def test_slots_fill_the_hours_of_the_weekday() -> None:
    assert offered(MONDAY, MORNING) == ["09:00", "09:30", "10:00", "10:30"]
    assert offered(MONDAY + timedelta(days=1), MORNING) == []


def test_steps_do_not_depend_on_the_duration() -> None:
    assert offered(MONDAY, MORNING, Terms(timedelta(minutes=70))) == ["09:00", "09:30"]


def test_after_a_break_the_steps_go_on_as_they_were() -> None:
    away = receives(MORNING.weekly, closed=[(at("2026-06-01T09:40"), at("2026-06-01T09:50"))])

    assert offered(MONDAY, away) == ["09:00", "10:00", "10:30"]


def test_half_a_day_of_leave_takes_that_half() -> None:
    day = {0: [hours("09:00", "12:00"), hours("13:00", "15:00")]}
    away = receives(day, closed=[(at("2026-06-01T00:00"), at("2026-06-01T13:00"))])

    assert offered(MONDAY, away) == ["13:00", "13:30", "14:00", "14:30"]


def test_holidays_that_overlap_close_once_and_open_nothing() -> None:
    away = receives(
        MORNING.weekly,
        extra=[(MONDAY, hours("10:00", "12:00"))],
        closed=[(at("2026-06-01T09:00"), at("2026-06-01T10:00")), (at("2026-06-01T09:30"), at("2026-06-01T11:00"))],
    )

    assert offered(MONDAY, away) == ["11:00", "11:30"]


def test_hours_over_midnight_give_slots_on_both_days() -> None:
    night = receives({0: [hours("22:00", "02:00")]}, step=timedelta(hours=1))

    assert offered(MONDAY, night, Terms(timedelta(hours=1))) == ["22:00", "23:00"]
    assert offered(MONDAY + timedelta(days=1), night, Terms(timedelta(hours=1))) == ["00:00", "01:00"]


def test_an_appointment_may_begin_before_midnight_and_end_in_the_next_days_hours() -> None:
    night = receives({0: [hours("23:00", "00:00")], 1: [hours("00:00", "00:30")]})

    assert offered(MONDAY, night, Terms(timedelta(minutes=60))) == ["23:00", "23:30"]


def test_what_must_be_free_around_both_appointments_is_free() -> None:
    terms = Terms(timedelta(minutes=30), before=timedelta(minutes=10), after=timedelta(minutes=20))
    taken = [terms.reserved(berlin("2026-06-01T10:00"))]
    fine = receives({0: [hours("09:00", "11:30")]}, step=timedelta(minutes=5))

    assert offered(MONDAY, fine, terms, taken) == ["09:00", "11:00"]


def test_what_must_be_free_may_lie_beyond_the_hours() -> None:
    terms = Terms(timedelta(minutes=30), before=timedelta(hours=2), after=timedelta(hours=2))

    assert offered(MONDAY, MORNING, terms) == ["09:00", "09:30", "10:00", "10:30"]


def test_exactly_at_the_notice_is_allowed_and_a_second_later_is_not() -> None:
    terms = Terms(timedelta(minutes=30), notice=timedelta(hours=24))
    limit = berlin("2026-05-31T10:00")

    assert offered(MONDAY, MORNING, terms, now=limit) == ["10:00", "10:30"]
    assert offered(MONDAY, MORNING, terms, now=limit + timedelta(seconds=1)) == ["10:30"]


def test_exactly_at_the_horizon_is_allowed_and_a_second_earlier_is_not() -> None:
    terms = Terms(timedelta(minutes=30), horizon=timedelta(days=30))
    limit = berlin("2026-05-02T10:00")

    assert offered(MONDAY, MORNING, terms, now=limit) == ["09:00", "09:30", "10:00"]
    assert offered(MONDAY, MORNING, terms, now=limit - timedelta(seconds=1)) == ["09:00", "09:30"]


def test_the_horizon_is_counted_on_the_clock() -> None:
    afternoon = receives({0: [hours("15:00", "16:00")]})
    terms = Terms(timedelta(minutes=30), horizon=timedelta(days=1))

    before_the_change = datetime(2026, 3, 29, 13, tzinfo=UTC)  # a Sunday, 15:00 in summer time since this morning
    assert offered(date(2026, 3, 30), afternoon, terms, now=before_the_change) == ["15:00"]


def test_three_o_clock_stays_three_o_clock_on_the_day_of_the_change() -> None:
    sundays = receives({6: [hours("15:00", "15:30")]})
    weeks = [date(2026, 3, 22), date(2026, 3, 29), date(2026, 4, 5)]

    assert [offered(day, sundays) for day in weeks] == [["15:00"]] * 3


def test_an_hour_that_comes_twice_is_offered_twice() -> None:
    night = receives({6: [hours("00:00", "03:00")]}, zone=NEW_YORK, step=timedelta(hours=1))

    assert offered(date(2026, 11, 1), night, Terms(timedelta(hours=1))) == ["00:00", "01:00", "01:00", "02:00"]
    assert offered(date(2026, 3, 8), night, Terms(timedelta(hours=1))) == ["00:00", "01:00"]


@settings(deadline=None)
@given(
    day=st.dates(date(2025, 1, 1), date(2030, 12, 31)),
    zone=st.sampled_from([BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Africa/Cairo")]),
    step=st.sampled_from([10, 15, 20, 30, 45]),
    opens=st.lists(st.tuples(st.integers(0, 1439), st.integers(0, 1439)), min_size=1, max_size=3),
    duration=st.integers(5, 120),
    taken=st.lists(st.tuples(st.integers(-600, 2000), st.integers(1, 120)), max_size=6),
)
def test_what_is_offered_is_what_a_look_at_each_minute_finds(
    day: date, zone: ZoneInfo, step: int, opens: list[tuple[int, int]], duration: int, taken: list[tuple[int, int]]
) -> None:
    daily = [Hours(*(time(*divmod(minute, 60)) for minute in pair)) for pair in opens]
    midnight = datetime.combine(day, time(0), UTC)
    reserved = [Span(midnight + MINUTE * start, midnight + MINUTE * (start + long)) for start, long in taken]
    clock = {midnight + MINUTE * each: wall_of(midnight + MINUTE * each, zone) for each in range(-900, 2600)}
    free = {
        instant
        for instant, wall in clock.items()
        if any(into(each, wall) is not None for each in daily)
        and not any(span.starts_at <= instant < span.ends_at for span in reserved)
    }

    availability = Availability(zone, MINUTE * step, dict.fromkeys(range(7), daily))
    terms, now = Terms(MINUTE * duration), midnight - timedelta(days=3)
    found = slots_on(day, availability=availability, terms=terms, taken=reserved, now=now)

    assert found == [
        instant
        for instant, wall in clock.items()
        if wall.date() == day
        and any((passed := into(each, wall)) is not None and passed % step == 0 for each in daily)
        and all(instant + MINUTE * each in free for each in range(duration))
    ]


def into(daily: Hours, wall: datetime) -> int | None:
    """How many minutes of hours that recur every day have passed on the clock; None outside of them."""
    start, end = (clock.hour * 60 + clock.minute for clock in (daily.start, daily.end))
    passed = (wall.hour * 60 + wall.minute - start) % 1440
    return passed if passed < ((end - start) % 1440 or 1440) else None
