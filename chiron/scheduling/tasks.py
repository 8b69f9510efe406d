"""What scheduling does a moment later, or now and then."""

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from chiron.jobs.public import enqueue, job
from chiron.kernel import clock
from chiron.scheduling.fitting import Where
from chiron.scheduling.rules import offering_from
from chiron.scheduling.services.expiry import sweep
from chiron.scheduling.services.offering import end_what_is_over, offer_next
from chiron.scheduling.services.reminding import BATCH, is_due, tell_due
from chiron.tenancy.public import all_organizations, current_organization_id, inside, organization_for_id


@job("scheduling.offer_freed")
def offer_freed(*, provider_id: UUID | None, first: date | None, last: date | None) -> None:
    """Offer time that became free to those who wait for it, one offer at a time, and by day.

    Where somebody was quicker it fails, and is tried again a little later.
    """
    now, where = clock.now(), Where(provider_id, first, last)
    morning = offering_from(now, ZoneInfo(organization_for_id(current_organization_id()).time_zone))
    if morning > now:
        ask(where, due=morning)
    elif ended := sweep(now):
        for each in {where, *map(Where.around, ended)}:
            ask(each)
    elif offer := offer_next(where, now):
        ask(Where.around(offer), due=offer.held_until)
        ask(where)


@job("scheduling.end_expired_holds", every="*/5 * * * *")
def end_expired_holds() -> None:
    """Holds that have expired are taken away, which block nobody before that either."""
    now = clock.now()
    for organization in all_organizations():
        with inside(organization.id):
            for each in {*map(Where.around, sweep(now))}:
                ask(each)


@job("scheduling.look_again", every="13 * * * *")
def look_again() -> None:
    """Everybody who waits is looked at: what was too far ahead may have come near, what they were offered be over.

    Whose days have passed waits no longer.
    """
    now = clock.now()
    for organization in all_organizations():
        with inside(organization.id):
            if end_what_is_over(now, ZoneInfo(organization.time_zone)):
                ask(Where())


def ask(where: Where, due: datetime | None = None) -> None:
    """Have what is free there offered, now or once it is time; with the transaction that is open."""
    enqueue(offer_freed, due=due, provider_id=where.provider_id, first=where.first, last=where.last)


@job("scheduling.remind", every="* * * * *")
def remind() -> None:
    """Organizations that have somebody to remind do so, each by a job of its own."""
    now = clock.now()
    for organization in all_organizations():
        with inside(organization.id):
            if is_due(now):
                enqueue(remind_due)


@job("scheduling.remind_due")
def remind_due() -> None:
    """Tell patients what it is time to remind them of, and come back while there is more."""
    if tell_due(clock.now()) == BATCH:
        enqueue(remind_due)


@job("scheduling.release_missed", every="* * * * *")
def release_missed() -> None:
    """Appointments to which nobody came are missed, each by a job of its own."""
    from chiron.scheduling.services.release import overdue  # whose verbs ask for jobs of this file

    now = clock.now()
    for organization in all_organizations():
        with inside(organization.id):
            for appointment_id in overdue(now):
                enqueue(release_one, appointment_id=appointment_id)


@job("scheduling.release_one")
def release_one(*, appointment_id: UUID) -> None:
    """One appointment is missed, unless somebody has come meanwhile."""
    from chiron.scheduling.services.release import release

    release(appointment_id, clock.now())
