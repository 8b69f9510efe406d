"""What was counted, made in bulk; nothing of it is ever opened. Hilltop's clock is Berlin's."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from chiron.analytics.queries import Answer, Asked, read_metric
from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.ids import first_id, new_id, new_number
from chiron.records.models import Record
from chiron.registry.models import Department, Patient, ProviderDepartment
from chiron.registry.public import Person, create_provider
from chiron.scheduling.models import Appointment, AppointmentChange, Reservation
from chiron.scheduling.tests.factories import berlin
from chiron.scheduling.words import Of, Status
from chiron.screening.public import Screening
from tests.town import Clinic

APRIL = datetime(2031, 4, 7, 12, tzinfo=UTC)
"""When all that is asked for is over: a Monday."""
MINUTES = 30
TUESDAY = "2031-03-04T10:00"


def patients(number: int) -> list[Patient]:
    """So many people who can be counted and nothing else."""
    return Patient.objects.bulk_create([Patient(details=b"sealed") for _ in range(number)])


def three_doctors(clinic: Clinic) -> dict[UUID, Department]:
    """Both doctors of the clinic, of one department, and a third of another; by id, each with where they work."""
    surgery, children = (Department.objects.create(name=name) for name in ("Surgery", "Children"))
    third = create_provider(by=clinic.who[Role.ADMIN], person=Person(family="Addo", given=["Yaa"]), role="doctor",
                            specialty="", active=True, now=now())  # fmt: skip
    whose = {clinic.doctor_id: surgery, clinic.other_doctor_id: surgery, third.id: children}
    for provider_id, department in whose.items():
        ProviderDepartment.objects.create(provider_id=provider_id, department=department, since=date(2020, 1, 1))
    return whose


def appointments(
    clinic: Clinic, at: str, number: int, *, status: Status = Status.FULFILLED, provider_id: UUID | None = None,
    lead: timedelta = timedelta(days=2), patient_ids: list[UUID] | None = None, minutes: int = MINUTES,
) -> list[Appointment]:  # fmt: skip
    """So many appointments that begin then, whether or not anybody could keep them all."""
    starts_at = berlin(at)
    ends_at = starts_at + timedelta(minutes=minutes)
    whose = patient_ids or [clinic.patient_id] * number
    gone = status in (Status.CANCELLED, Status.NO_SHOW)
    rows = []
    for patient_id in whose:
        times = [Reservation(of=of, number=new_number(), starts_at=starts_at, ends_at=ends_at)
                 for of in (Of.PROVIDER, Of.PATIENT)]  # fmt: skip
        taken: list[Any] = [None, None] if gone else Reservation.objects.bulk_create(times)
        rows.append(Appointment(
            status=status, provider_id=provider_id or clinic.doctor_id, patient_id=patient_id, starts_at=starts_at,
            ends_at=ends_at, zone="Europe/Berlin", agreed_day=starts_at.date(), agreed_time=starts_at.time(),
            provider_time=taken[0], patient_time=taken[1], recorded_at=starts_at - lead,
            held_until=starts_at if status is Status.HELD else None,
        ))  # fmt: skip
    return Appointment.objects.bulk_create(rows)


def once_booked(rows: list[Appointment]) -> None:
    """That these were booked before they came to what they are."""
    AppointmentChange.objects.bulk_create(
        AppointmentChange(appointment=row, version=1, status=Status.BOOKED, starts_at=row.starts_at,
                          provider_id=row.provider_id, at=row.recorded_at)
        for row in rows
    )  # fmt: skip


def records(clinic: Clinic, at: datetime, number: int, **said: Any) -> list[Record]:
    """So many records that were written then, about the clinic's first patient by its first doctor."""
    whose = {"patient_id": clinic.patient_id, "author_provider_id": clinic.doctor_id}
    usual: dict[str, Any] = {"record_type": "NOTE", **whose}
    return Record.objects.bulk_create(
        Record(id=UUID(int=first_id(at).int | new_id().int & 0xFFFF_FFFF), recorded_at=at, timeline_at=at,
               text=b"sealed", **(usual | said))
        for _ in range(number)
    )  # fmt: skip


def screenings(number: int, at: str = TUESDAY, **said: Any) -> list[Screening]:
    """So many anonymous screenings that were made then."""
    usual: dict[str, Any] = {"mode": "research", "outcome": "classified", "bundle_hash": "0" * 64}
    if said.get("decision"):
        usual["decided_at"] = berlin(at)
    if said.get("confirmed_value"):
        usual["confirmed_at"] = berlin(at)
    return Screening.objects.bulk_create(
        Screening(made_at=berlin(at), inputs=b"sealed", result=b"sealed", **(usual | said)) for _ in range(number)
    )


def told(clinic: Clinic, metric: str, role: Role = Role.ADMIN, now: datetime = APRIL, **asked: Any) -> Answer:
    """What somebody is told of a metric."""
    return read_metric(clinic.who[role], metric, Asked(**asked), now)


def values(answer: Answer) -> list[float | None]:
    """The numbers alone."""
    return [cell.value for cell in answer.cells]
