"""When a doctor receives, said anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Scope
from chiron.kernel.db import CLINICAL, rehearsed, take_turns
from chiron.kernel.errors import NotPermitted
from chiron.kernel.pagination import Page
from chiron.kernel.schemas import PageQuery
from chiron.kernel.versions import expect
from chiron.registry.public import Provider, provider_for
from chiron.scheduling.affected import beyond_hours, subjects_of
from chiron.scheduling.doors import turn_of
from chiron.scheduling.models import Appointment, Closure, ExtraHours, Schedule
from chiron.scheduling.services.freed import reopened
from chiron.scheduling.wallclock import Hours
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import organization_safe


@dataclass(frozen=True, slots=True)
class Leave:
    """From one wall time until before another a doctor does not receive; ``title`` is for colleagues."""

    start: datetime
    end: datetime
    title: str = ""


@dataclass(frozen=True, slots=True)
class Extra:
    """Hours of one day beside the usual week."""

    day: date
    hours: Hours


@dataclass(frozen=True, slots=True)
class Received:
    """All that is said of when a doctor receives; ``weekly`` maps a weekday's name to its hours."""

    time_zone: str
    slot_minutes: int
    weekly: Mapping[str, Sequence[Hours]]
    leave: Sequence[Leave] = ()
    extra: Sequence[Extra] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """The schedule, and a page of the appointments that do not lie in the hours any more: they stand until somebody
    decides."""

    schedule: Schedule
    affected: Page[Appointment]


def preview_availability(
    *, by: Caller, provider_id: UUID, said: Received, if_match: int | None, now: datetime
) -> Changed:
    """What `set_availability` would answer, and nothing is changed. Raises as it does."""
    with rehearsed(CLINICAL):
        changed = set_availability(by=by, provider_id=provider_id, said=said, if_match=if_match, now=now)
    audit.record(
        by, "availability.previewed", resource="availability", resource_id=provider_id,
        subjects=subjects_of(changed.affected),
    )  # fmt: skip
    return changed


def set_availability(*, by: Caller, provider_id: UUID, said: Received, if_match: int | None, now: datetime) -> Changed:
    """Say everything anew of when a doctor receives.

    Appointments are left alone: those that do not fit any more are answered. Raises NotPermitted, NotFound,
    StaleVersion.
    """
    provider = provider_for(by, provider_id, role="doctor")
    if by.scope("availability", "update") is Scope.OWN and by.provider_id != provider.id:
        raise NotPermitted
    take_turns(CLINICAL, turn_of(provider.number))
    schedule = Schedule.objects.select_for_update().filter(provider=provider).first()
    if schedule is None:
        schedule = Schedule(provider=provider, recorded_at=now, version=0)
    expect(schedule, if_match)
    schedule.version, schedule.updated_at = schedule.version + 1, now
    schedule.time_zone, schedule.slot_minutes = said.time_zone, said.slot_minutes
    schedule.weekly = {day: [_pair(each) for each in hours] for day, hours in said.weekly.items()}
    schedule.save()
    _replace(provider, said)
    reopened(provider.id)
    affected = beyond_hours(by, schedule, PageQuery(), now)
    audit.record(
        by, "availability.saved", resource="availability", resource_id=provider.id, subjects=subjects_of(affected)
    )
    return Changed(schedule, affected)


def _replace(provider: Provider, said: Received) -> None:
    """Leave and extra hours as they are said now, in place of what was said before."""
    Closure.objects.filter(provider=provider).delete()
    ExtraHours.objects.filter(provider=provider).delete()
    safe = organization_safe(current_organization_id())
    closures = [
        Closure(
            provider=provider, from_day=each.start.date(), from_time=each.start.time(), until_day=each.end.date(),
            until_time=each.end.time(),
        )
        for each in said.leave
    ]  # fmt: skip
    for closure, each in zip(closures, said.leave, strict=True):
        closure.title = safe.seal(closure, "title", each.title) if each.title else None
    Closure.objects.bulk_create(closures)
    ExtraHours.objects.bulk_create(
        ExtraHours(provider=provider, day=each.day, start=each.hours.start, end=each.hours.end) for each in said.extra
    )


def _pair(hours: Hours) -> list[str]:
    return [f"{hours.start:%H:%M}", f"{hours.end:%H:%M}"]
