"""The time that an appointment takes of its provider, its patient and its room: taken, given back, kept in mind."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta

from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, refusing
from chiron.scheduling.errors import DoctorBusy, PatientBusy, RoomBusy
from chiron.scheduling.models import Appointment, AppointmentChange, Reservation
from chiron.scheduling.wallclock import Span
from chiron.scheduling.words import Of
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import Safe, patient_safe


def around(appointment: Appointment) -> Span:
    """The appointment with what must be free before and after it."""
    kind = appointment.type
    before, after = (kind.before_minutes, kind.after_minutes) if kind else (0, 0)
    return Span(appointment.starts_at - timedelta(minutes=before), appointment.ends_at + timedelta(minutes=after))


def take(appointment: Appointment) -> None:
    """Reserve the time of everybody whom the appointment needs. Raises DoctorBusy, PatientBusy, RoomBusy."""
    whole, itself = around(appointment), Span(appointment.starts_at, appointment.ends_at)
    appointment.provider_time = _reservation(Of.PROVIDER, appointment.provider.number, whole)
    appointment.patient_time = _reservation(Of.PATIENT, appointment.patient.number, itself)
    appointment.room_time = _reservation(Of.ROOM, appointment.room.number, whole) if appointment.room else None
    times = [appointment.provider_time, appointment.patient_time, appointment.room_time]
    with refusing_busy():
        Reservation.objects.bulk_create(each for each in times if each)


def exchange(appointment: Appointment) -> None:
    """Let the time that is reserved follow the appointment, or stay as it is.

    Raises DoctorBusy, PatientBusy, RoomBusy.
    """
    whole, itself = around(appointment), Span(appointment.starts_at, appointment.ends_at)
    times = [
        (appointment.provider_time_id, appointment.provider.number, whole),
        (appointment.patient_time_id, appointment.patient.number, itself),
        (appointment.room_time_id, appointment.room.number if appointment.room else 0, whole),
    ]
    with refusing_busy():
        for reservation_id, number, span in times:
            if reservation_id:
                Reservation.objects.filter(id=reservation_id).update(
                    number=number, starts_at=span.starts_at, ends_at=span.ends_at
                )


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
    unshared = Reservation.objects.filter(id__in=[each for each in times if each])
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
    """Note this version of an appointment among its changes."""
    AppointmentChange.objects.create(
        appointment=appointment, version=appointment.version, status=appointment.status,
        starts_at=appointment.starts_at, provider_id=appointment.provider_id, at=now, account_id=by.account_id,
    )  # fmt: skip


def _reservation(of: Of, number: int, span: Span) -> Reservation:
    return Reservation(of=of, number=number, starts_at=span.starts_at, ends_at=span.ends_at)
