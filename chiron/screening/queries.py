"""Reads of screenings."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Scope
from chiron.kernel.errors import NotPermitted
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.records.public import Status, records_within
from chiron.screening.doors import screening_for, screenings_within
from chiron.screening.models import BatchRow, Screening
from chiron.screening.sealing import SEALED, safe_of
from chiron.screening.words import Decision, Mode, Outcome, ResultClass

LATEST_FIRST = ("-made_at", "-id")
CONFIRMED = Q(confirmed_value__isnull=False, confirmed_record__status=Status.ACTIVE)
"""Screenings of which a later vitamin B12 is known that still stands."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Which screenings are asked for; made from `since` (included) up to `until` (not included)."""

    patient_id: UUID | None = None
    laboratory_id: UUID | None = None
    batch_id: UUID | None = None
    result_class: ResultClass | None = None
    outcome: Outcome | None = None
    mode: Mode | None = None
    decision: Decision | None = None
    released: bool | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> dict[str, Any]:
        """What the filters say to the database."""
        asked = {
            "patient": self.patient_id, "laboratory": self.laboratory_id, "batch": self.batch_id,
            "result_class": self.result_class, "outcome": self.outcome, "mode": self.mode, "decision": self.decision,
            "made_at__gte": self.since, "made_at__lt": self.until,
            "released_at__isnull": None if self.released is None else not self.released,
        }  # fmt: skip
        return {name: value for name, value in asked.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Opened:
    """A screening and what is sealed of it: the answer as it was given, and why somebody decided as they did."""

    screening: Screening
    result: str
    decision_reason: str


def sought_within(by: Caller, action: str, sought: Sought) -> "QuerySet[Screening]":
    """Those that were asked for, as far as the caller reaches them, without what is sealed."""
    conditions = sought.conditions()
    rows = screenings_within(by, action).defer(*SEALED)
    if batch_id := conditions.pop("batch", None):
        rows = rows.filter(id__in=BatchRow.objects.filter(batch=batch_id).values("screening"))
    return rows.filter(**conditions)


def list_screenings(by: Caller, sought: Sought, query: PageQuery) -> Page[Screening]:
    """A page of the screenings that the caller reaches, the latest first. One event for all patients on it."""
    found = page(sought_within(by, "read", sought), query, LATEST_FIRST)
    audit.record(by, "screening.listed", resource="screenings", subjects=subjects_of(found.rows))
    hide_confirmations(by, found.rows)
    return found


def read_screening(by: Caller, screening_id: UUID) -> Opened:
    """One screening, opened. Why somebody decided as they did is not shown to patients. Raises NotFound."""
    screening = screening_for(by, screening_id)
    safe = safe_of(screening)
    hidden = by.scope("screenings", "read") is Scope.OWN
    reason = "" if hidden else safe.open(screening, "decision_reason") or ""
    subjects = subjects_of([screening])
    audit.record(by, "screening.read", resource="screenings", resource_id=screening.id, subjects=subjects)
    hide_confirmations(by, [screening])
    return Opened(screening, safe.open(screening, "result"), reason)


def hide_confirmations(by: Caller, screenings: Iterable[Screening]) -> None:
    """Take out of these rows, which are not saved any more, every later B12 that the caller may not read.

    It is said by a record of the patient, perhaps another laboratory's: whoever may not read that record, or where it
    does not stand any more, is not told what it says.
    """
    confirmed = [each for each in screenings if each.confirmed_record_id]
    try:
        records = records_within(by, "read").standing().filter(id__in={each.confirmed_record_id for each in confirmed})
        readable = set(records.values_list("id", flat=True)) if confirmed else set()
    except NotPermitted:
        readable = set()
    for each in confirmed:
        if each.confirmed_record_id not in readable:
            each.confirmed_record = each.confirmed_value = each.confirmed_at = None


def patients_of_screenings(ids: Collection[UUID]) -> list[UUID]:
    """Whom these screenings are about, for the audit trail of an attempt at them; it says nothing to any caller."""
    found = Screening.objects.filter(id__in=ids, patient__isnull=False).order_by("id")
    return list(found.values_list("patient_id", flat=True))


def subjects_of(screenings: list[Screening]) -> list[UUID]:
    """Whom they are about, as far as anybody knows."""
    return [each.patient_id for each in screenings if each.patient_id]
