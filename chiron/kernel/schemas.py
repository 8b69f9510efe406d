"""Shapes of what comes in: strict, bounded, and never echoed."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_INT = 2**31 - 1

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Text = Annotated[str, StringConstraints(max_length=100_000)]


class Body(BaseModel):
    """A request's body: unknown members are refused, so that a misspelt one is not silently ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class PageQuery(BaseModel):
    """Which part of a list is asked for."""

    limit: int = Field(50, ge=1, le=200, description="How many at most.")
    cursor: str | None = Field(None, max_length=500, description="Where the page before ended (its `next`).")
