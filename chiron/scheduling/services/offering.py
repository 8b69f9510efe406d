"""The waitlist: time that is free is offered to the first in line whom it fits, to one patient at a time.

An offer is a hold: nobody else is offered or gets its time before it has expired. Whoever offers has the line to
themselves, so that the first in line is the first.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, QuerySet

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, take_turns
from chiron.kernel.errors import StaleVersion
from chiron.notifications.public import Kind
from chiron.scheduling.doors import turn_of
from chiron.scheduling.fitting import Fit, Where, fits
from chiron.scheduling.models import Appointment, WaitlistEntry
from chiron.scheduling.rules import ANSWER_WITHIN
from chiron.scheduling.services.taking import keep, take
from chiron.scheduling.services.telling import tell_patient
from chiron.scheduling.wallclock import wall_of
from chiron.scheduling.words import Standing, Status
from chiron.tenancy.public import current_organization_id

WAITLIST = Caller(device="waitlist")


def offer_next(where: Where, now: datetime) -> Appointment | None:
    """Hold the first time that is free for the first in line whom it fits, if any.

    It is looked at twice: whom to offer what, and once nobody else can take it, whether it is still so. No hold may
    have expired that was not taken away. Raises StaleVersion, DoctorBusy, PatientBusy where somebody was quicker, who
    may have left something: it is to be tried again.
    """
    take_turns(CLINICAL, f"waitlist of {current_organization_id()}")
    fit = next(fits(in_line(), where, now), None)
    if fit is None:
        return None
    take_turns(CLINICAL, turn_of(fit.schedule.provider.number), turn_of(fit.entry.patient.number))
    still = in_line().filter(id=fit.entry.id).select_for_update(of=("self",))
    day = wall_of(fit.starts_at, ZoneInfo(fit.schedule.time_zone)).date()
    if fit not in fits(still, Where(fit.schedule.provider_id, day, day), now):
        raise StaleVersion
    return _offer(fit, now)


def in_line() -> QuerySet[WaitlistEntry]:
    """Those who wait and are offered nothing now, the first first."""
    offers = Appointment.objects.filter(patient=OuterRef("patient"), status=Status.HELD, offered_to__isnull=False)
    waiting = WaitlistEntry.objects.filter(~Exists(offers), status=Standing.WAITING, patient__active=True)
    return waiting.select_related("patient", "type").order_by("priority", "recorded_at", "id")


def end_what_is_over(now: datetime, zone: ZoneInfo) -> bool:
    """Whose days have passed waits no longer; whether there is anybody left who does."""
    waiting = WaitlistEntry.objects.filter(status=Standing.WAITING)
    over = waiting.filter(until_day__lt=wall_of(now, zone).date())
    over.update(status=Standing.OVER, version=F("version") + 1, updated_at=now)
    return waiting.exists()


def _offer(fit: Fit, now: datetime) -> Appointment:
    """Hold the time for whom it fits, until they have had time to answer."""
    entry, schedule = fit.entry, fit.schedule
    offer = Appointment(
        status=Status.HELD, provider=schedule.provider, patient=entry.patient, type=entry.type, offered_to=entry,
        held_until=now + ANSWER_WITHIN, recorded_at=now, updated_at=now,
    )  # fmt: skip
    offer.put(fit.terms.span(fit.starts_at), schedule.time_zone)
    take(offer)
    offer.save(force_insert=True)
    keep(offer, by=WAITLIST, now=now)
    tell_patient(Kind.OFFERED, offer, now=now)
    audit.record(
        WAITLIST, "appointment.offered", resource="appointments", resource_id=offer.id, subjects=[entry.patient_id]
    )
    return offer
