"""Shapes of what comes in: strict, bounded, and never echoed."""

from datetime import time
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

MAX_INT = 2**31 - 1

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Text = Annotated[str, StringConstraints(max_length=100_000)]


def _a_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is no time zone of the IANA database")
    return name


def _to_the_minute(clock: time) -> time:
    if clock.second or clock.microsecond or clock.tzinfo:
        raise ValueError("is a time of the clock on the wall, to the minute")
    return clock


ZoneName = Annotated[str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_a_time_zone)]
Clock = Annotated[time, AfterValidator(_to_the_minute)]


class Body(BaseModel):
    """A request's body: unknown members are refused, so that a misspelt one is not silently ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class PageQuery(BaseModel):
    """Which part of a list is asked for."""

    limit: int = Field(50, ge=1, le=200, description="How many at most.")
    cursor: str | None = Field(None, max_length=500, description="Where the page before ended (its `next`).")
