"""Days and hours on which nobody is received, in the organization or in one department (SCH-06)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, rehearsed, take_turns
from chiron.kernel.errors import NotFound
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.kernel.versions import expect
from chiron.registry.public import department_for
from chiron.scheduling.affected import concerned, subjects_of, under
from chiron.scheduling.diary import span_of
from chiron.scheduling.doors import turn_of
from chiron.scheduling.models import Appointment, Closure
from chiron.scheduling.services.freed import reopened
from chiron.scheduling.wallclock import DAY
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import organization_safe


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidaySaid:
    """From one wall time until before another nobody receives, on every doctor's own clock; in a department and those
    below it, where one is named."""

    title: str = ""
    start: datetime
    end: datetime
    department_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Holiday:
    """A holiday that is said, with its title opened."""

    closure: Closure
    said: HolidaySaid


@dataclass(frozen=True, slots=True)
class HolidayChanged:
    """A holiday, and a page of the appointments under it: they stand until somebody decides."""

    holiday: Holiday
    affected: Page[Appointment]


def list_holidays(by: Caller, query: PageQuery) -> Page[Holiday]:
    """A page of the holidays, the newest first."""
    by.scope("holidays", "read")
    found = page(Closure.objects.filter(provider=None), query)
    return Page([_opened(each) for each in found.rows], found.next)


def read_holiday(by: Caller, holiday_id: UUID) -> Holiday:
    """One holiday. Raises NotFound."""
    return _opened(_holiday(by, holiday_id, "read"))


def appointments_under(by: Caller, holiday_id: UUID, query: PageQuery, now: datetime) -> Page[Appointment]:
    """A page of the appointments to come that a holiday takes a part of. Raises NotFound."""
    affected = under(by, _holiday(by, holiday_id, "read"), query, now)
    audit.record(
        by, "appointment.listed", resource="appointments", resource_id=holiday_id, subjects=subjects_of(affected)
    )
    return affected


def preview_holiday(
    *, by: Caller, holiday_id: UUID | None, said: HolidaySaid, if_match: int | None, now: datetime
) -> HolidayChanged:
    """What `save_holiday` would answer, and nothing is changed. Raises as it does."""
    with rehearsed(CLINICAL):
        changed = save_holiday(by=by, holiday_id=holiday_id, said=said, if_match=if_match, now=now)
    audit.record(
        by, "holiday.previewed", resource="holidays", resource_id=holiday_id, subjects=subjects_of(changed.affected)
    )
    return changed


def save_holiday(
    *, by: Caller, holiday_id: UUID | None, said: HolidaySaid, if_match: int | None, now: datetime
) -> HolidayChanged:
    """A new holiday, or an old one said anew.

    Appointments are left alone: those under it are answered. Raises NotFound, for a department, too, StaleVersion.
    """
    if holiday_id is None:
        by.scope("holidays", "create")
        closure = Closure(recorded_at=now, version=0)
    else:
        closure = _holiday(by, holiday_id, "update")
        expect(closure, if_match)
        reopened(None, closure.from_day - DAY, closure.until_day + DAY)
    if said.department_id:
        department_for(by, said.department_id, lock=True)
    closure.version, closure.updated_at, closure.department_id = closure.version + 1, now, said.department_id
    closure.from_day, closure.from_time = said.start.date(), said.start.time()
    closure.until_day, closure.until_time = said.end.date(), said.end.time()
    safe = organization_safe(current_organization_id())
    closure.title = safe.seal(closure, "title", said.title) if said.title else None
    take_turns(CLINICAL, *(turn_of(provider.number) for provider, _ in concerned(closure)))
    closure.save()
    affected = under(by, closure, PageQuery(), now)
    audit.record(by, "holiday.saved", resource="holidays", resource_id=closure.id, subjects=subjects_of(affected))
    return HolidayChanged(Holiday(closure, said), affected)


def remove_holiday(*, by: Caller, holiday_id: UUID, if_match: int | None) -> None:
    """Let doctors receive then as always. Raises NotFound, StaleVersion."""
    closure = _holiday(by, holiday_id, "delete")
    expect(closure, if_match)
    reopened(None, closure.from_day - DAY, closure.until_day + DAY)
    closure.delete()
    audit.record(by, "holiday.removed", resource="holidays", resource_id=holiday_id)


def _holiday(by: Caller, holiday_id: UUID, action: str) -> Closure:
    by.scope("holidays", action)
    rows = Closure.objects.filter(provider=None, id=holiday_id)
    closure = (rows if action == "read" else rows.select_for_update()).first()
    if closure is None:
        raise NotFound
    return closure


def _opened(closure: Closure) -> Holiday:
    title = organization_safe(current_organization_id()).open(closure, "title") or ""
    start, end = span_of(closure)
    return Holiday(closure, HolidaySaid(title=title, start=start, end=end, department_id=closure.department_id))
