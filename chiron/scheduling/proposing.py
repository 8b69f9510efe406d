"""Other times for appointments for which their doctor does not receive any more, of the doctor's or of colleagues."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.pagination import Page
from chiron.kernel.schemas import PageQuery
from chiron.registry.public import departments_of, provider_for
from chiron.scheduling.affected import beyond_hours, subjects_of
from chiron.scheduling.beside import Beside, reserved_beside
from chiron.scheduling.diary import schedule_of, terms_of
from chiron.scheduling.fitting import Diaries, Where
from chiron.scheduling.models import Appointment, Schedule
from chiron.scheduling.slots import clear
from chiron.scheduling.wallclock import DAY, Span

OPTIONS, DAYS = 3, 28
"""How many other times are proposed for an appointment, and within how many days of it."""


@dataclass(frozen=True, slots=True)
class Option:
    """Another time for an appointment itself, with whom, and on whose clock."""

    provider_id: UUID
    zone: str
    itself: Span


@dataclass(frozen=True, slots=True)
class Proposal:
    """An appointment and its other times, the next first; the first of them is proposed for no other appointment."""

    appointment: Appointment
    options: Sequence[Option]


def propose(by: Caller, provider_id: UUID, query: PageQuery, now: datetime) -> Page[Proposal]:
    """For a page of the appointments that lie in a doctor's hours no more, the next free times of the doctor and of
    those who work in the same departments (SCH-26). Nothing is kept for anybody. Raises NotFound, NoSchedule.
    """
    affected = beyond_hours(by, schedule_of(provider_for(by, provider_id, role="doctor")), query, now)
    audit.record(
        by, "appointment.listed", resource="appointments", resource_id=provider_id, subjects=subjects_of(affected)
    )
    if not affected.rows:
        return Page([], affected.next)
    first = affected.rows[0].starts_at.date()
    diaries = Diaries(Where(None, first, affected.rows[-1].starts_at.date() + DAYS * DAY), now)
    receiving = [each for each in diaries.schedules if each.provider_id in colleagues_of(provider_id, diaries)]
    receiving.sort(key=lambda each: each.provider_id != provider_id)
    given: dict[UUID, list[Span]] = {}
    proposals = []
    for each in affected.rows:
        options: list[Option] = []
        for option, reserved in _options(each, diaries, receiving, given, now):
            if not options:
                given.setdefault(option.provider_id, []).append(reserved)
            options.append(option)
            if len(options) == OPTIONS:
                break
        proposals.append(Proposal(each, options))
    return Page(proposals, affected.next)


def colleagues_of(provider_id: UUID, diaries: Diaries) -> set[UUID]:
    """Who works in a department with the doctor, and the doctor."""
    works = departments_of([each.provider_id for each in diaries.schedules], diaries.first, diaries.last)
    departments = {provider: {work.department_id for work in there} for provider, there in works.items()}
    own = departments.get(provider_id, set())
    return {provider_id, *(provider for provider, there in departments.items() if there & own)}


def _options(
    each: Appointment, diaries: Diaries, receiving: Sequence[Schedule], given: dict[UUID, list[Span]], now: datetime
) -> Iterator[tuple[Option, Span]]:
    """Times at which its patient and its room are free, day by day, with what they would reserve."""
    first = each.starts_at.date()
    around = Span(each.starts_at - 2 * DAY, each.starts_at + timedelta(days=DAYS + 2))
    room_id = each.room_id
    beside = reserved_beside(room_id, each.patient_id, around, now, but_for=each.id)
    for day in (first + days * DAY for days in range(DAYS)):
        for schedule in receiving:
            for start, reserved in _free(each, diaries, schedule, day, beside):
                if clear(reserved, given.get(schedule.provider_id, ())):
                    itself = terms_of(each.type, schedule).span(start)
                    yield Option(schedule.provider_id, schedule.time_zone, itself), reserved


def _free(
    each: Appointment, diaries: Diaries, schedule: Schedule, day: date, beside: Beside
) -> Iterator[tuple[datetime, Span]]:
    terms = terms_of(each.type, schedule)
    for start in diaries.slots(schedule, each.type, day):
        if beside.is_free(terms, start, None):
            yield start, terms.reserved(start)
