"""Holds that have expired: they block nobody, and whoever comes first takes them away."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, take_turns
from chiron.kernel.ids import NIL
from chiron.scheduling.doors import numbers_of, turn_of
from chiron.scheduling.models import Appointment
from chiron.scheduling.services.taking import end_by_itself
from chiron.scheduling.words import Status

NOBODY = Caller(device="expiry")
AT_ONCE = 10
"""How many holds one sweep takes away: everybody whose time they are waits for it."""


def take_turns_of(numbers: Iterable[int], now: datetime, *, but_for: UUID = NIL) -> list[Appointment]:
    """Until this transaction ends, nobody else books these people and rooms; of theirs no hold has expired any more.

    Answers the holds that were taken away, ``but_for`` one. The turns of all, those of these holds too, are taken at
    once.
    """
    wanted = set(numbers)
    theirs = Q(provider__number__in=wanted) | Q(patient__number__in=wanted) | Q(room__number__in=wanted)
    return _take_away(_expired(now).filter(theirs).exclude(id=but_for), wanted, now)


def sweep(now: datetime) -> list[Appointment]:
    """Take away holds that have expired, those that did first, and answer them; of many only some."""
    return _take_away(_expired(now).order_by("held_until")[:AT_ONCE], set(), now)


def _expired(now: datetime) -> QuerySet[Appointment]:
    held = Appointment.objects.filter(status=Status.HELD, held_until__lte=now)
    return held.select_related("provider", "patient", "room")


def _take_away(seen: Iterable[Appointment], numbers: set[int], now: datetime) -> list[Appointment]:
    """Take the turns, and away of those that were seen what is still there."""
    found = {each.id: numbers_of(each) for each in seen}
    take_turns(CLINICAL, *map(turn_of, numbers.union(*found.values())))
    ended = list(_expired(now).filter(id__in=found).select_for_update(of=("self",)).order_by("id")) if found else []
    for each in ended:
        _end(each, now)
    return ended


def _end(hold: Appointment, now: datetime) -> None:
    """What was never promised ends without its reason, by nobody, at the moment that was said."""
    end_by_itself(hold, by=NOBODY, ended_at=hold.held_until or now, now=now)
    audit.record(
        NOBODY, "appointment.expired", resource="appointments", resource_id=hold.id, subjects=[hold.patient_id]
    )
