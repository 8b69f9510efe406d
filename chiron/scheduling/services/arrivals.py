"""Arrivals: visits that were over before they came here, many at once, as whoever knows of them tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound, invalid
from chiron.registry.public import Patient, Provider, patients_within
from chiron.scheduling.models import Appointment, AppointmentChange, Reservation
from chiron.scheduling.services.taking import refusing_busy
from chiron.scheduling.wallclock import Span
from chiron.scheduling.words import Of, Status

OVER = (Status.FULFILLED, Status.NO_SHOW, Status.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitArrival:
    """Who was to come to whom, and what became of it; ``recorded_at`` is when it had been booked."""

    provider_id: UUID
    patient_id: UUID
    type_id: UUID | None
    span: Span
    status: Status
    recorded_at: datetime


def admit_visits(*, by: Caller, visits: Sequence[VisitArrival], zone: str, now: datetime) -> None:
    """Write visits that are over, as agreed on the clock of that zone; nobody is told or reminded.

    Nobody was in two places: the constraints say so. One event for each patient. Raises NotFound for a patient or
    provider who is none, Invalid for what is not over, DoctorBusy, PatientBusy.
    """
    patients = patients_within(by, by.scope("appointments", "create")).in_bulk({each.patient_id for each in visits})
    providers = Provider.objects.in_bulk({each.provider_id for each in visits})
    rows = []
    for each in visits:
        if each.status not in OVER or each.span.ends_at > now:
            raise invalid("is not over", "visits")
        if each.patient_id not in patients or each.provider_id not in providers:
            raise NotFound
        rows.append(_row(each, patients[each.patient_id], providers[each.provider_id], zone))
    times = [time for row in rows for time in (row.provider_time, row.patient_time) if time]
    with refusing_busy():
        Reservation.objects.bulk_create(times)
    Appointment.objects.bulk_create(rows)
    AppointmentChange.objects.bulk_create(step for row in rows for step in _steps(row))
    for patient_id in sorted(patients):
        number = sum(row.patient_id == patient_id for row in rows)
        audit.record(by, "appointment.arrived", resource="appointments", subjects=[patient_id],
                     payload={"number": number})  # fmt: skip


def _row(said: VisitArrival, patient: Patient, provider: Provider, zone: str) -> Appointment:
    """An appointment with its second version: booked, and then over."""
    row = Appointment(
        provider=provider, patient=patient, type_id=said.type_id, status=said.status, version=2,
        recorded_at=said.recorded_at, updated_at=said.span.ends_at,
    )  # fmt: skip
    row.put(said.span, zone)
    if said.status is Status.FULFILLED:
        span = {"starts_at": said.span.starts_at, "ends_at": said.span.ends_at}
        row.provider_time = Reservation(of=Of.PROVIDER, number=provider.number, **span)
        row.patient_time = Reservation(of=Of.PATIENT, number=patient.number, **span)
    else:
        row.ended_at = said.span.starts_at
    return row


def _steps(row: Appointment) -> list[AppointmentChange]:
    steps = ((1, Status.BOOKED, row.recorded_at), (2, row.status, row.updated_at))
    return [
        AppointmentChange(
            appointment=row, version=version, status=status, starts_at=row.starts_at, provider_id=row.provider_id, at=at
        )
        for version, status, at in steps
    ]
