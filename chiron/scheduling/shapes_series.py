"""What scheduling says and hears of series."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, model_validator

from chiron.kernel.schemas import Body, Day, Line
from chiron.scheduling.rules import LONGEST_SERIES, days_of_series
from chiron.scheduling.services.series import Date
from chiron.scheduling.shapes import BookingIn
from chiron.scheduling.words import OnConflict


class SeriesIn(BookingIn):
    """The same time of the week, from the first date on: ``count`` times or ``until`` a day, never more than 52."""

    interval_weeks: int = Field(1, ge=1, le=52)
    count: int | None = Field(None, ge=1, le=LONGEST_SERIES, examples=[6])
    until: Day | None = Field(None, description="The last day that may be one of the series.")
    conflict: OnConflict = Field(
        OnConflict.FAIL,
        description="Where a date is not possible: book nothing (fail), book the others (skip), only tell (list).",
    )

    @model_validator(mode="after")
    def _is_a_series(self) -> Self:
        if (self.count is None) == (self.until is None):
            raise ValueError("says how often, or until when")
        self.days()
        return self

    def days(self) -> list[date]:
        return days_of_series(self.appointment_date, every=self.interval_weeks, count=self.count, until=self.until)


class CancelSeriesIn(Body):
    from_: Day | None = Field(None, alias="from", description="The first day that is cancelled; without it, all.")
    reason: Line = Field("", examples=["The therapy is complete"])


class DateOut(BaseModel):
    """One date of a series: its appointment, or the code and the words of the refusal."""

    date: "date"
    appointment_id: UUID | None
    starts_at: datetime | None = Field(description="With the offset of the doctor's clock.")
    refusal: str | None = Field(examples=["doctor-busy"])
    title: str | None = Field(examples=["The doctor is not free at that time."])


class SeriesOut(BaseModel):
    """``series`` is null where nothing was booked because only the list was asked for."""

    series: UUID | None
    dates: list[DateOut]

    @classmethod
    def of(cls, series_id: UUID | None, dates: Sequence[Date]) -> Self:
        return cls(series=series_id, dates=[_date(each) for each in dates])


def _date(said: Date) -> DateOut:
    made, refusal = said.appointment, said.refusal
    return DateOut(
        date=said.day, appointment_id=made.id if made and made.series_id else None,
        starts_at=made.starts_at.astimezone(ZoneInfo(made.zone)) if made else None,
        refusal=refusal.code if refusal else None, title=str(refusal) if refusal else None,
    )  # fmt: skip
