from datetime import UTC, datetime, timedelta

import pytest

from chiron.interop.errors import Fault
from chiron.interop.fhir.reading.elements import Element
from chiron.interop.fhir.reading.times import moment, span
from chiron.records.public import Precision

TICK = timedelta(microseconds=1)


def said(text: str) -> Element:
    return Element("Observation", {"issued": text})


@pytest.mark.parametrize(
    ("text", "first", "after", "precision"),
    [
        ("1980", datetime(1980, 1, 1, tzinfo=UTC), datetime(1981, 1, 1, tzinfo=UTC), Precision.YEAR),
        ("1980-02", datetime(1980, 2, 1, tzinfo=UTC), datetime(1980, 3, 1, tzinfo=UTC), Precision.MONTH),
        ("1980-12-31", datetime(1980, 12, 31, tzinfo=UTC), datetime(1981, 1, 1, tzinfo=UTC), Precision.DAY),
    ],
)
def test_a_partial_date_keeps_its_precision(text: str, first: datetime, after: datetime, precision: Precision) -> None:
    read = moment(said(text), "issued")

    assert read is not None
    assert (read.first, read.last, read.precision) == (first, after - TICK, precision)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-03-01T09:30:00Z", datetime(2024, 3, 1, 9, 30, tzinfo=UTC)),
        ("2024-03-01T09:30:00.25+01:00", datetime(2024, 3, 1, 8, 30, 0, 250_000, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2024-03-01T09:30:00.1234567899-11:30", datetime(2024, 3, 1, 21, 0, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_with_its_offset(text: str, instant: datetime) -> None:
    read = moment(said(text), "issued")

    assert read is not None
    assert (read.first, read.last, read.precision) == (instant, instant, Precision.INSTANT)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2024-03-01T09:30:00", "has a time of day without an offset from UTC."),
        ("2024-3-1", "is not a FHIR date or time."),
        ("yesterday", "is not a FHIR date or time."),
        ("2024-02-30", "is not in the calendar."),
        ("2024-03-01T24:00:00Z", "is not in the calendar."),
        ("0001-01-01T00:00:00+14:00", "is not in the calendar."),
        ("1066", "is not between the years 1800 and 2200."),
    ],
)
def test_a_malformed_or_naive_time_is_a_fault(text: str, reason: str) -> None:
    with pytest.raises(Fault) as fault:
        moment(said(text), "issued")

    assert str(fault.value) == f"Observation.issued {reason}"


def test_a_period_may_end_on_the_day_it_begins() -> None:
    read = span(Element("Encounter", {"period": {"start": "2024-03-01T09:30:00Z", "end": "2024-03-01"}}), "period")

    assert read.begins is not None
    assert read.ends is not None
    assert read.ends.last == datetime(2024, 3, 2, tzinfo=UTC) - TICK


def test_a_period_that_ends_before_it_begins_is_a_fault() -> None:
    with pytest.raises(Fault, match=r"Encounter.period ends before it begins."):
        span(Element("Encounter", {"period": {"start": "2024-03-01", "end": "2024-02"}}), "period")
