"""Holidays over HTTP, and what becomes of appointments for which nobody receives any more."""

from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router, Status

from chiron.kernel import clock
from chiron.kernel.access import Call, creates, needs
from chiron.kernel.pagination import Page
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import PageQuery
from chiron.kernel.versions import created, etag, if_match
from chiron.scheduling import queries
from chiron.scheduling.models import Appointment
from chiron.scheduling.proposing import propose
from chiron.scheduling.services import holidays
from chiron.scheduling.services.decide import decide
from chiron.scheduling.services.move import move_all
from chiron.scheduling.shapes import Affected, AffectedOut
from chiron.scheduling.shapes_hours import (
    ChangedHoliday,
    DecidedOut,
    DecisionIn,
    HolidayEnvelope,
    HolidayIn,
    HolidayOut,
    Holidays,
    MovesIn,
    Proposals,
    ProposedOut,
)

router = Router(tags=["holidays"])

ONE = "/holidays/{uuid:holiday_id}"


@router.get("/holidays", response=Holidays, by_alias=True)
@needs("holidays", "read")
def list_holidays(request: Call, page: Query[PageQuery]) -> Holidays:
    """When nobody is received, in the organization or a department, the newest first."""
    found = holidays.list_holidays(request.caller, page)
    return Holidays(holidays=[HolidayOut.of(each) for each in found.rows], next=found.next)


@router.post("/holidays", response={200: ChangedHoliday, 201: ChangedHoliday, **refusals(404)}, by_alias=True)
@needs("holidays", "create")
@creates
def create_holiday(
    request: Call, body: HolidayIn, response: HttpResponse, *, dry_run: bool = False
) -> Status[ChangedHoliday]:
    """Say when nobody is received; appointments under it are answered and stand. A dry run only answers (200)."""
    save = holidays.preview_holiday if dry_run else holidays.save_holiday
    made = save(by=request.caller, holiday_id=None, said=body.said(), if_match=None, now=clock.now())
    shown = ChangedHoliday.of(made)
    if dry_run:
        return Status(200, shown)
    return created(response, f"/api/holidays/{shown.holiday.id}", shown, shown.holiday.version)


@router.get(ONE, response={200: HolidayEnvelope, **refusals(404)}, by_alias=True)
@needs("holidays", "read")
def read_holiday(request: Call, holiday_id: UUID, response: HttpResponse) -> HolidayEnvelope:
    """One holiday."""
    found = HolidayOut.of(holidays.read_holiday(request.caller, holiday_id))
    etag(response, found.version)
    return HolidayEnvelope(holiday=found)


@router.put(ONE, response={200: ChangedHoliday, **refusals(404, 412)}, by_alias=True)
@needs("holidays", "update")
def change_holiday(
    request: Call, holiday_id: UUID, body: HolidayIn, response: HttpResponse, *, dry_run: bool = False
) -> ChangedHoliday:
    """Say everything of a holiday anew; appointments under it are answered and stand. A dry run only answers."""
    save = holidays.preview_holiday if dry_run else holidays.save_holiday
    changed = save(
        by=request.caller, holiday_id=holiday_id, said=body.said(), if_match=if_match(request), now=clock.now()
    )
    if not dry_run:
        etag(response, changed.holiday.closure.version)
    return ChangedHoliday.of(changed)


@router.delete(ONE, response={204: None, **refusals(404, 412)})
@needs("holidays", "delete")
def remove_holiday(request: Call, holiday_id: UUID) -> Status[None]:
    """Let doctors receive then as always."""
    holidays.remove_holiday(by=request.caller, holiday_id=holiday_id, if_match=if_match(request))
    return Status(204, None)


@router.get(f"{ONE}/affected", response={200: Affected, **refusals(404)})
@needs("appointments", "decide")
def list_under_holiday(request: Call, holiday_id: UUID, page: Query[PageQuery]) -> Affected:
    """The appointments to come that a holiday takes a part of, the first to come first."""
    return _affected(holidays.appointments_under(request.caller, holiday_id, page, clock.now()))


@router.get("/doctors/{uuid:doctor_id}/affected", tags=["doctors"], response={200: Affected, **refusals(404, 409)})
@needs("appointments", "decide")
def list_beyond_hours(request: Call, doctor_id: UUID, page: Query[PageQuery]) -> Affected:
    """A doctor's appointments to come that do not lie in the hours any more, the first to come first."""
    return _affected(queries.list_beyond_hours(request.caller, doctor_id, page, clock.now()))


@router.get("/doctors/{uuid:doctor_id}/proposal", tags=["doctors"], response={200: Proposals, **refusals(404, 409)})
@needs("appointments", "decide")
def propose_other_times(request: Call, doctor_id: UUID, page: Query[PageQuery]) -> Proposals:
    """For a page of the appointments that lie in a doctor's hours no more, the next free times of the doctor and of
    those who work in the same departments. Nothing is kept for anybody until it is accepted.
    """
    found = propose(request.caller, doctor_id, page, clock.now())
    return Proposals(proposals=[ProposedOut.proposed(each) for each in found.rows], next=found.next)


@router.post("/appointments/move", tags=["appointments"], response={200: DecidedOut, **refusals(404)})
@needs("appointments", "decide")
def move_appointments(request: Call, body: MovesIn) -> DecidedOut:
    """Give appointments other times, as accepted of a proposal: of each by itself, and each patient is told once."""
    moves = [each.move() for each in body.moves]
    return DecidedOut.of(move_all(by=request.caller, moves=moves, now=clock.now()))


@router.post("/appointments/decide", tags=["appointments"], response={200: DecidedOut, **refusals(404)})
@needs("appointments", "decide")
def decide_appointments(request: Call, body: DecisionIn) -> DecidedOut:
    """Keep appointments though nobody receives, cancel them, or ask their patients for another time.

    Of each by itself: one that stands otherwise than was seen is answered, and the others are decided of.
    """
    decided = decide(
        by=request.caller, choice=body.choice, appointments=body.seen(), reason=body.reason, now=clock.now()
    )
    return DecidedOut.of(decided)


def _affected(found: Page[Appointment]) -> Affected:
    return Affected(affected=[AffectedOut.of(each) for each in found.rows], next=found.next)
