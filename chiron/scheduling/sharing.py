"""Those who share one time of a provider: who is in it, and how many places are left."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chiron.scheduling.models import Appointment, AppointmentType, Reservation, Room
from chiron.scheduling.wallclock import Span
from chiron.scheduling.words import Status


@dataclass(frozen=True, slots=True)
class Group:
    """Appointments of one type that share the reserved time of a provider, and of the room where they have one."""

    time_id: UUID
    span: Span
    room: Room | None
    room_time_id: UUID | None
    seats: frozenset[int]
    places: int

    @property
    def left(self) -> int:
        """How many more may join."""
        return max(self.places - len(self.seats), 0)

    def free_seat(self) -> int:
        """The lowest that nobody has."""
        return next(seat for seat in range(len(self.seats) + 1) if seat not in self.seats)


def places_in(kind: AppointmentType | None, room: Room | None) -> int:
    """How many patients may share one appointment's time there."""
    capacity = kind.capacity if kind else 1
    return min(capacity, room.places) if room and room.places else capacity


def groups_of(
    kind: AppointmentType | None, numbers: Iterable[int], within: Span, now: datetime | None = None
) -> Mapping[tuple[int, Span], Group]:
    """The groups of a type that touch that span, full ones too, by the number of their provider and what they reserve.

    With ``now``, those whose hold has expired are in none. A type for one patient has none, and costs no query.
    """
    if kind is None or kind.capacity == 1:
        return {}
    rows = Appointment.objects.filter(
        type=kind, provider_time__number__in=numbers, provider_time__starts_at__lt=within.ends_at,
        provider_time__ends_at__gt=within.starts_at,
    ).select_related("provider_time", "room")  # fmt: skip
    if now:
        rows = rows.exclude(status=Status.HELD, held_until__lte=now)
    together: dict[Reservation, list[Appointment]] = {}
    for each in rows:
        if each.provider_time:
            together.setdefault(each.provider_time, []).append(each)
    return {
        (held.number, Span(held.starts_at, held.ends_at)): _group(kind, held, members)
        for held, members in together.items()
    }


def _group(kind: AppointmentType, held: Reservation, members: list[Appointment]) -> Group:
    first = members[0]
    return Group(
        time_id=held.id, span=Span(held.starts_at, held.ends_at), room=first.room, room_time_id=first.room_time_id,
        seats=frozenset(each.seat for each in members), places=places_in(kind, first.room),
    )  # fmt: skip
