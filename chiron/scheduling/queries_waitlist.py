"""Reads of the waitlist."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.scheduling.doors import entries_within, entry_for
from chiron.scheduling.models import Appointment, WaitlistEntry
from chiron.scheduling.words import Standing, Status


@dataclass(frozen=True, slots=True)
class InLine:
    """An entry of the waitlist, and what is offered to it now."""

    entry: WaitlistEntry
    offer: Appointment | None


def list_waitlist(
    by: Caller, query: PageQuery, *, status: Standing | None = None, patient_id: UUID | None = None, now: datetime
) -> Page[InLine]:
    """A page of those who wait, or waited, the first in line first."""
    rows = entries_within(by, "read")
    rows = rows.filter(status=status) if status else rows
    rows = rows.filter(patient=patient_id) if patient_id else rows
    found = page(rows, query, order=("priority", "recorded_at", "id"))
    audit.record(by, "waitlist.listed", resource="waitlist", subjects=[each.patient_id for each in found.rows])
    return Page(with_offers(found.rows, now), found.next)


def read_entry(by: Caller, entry_id: UUID, now: datetime) -> InLine:
    """One entry of the waitlist. Raises NotFound."""
    entry = entry_for(by, entry_id)
    audit.record(by, "waitlist.read", resource="waitlist", resource_id=entry.id, subjects=[entry.patient_id])
    [found] = with_offers([entry], now)
    return found


def with_offers(entries: Sequence[WaitlistEntry], now: datetime) -> list[InLine]:
    """Entries with what is offered to them and has not expired, by one query for all."""
    offers = Appointment.objects.filter(offered_to__in=entries, status=Status.HELD, held_until__gt=now)
    known = {each.offered_to_id: each for each in offers}
    return [InLine(each, known.get(each.id)) for each in entries]
