"""Times as the desk shows them: on the clock of the doctor, in words that need no explanation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from chiron.kernel.errors import invalid
from chiron.kernel.schemas import FIRST_DAY, LAST_DAY, in_the_calendar
from chiron.scheduling.public import Span, wall_of

NOT_OFFERED = invalid("Choose one of the times that are offered.", "body", "start")


def day_asked(text: str | None, today: date) -> date:
    """The day that an address names, or today. Raises Invalid."""
    if not text:
        return today
    try:
        return in_the_calendar(date.fromisoformat(text))
    except ValueError:
        raise invalid("is not a day of the calendar", "query", "date") from None


def a_day(*, required: bool = True) -> forms.DateField:
    """A field for a day of the calendar."""
    return forms.DateField(required=required, validators=[MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)])


def time_of(instant: datetime, zone: ZoneInfo) -> str:
    """`09:30`."""
    return f"{wall_of(instant, zone):%H:%M}"


def long_day(day: date) -> str:
    """`Tuesday 4 March 2031`."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def short_day(day: date) -> str:
    """`4 March`."""
    return f"{day.day} {day:%B}"


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that can be chosen. Its ``value`` says the instant: a time of the clock may come twice."""

    value: str
    text: str


def slots_of(provider_id: UUID, spans: Sequence[Span], zone: ZoneInfo) -> list[Slot]:
    """The slots of one doctor's day; those whose clock shows the same are told apart by their distance from UTC."""
    starts = [each.starts_at.astimezone(zone) for each in spans]
    often = Counter(f"{each:%H:%M}" for each in starts)
    found = []
    for each in starts:
        value = each.isoformat(timespec="minutes")
        text = f"{each:%H:%M}"
        found.append(Slot(f"{provider_id} {value}", f"{text} ({value[16:]})" if often[text] > 1 else text))
    return found


class Chosen(NamedTuple):
    """A slot that was chosen: whose, its wall time, and its distance from UTC."""

    provider_id: UUID
    wall: datetime
    utc_offset: timedelta


def chosen(value: str) -> Chosen:
    """The slot of a value. Raises Invalid for what is none."""
    doctor, _, start = value.partition(" ")
    try:
        provider_id, instant = UUID(doctor), datetime.fromisoformat(start)
        in_the_calendar(instant.date())
    except ValueError:
        raise NOT_OFFERED from None
    offset = instant.utcoffset()
    if offset is None:
        raise NOT_OFFERED
    return Chosen(provider_id, instant.replace(tzinfo=None), offset)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which times are looked for, as far as it can be read."""

    day: date
    doctor_id: UUID | None
    type_id: UUID | None
    patient_id: UUID | None

    @classmethod
    def of(cls, sent: Mapping[str, Any], today: date) -> "Asked":
        field = forms.UUIDField(required=False)
        doctor, kind, patient = (_read(field, sent.get(name)) for name in ("doctor", "type", "patient_id"))
        return cls(_read(a_day(required=False), sent.get("date")) or today, doctor, kind, patient)


def _read(field: forms.Field, text: Any) -> Any:
    try:
        return field.clean(text)
    except forms.ValidationError:
        return None
