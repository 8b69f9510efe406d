"""Verbs on where providers work."""

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound, invalid
from chiron.registry.doors import department_for, provider_for
from chiron.registry.errors import WorksThereAlready
from chiron.registry.models import ProviderDepartment
from chiron.registry.rules import overlap
from chiron.tenancy.public import current_organization_id, organization_for_id


def begin_work(
    *, by: Caller, provider_id: UUID, department_id: UUID, since: date | None, until: date | None, now: datetime
) -> ProviderDepartment:
    """A provider works in a department from one day to another, both included; from today where no day is said.

    Raises NotFound, Invalid for an end before the beginning, WorksThereAlready.
    """
    provider = provider_for(by, provider_id, "update", lock=True)
    department = department_for(by, department_id, lock=True)
    since = since or today(now)
    if until is not None and until < since:
        raise invalid("is before the beginning", "body", "until")
    others = ProviderDepartment.objects.filter(provider=provider, department=department)
    if any(overlap((since, until), (each.since, each.until)) for each in others):
        raise WorksThereAlready
    work = ProviderDepartment(provider=provider, department=department, since=since, until=until)
    work.save(force_insert=True)
    audit.record(by, "provider.joined", resource="providers", resource_id=provider.id)
    return work


def end_work(*, by: Caller, provider_id: UUID, department_id: UUID, now: datetime) -> None:
    """Today is the last day on which the provider works in the department. Raises NotFound."""
    provider = provider_for(by, provider_id, "update", lock=True)
    day = today(now)
    standing = ProviderDepartment.objects.filter(provider=provider, department_id=department_id)
    work = standing.filter(since__lte=day).exclude(until__lt=day).first()
    if work is None:
        raise NotFound
    work.until = day
    work.save(update_fields=["until"])
    audit.record(by, "provider.left", resource="providers", resource_id=provider.id)


def today(now: datetime) -> date:
    """The day it is in the organization."""
    return now.astimezone(ZoneInfo(organization_for_id(current_organization_id()).time_zone)).date()
