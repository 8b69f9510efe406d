"""Reads of hours for lists of many doctors."""

from uuid import UUID

from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.scheduling.models import ExtraHours, Schedule


def list_schedules(by: Caller, query: PageQuery) -> Page[Schedule]:
    """A page of the doctors' usual weeks, the newest first."""
    by.scope("availability", "read")
    return page(Schedule.objects.all(), query)


def schedule_of_id(by: Caller, schedule_id: UUID) -> Schedule:
    """One doctor's usual week. Raises NotFound."""
    by.scope("availability", "read")
    schedule = Schedule.objects.filter(id=schedule_id).first()
    if schedule is None:
        raise NotFound
    return schedule


def who_receive(by: Caller) -> set[UUID]:
    """The providers who ever said when they receive."""
    by.scope("availability", "read")
    return set(Schedule.objects.values_list("provider_id", flat=True))


def list_extra_hours(by: Caller, query: PageQuery) -> Page[ExtraHours]:
    """A page of the hours of single days beside the usual weeks, the newest first."""
    by.scope("availability", "read")
    return page(ExtraHours.objects.all(), query)
