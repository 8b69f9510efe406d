"""The only way to an appointment: scoped to the caller, silent about everything else."""

from uuid import UUID

from django.db.models import Q, QuerySet

from chiron.kernel.access import Caller, Scope
from chiron.kernel.db import CLINICAL, take_turns
from chiron.kernel.errors import NotFound, StaleVersion
from chiron.kernel.ids import NIL
from chiron.registry.public import patients_within
from chiron.scheduling.models import Appointment, WaitlistEntry


def appointments_within(by: Caller, action: str) -> "QuerySet[Appointment]":
    """Those that the caller reaches: all, those of assigned patients and of the caller's own diary, or their own."""
    match by.scope("appointments", action):
        case Scope.ORGANIZATION:
            return Appointment.objects.all()
        case Scope.ASSIGNED:
            cared_for = patients_within(by, Scope.ASSIGNED).values("id")
            return Appointment.objects.filter(Q(provider_id=by.provider_id or NIL) | Q(patient_id__in=cared_for))
        case _:
            return Appointment.objects.filter(patient_id=by.patient_id or NIL)


def appointment_for(by: Caller, appointment_id: UUID, action: str = "read") -> Appointment:
    """One appointment, with its provider, patient and room. Raises NotPermitted, NotFound."""
    found = appointments_within(by, action).select_related("provider", "patient", "room", "type")
    appointment = found.filter(id=appointment_id).first()
    if appointment is None:
        raise NotFound
    return appointment


def appointment_to_change(by: Caller, appointment_id: UUID, action: str, *more: int) -> Appointment:
    """One appointment that nobody else changes until this transaction ends, nor books those who are part of it.

    ``more`` are numbers of others who shall be. Turns are taken before the row is locked: whoever books waits for them,
    too, and gives back holds that have expired. Raises NotPermitted, NotFound, StaleVersion where it changed meanwhile.
    """
    seen = appointment_for(by, appointment_id, action)
    take_turns(CLINICAL, *(turn_of(number) for number in {*numbers_of(seen), *more}))
    return unchanged(seen)


def unchanged(seen: Appointment) -> Appointment:
    """Lock an appointment at the turn of those of it. Raises StaleVersion where it changed since it was read."""
    locked = Appointment.objects.select_for_update().get(id=seen.id)
    if locked.version != seen.version:
        raise StaleVersion
    return seen


def numbers_of(appointment: Appointment) -> set[int]:
    """Whose time an appointment takes."""
    room = {appointment.room.number} if appointment.room else set()
    return {appointment.provider.number, appointment.patient.number, *room}


def turn_of(number: int) -> str:
    """What everybody waits for who books a provider, a patient or a room."""
    return f"time of {number}"


def entries_within(by: Caller, action: str) -> "QuerySet[WaitlistEntry]":
    """Those on the waitlist whom the caller reaches."""
    patients = patients_within(by, by.scope("waitlist", action))
    return WaitlistEntry.objects.filter(patient__in=patients.values("id")).select_related(
        "patient", "type", "department"
    )


def entry_for(by: Caller, entry_id: UUID, action: str = "read") -> WaitlistEntry:
    """One entry of the waitlist, with its patient. Raises NotPermitted, NotFound."""
    entry = entries_within(by, action).filter(id=entry_id).first()
    if entry is None:
        raise NotFound
    return entry
