"""Holds that have expired: they block nobody, and whoever comes first takes them away."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, take_turns
from chiron.scheduling.doors import numbers_of, turn_of
from chiron.scheduling.models import Appointment
from chiron.scheduling.services.taking import give_back, keep
from chiron.scheduling.words import Status

NOBODY = Caller(device="expiry")
AT_ONCE = 50
"""How many holds one transaction takes away: it has the turn of all whose time they are."""


def end_expired(numbers: Collection[int], now: datetime) -> list[Appointment]:
    """Take away the holds of these people and rooms that have expired, and answer them. Their turn must be taken.

    Of whoever else's time such a hold is, the turn is not needed: what expired is wanted by nobody.
    """
    theirs = Q(provider__number__in=numbers) | Q(patient__number__in=numbers) | Q(room__number__in=numbers)
    ended = list(_expired(now).filter(theirs).select_for_update(of=("self",)).order_by("id"))
    for each in ended:
        _end(each, now)
    return ended


def sweep(now: datetime) -> list[Appointment]:
    """Take away holds that have expired, those that did first, and answer them; of very many only some."""
    numbers = {number for each in _expired(now).order_by("held_until")[:AT_ONCE] for number in numbers_of(each)}
    take_turns(CLINICAL, *map(turn_of, numbers))
    return end_expired(numbers, now)


def _expired(now: datetime) -> QuerySet[Appointment]:
    held = Appointment.objects.filter(status=Status.HELD, held_until__lte=now)
    return held.select_related("provider", "patient", "room")


def _end(hold: Appointment, now: datetime) -> None:
    """What was never promised ends without its reason, by nobody, at the moment that was said."""
    hold.status, hold.ended_at, hold.held_until, hold.reason = Status.CANCELLED, hold.held_until, None, None
    hold.version, hold.updated_at = hold.version + 1, now
    with give_back(hold):
        hold.save(force_update=True)
    keep(hold, by=NOBODY, now=now)
    audit.record(
        NOBODY, "appointment.expired", resource="appointments", resource_id=hold.id, subjects=[hold.patient_id]
    )
