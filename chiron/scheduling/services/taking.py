"""The time that an appointment takes of its provider, its patient and its room: taken, given back, kept in mind."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, refusing
from chiron.kernel.ids import NIL
from chiron.scheduling.errors import DoctorBusy, FullyBooked, OtherRoom, PatientBusy, RoomBusy
from chiron.scheduling.models import Appointment, AppointmentChange, Reservation
from chiron.scheduling.services.reminding import plan_reminders
from chiron.scheduling.sharing import Group, groups_of
from chiron.scheduling.wallclock import Span
from chiron.scheduling.words import Of, Status
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import Safe, patient_safe


def around(appointment: Appointment) -> Span:
    """The appointment with what must be free before and after it."""
    kind = appointment.type
    before, after = (kind.before_minutes, kind.after_minutes) if kind else (0, 0)
    return Span(appointment.starts_at - timedelta(minutes=before), appointment.ends_at + timedelta(minutes=after))


def itself_of(appointment: Appointment) -> Span:
    """The appointment alone, which is what it takes of its patient."""
    return Span(appointment.starts_at, appointment.ends_at)


def take(appointment: Appointment) -> None:
    """Reserve the time of everybody whom the appointment needs, or join those who share it.

    Raises DoctorBusy, PatientBusy, RoomBusy, OtherRoom, FullyBooked.
    """
    appointment.patient_time = _reservation(Of.PATIENT, appointment.patient.number, itself_of(appointment))
    times = [appointment.patient_time]
    if group := group_at(appointment):
        _join(appointment, group)
    else:
        times += _begin(appointment)
    with refusing_busy():
        Reservation.objects.bulk_create(times)


@contextmanager
def exchange(appointment: Appointment) -> Iterator[None]:
    """Let the time that is reserved follow the appointment, or stay as it is; those who shared it keep theirs.

    Once the block has written the appointment, what nobody has any more is taken away. Raises as `take` does.
    """
    left = [appointment.provider_time_id, appointment.room_time_id]
    group = group_at(appointment)
    with refusing_busy():
        _follow(appointment.patient_time_id, appointment.patient.number, itself_of(appointment))
        if group and group.time_id != appointment.provider_time_id:
            _join(appointment, group)
        elif group is None and is_shared(appointment):
            Reservation.objects.bulk_create(_begin(appointment))
        elif group is None:
            _follow(appointment.provider_time_id, appointment.provider.number, around(appointment))
            _follow(appointment.room_time_id, appointment.room.number if appointment.room else 0, around(appointment))
    yield
    remove_unshared(left)


def group_at(appointment: Appointment) -> Group | None:
    """Those who take exactly its time already, and whom it may join."""
    number, whole = appointment.provider.number, around(appointment)
    return groups_of(appointment.type, [number], whole).get((number, whole))


def is_shared(appointment: Appointment) -> bool:
    """Whether somebody else has the same time of the provider."""
    return Appointment.objects.filter(provider_time=appointment.provider_time_id).exclude(id=appointment.id).exists()


def refusing_busy() -> AbstractContextManager[None]:
    """The constraints that keep everybody in one place, as refusals."""
    return refusing(
        CLINICAL, provider_in_one_place=DoctorBusy, patient_in_one_place=PatientBusy, room_in_one_place=RoomBusy
    )


@contextmanager
def give_back(appointment: Appointment) -> Iterator[None]:
    """Let go of its time, and once the block has written that, take away what nobody else shares."""
    times = [appointment.provider_time_id, appointment.patient_time_id, appointment.room_time_id]
    appointment.provider_time = appointment.patient_time = appointment.room_time = None
    yield
    remove_unshared(times)


def end_by_itself(appointment: Appointment, *, by: Caller, ended_at: datetime, now: datetime) -> None:
    """Cancel what nobody cancelled, without a word: the reason for which it was wanted goes, too."""
    appointment.status, appointment.ended_at, appointment.held_until = Status.CANCELLED, ended_at, None
    appointment.reason = appointment.note = None
    appointment.version, appointment.updated_at = appointment.version + 1, now
    with give_back(appointment):
        appointment.save(force_update=True)
    keep(appointment, by=by, now=now)


def remove_unshared(reservation_ids: Iterable[UUID | None]) -> None:
    """Give back those of these times that no appointment has any more."""
    times = [each for each in reservation_ids if each]
    unshared = Reservation.objects.filter(id__in=times)
    unshared.exclude(id__in=Appointment.objects.filter(provider_time__in=times).values("provider_time")).exclude(
        id__in=Appointment.objects.filter(room_time__in=times).values("room_time")
    ).delete()


def raise_version(appointment: Appointment) -> Safe:
    """Raise the version, and seal again under it what stays as it is."""
    safe = patient_safe(current_organization_id(), appointment.patient_id)
    kept = {column: safe.open(appointment, column) for column in ("reason", "note")}
    appointment.version += 1
    for column, said in kept.items():
        setattr(appointment, column, None if said is None else safe.seal(appointment, column, said))
    return safe


def keep(appointment: Appointment, *, by: Caller, now: datetime) -> None:
    """Note this version of an appointment among its changes, and have its patient reminded of its time."""
    AppointmentChange.objects.create(
        appointment=appointment, version=appointment.version, status=appointment.status,
        starts_at=appointment.starts_at, provider_id=appointment.provider_id, at=now, account_id=by.account_id,
    )  # fmt: skip
    plan_reminders(appointment, now)


def _begin(appointment: Appointment) -> list[Reservation]:
    """The first of those who may share a time: what it needs of the provider and the room, to be written."""
    whole, room = around(appointment), appointment.room
    appointment.seat = 0
    appointment.provider_time = _reservation(Of.PROVIDER, appointment.provider.number, whole)
    appointment.room_time = _reservation(Of.ROOM, room.number, whole) if room else None
    return [appointment.provider_time, *([appointment.room_time] if appointment.room_time else [])]


def _join(appointment: Appointment, group: Group) -> None:
    """One more of those who share a time, in the room where they are. Raises OtherRoom, FullyBooked."""
    if appointment.room not in (None, group.room):
        raise OtherRoom
    if not group.left:
        raise FullyBooked
    appointment.room, appointment.seat = group.room, group.free_seat()
    appointment.provider_time_id, appointment.room_time_id = group.time_id, group.room_time_id


def _follow(reservation_id: UUID | None, number: int, span: Span) -> None:
    Reservation.objects.filter(id=reservation_id or NIL).update(
        number=number, starts_at=span.starts_at, ends_at=span.ends_at
    )


def _reservation(of: Of, number: int, span: Span) -> Reservation:
    return Reservation(of=of, number=number, starts_at=span.starts_at, ends_at=span.ends_at)
