"""Shapes of what comes in: strict, bounded, and never echoed."""

import re
from datetime import date, time
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

MAX_INT = 2**31 - 1

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Text = Annotated[str, StringConstraints(max_length=100_000)]


FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
"""Between them a clinic's calendar lies, with room for what is reckoned around a day."""


def in_the_calendar(day: date) -> date:
    """The same day. Raises ValueError for one that no clinic's calendar has."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError("is not in the years from 1900 to 2199")
    return day


DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def _plain(said: Any) -> Any:
    if isinstance(said, str) and not DECIMAL.fullmatch(said):
        raise ValueError("is no decimal number")
    return said


Plain = BeforeValidator(_plain)
"""Of a decimal: a number of JSON, or a string of ASCII digits with sign, point and exponent, and nothing else."""


def _a_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is no time zone of the IANA database")
    return name


def _to_the_minute(clock: time) -> time:
    if clock.second or clock.microsecond or clock.tzinfo:
        raise ValueError("is a time of the clock on the wall, to the minute")
    return clock


ZoneName = Annotated[str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_a_time_zone)]
Day = Annotated[date, AfterValidator(in_the_calendar)]
Clock = Annotated[time, AfterValidator(_to_the_minute)]


class Body(BaseModel):
    """A request's body: unknown members are refused, so that a misspelt one is not silently ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class PageQuery(BaseModel):
    """Which part of a list is asked for."""

    limit: int = Field(50, ge=1, le=200, description="How many at most.")
    cursor: str | None = Field(None, max_length=500, description="Where the page before ended (its `next`).")
