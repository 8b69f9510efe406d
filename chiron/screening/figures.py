"""Counts of screenings, for analytics; they name nobody, so reading them is no event."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.db.models.functions import TruncDate

from chiron.kernel.access import Caller
from chiron.screening.doors import screenings_within
from chiron.screening.queries import CONFIRMED
from chiron.screening.words import Decision, Outcome

DEFICIENT_BELOW = 200.0
"""pg/mL of vitamin B12 in serum: the lower of the two cutoffs of the screening."""


@dataclass(frozen=True, slots=True)
class Screened:
    """So many screenings of a day and a laboratory came to this; ``found`` are those a later B12 result confirmed."""

    day: date
    laboratory_id: UUID | None
    outcome: Outcome
    decision: Decision
    number: int
    found: int


def screened(by: Caller, since: datetime, until: datetime, zone: ZoneInfo) -> list[Screened]:
    """The screenings that the caller reaches, by one query; days are those of the zone. Raises NotPermitted."""
    made = screenings_within(by, "read").filter(made_at__gte=since, made_at__lt=until)
    grouped = (
        made.annotate(day=TruncDate("made_at", tzinfo=zone))
        .values_list("day", "laboratory_id", "outcome", "decision")
        .annotate(number=Count("id"), found=Count("id", filter=CONFIRMED & Q(confirmed_value__lt=DEFICIENT_BELOW)))
    )
    return [
        Screened(day, laboratory_id, Outcome(outcome), Decision(decision), number, found)
        for day, laboratory_id, outcome, decision, number, found in grouped.order_by(
            "day", "laboratory_id", "outcome", "decision"
        )
    ]
