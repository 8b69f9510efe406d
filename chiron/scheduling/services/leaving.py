"""A doctor who stops working: their appointments stand in the way, or go over to another doctor (PRV-01); and a patient
who is erased."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, take_turns
from chiron.kernel.errors import invalid
from chiron.registry.public import Provider, Tie
from chiron.scheduling.doors import numbers_of, turn_of
from chiron.scheduling.models import Appointment, Schedule
from chiron.scheduling.services.freed import freed
from chiron.scheduling.services.reschedule import reschedule
from chiron.scheduling.services.taking import end_by_itself
from chiron.scheduling.wallclock import wall_of
from chiron.scheduling.words import Status

ENDED = (Status.CANCELLED, Status.NO_SHOW, Status.FULFILLED)
ERASURE = Caller(device="erasure")


class Appointments:
    """The appointments of a provider that still stand and have not passed."""

    def standing(self, provider_id: UUID, now: datetime, /) -> Sequence[Tie]:
        """The first to come first. Whoever books this provider waits until it is known whether they left."""
        provider = Provider.objects.get(id=provider_id)
        take_turns(CLINICAL, turn_of(provider.number))
        return [Tie("appointments", each.id, each.patient_id) for each in _live(provider_id, now)]

    def hand_over(self, by: Caller, provider_id: UUID, to_id: UUID, now: datetime, /) -> None:
        """Move each to the other doctor, at its time. What was booked a moment ago stays, and stands in the way.

        Raises Invalid for somebody who does not receive, and as `reschedule` does where one cannot be moved.
        """
        live = list(_live(provider_id, now))
        if not live:
            return
        theirs = Schedule.objects.filter(provider=to_id, provider__role="doctor").select_related("provider").first()
        if theirs is None:
            raise invalid("must be a doctor who receives", "query", "reassign_to")
        numbers = {theirs.provider.number}.union(*map(numbers_of, live))
        take_turns(CLINICAL, *map(turn_of, numbers))
        zone = ZoneInfo(theirs.time_zone)
        for each in live:
            reschedule(
                by=by, appointment_id=each.id, wall=wall_of(each.starts_at, zone), provider_id=to_id, if_match=None,
                utc_offset=each.starts_at.astimezone(zone).utcoffset(), now=now,
            )  # fmt: skip


def end_appointments_of(patient_id: UUID, now: datetime) -> None:
    """Give back the time of a patient who is erased: nobody comes. What was said of it went with their key.

    The event of the erasure tells of it all.
    """
    live = Appointment.objects.filter(patient=patient_id).exclude(status__in=ENDED).select_related("provider", "room")
    for each in live.select_for_update(of=("self",)).order_by("id"):
        end_by_itself(each, by=ERASURE, ended_at=now, now=now)
        freed(each)


def _live(provider_id: UUID, now: datetime) -> "QuerySet[Appointment]":
    coming = Appointment.objects.filter(provider=provider_id, ends_at__gt=now).exclude(status__in=ENDED)
    return coming.select_related("provider", "patient", "room").order_by("starts_at", "id")
