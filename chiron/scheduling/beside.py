"""Who and what must be free beside the provider: a room, a patient."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Policy, Scope
from chiron.kernel.errors import NotFound
from chiron.kernel.ids import NIL
from chiron.registry.public import patient_within
from chiron.scheduling.models import Appointment, Room
from chiron.scheduling.sharing import Group
from chiron.scheduling.slots import Terms, clear
from chiron.scheduling.wallclock import Span
from chiron.scheduling.words import Status

if TYPE_CHECKING:
    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Beside:
    """What is reserved of a room, with what must be free around it, and of a patient."""

    room_id: UUID | None = None
    room: Sequence[Span] = ()
    patient: Sequence[Span] = ()

    def is_free(self, terms: Terms, start: datetime, group: Group | None) -> bool:
        """Whether both are free for an appointment that begins then; who joins a group does so in its room."""
        if group and self.room_id:
            has_room = group.room is not None and group.room.id == self.room_id
        else:
            has_room = clear(terms.reserved(start), self.room)
        return has_room and clear(terms.span(start), self.patient)


def beside_of(by: Caller, room_id: UUID | None, patient_id: UUID | None, around: Span, now: datetime) -> Beside:
    """What is reserved of the room and the patient that are named, or of the caller who is one. Raises NotFound."""
    if patient_id:
        patient_id = patient_within(by, by.scope("appointments", "create"), patient_id).id
        audit.record(by, "appointment.free_time_sought", resource="appointments", subjects=[patient_id])
    if room_id and not Room.objects.filter(id=room_id, active=True).exists():
        raise NotFound
    own = Policy.decide(by, "appointments", "create") is Scope.OWN
    return reserved_beside(room_id, by.patient_id if own else patient_id, around, now)


def reserved_beside(
    room_id: UUID | None, patient_id: UUID | None, around: Span, now: datetime, *, but_for: UUID = NIL
) -> Beside:
    """What is reserved of a room and a patient then, but for one appointment's own."""
    live = _live(around, now).exclude(id=but_for)
    return Beside(
        room_id=room_id,
        room=_spans(live.filter(room=room_id), "room_time") if room_id else (),
        patient=_spans(live.filter(patient=patient_id), "patient_time") if patient_id else (),
    )


def around_day(day: date) -> Span:
    """All instants that any clock shows on that day, and more than a day around them."""
    noon = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    return Span(noon - timedelta(days=3), noon + timedelta(days=3))


def _live(around: Span, now: datetime) -> "QuerySet[Appointment]":
    """The appointments then, but for holds that have expired."""
    then = Appointment.objects.filter(starts_at__lt=around.ends_at, ends_at__gt=around.starts_at)
    return then.exclude(status=Status.HELD, held_until__lte=now)


def _spans(appointments: "QuerySet[Appointment]", time: str) -> list[Span]:
    reserved = appointments.filter(**{f"{time}__isnull": False}).values_list(f"{time}__starts_at", f"{time}__ends_at")
    return [Span(*times) for times in reserved]
