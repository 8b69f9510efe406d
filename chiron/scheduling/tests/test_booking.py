"""Promising a provider's time: what is refused, and what is written when it is not."""

from datetime import timedelta
from typing import Any

import pytest

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.errors import DomainError, NotFound, NotPermitted
from chiron.kernel.ids import NIL, new_id
from chiron.records.models import Record
from chiron.scheduling.errors import DoctorBusy, NoSchedule, NotInTheFuture, OutsideAvailability, PatientBusy, RoomBusy
from chiron.scheduling.models import Appointment, AppointmentChange, AppointmentType, Reservation, Room
from chiron.scheduling.services.leaving import end_appointments_of
from chiron.scheduling.tests.factories import NOW, berlin, booked, receives, times
from chiron.tenancy.public import inside
from chiron.vault.public import patient_safe
from tests.town import Clinic

HALF_HOUR = timedelta(minutes=30)
TEN = berlin("2031-03-04T10:00")


@pytest.fixture
def clinic(hilltop: Clinic) -> Any:
    """Hilltop, whose two doctors receive from nine to five; the test runs inside it."""
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        receives(hilltop.other_doctor_id)
        yield hilltop


def written() -> tuple[int, int, int]:
    return Appointment.objects.count(), Reservation.objects.count(), Record.objects.count()


def test_booking_promises_the_time_and_makes_the_record(clinic: Clinic) -> None:
    made = booked(clinic, reason="Cough since Sunday")

    appointment = Appointment.objects.get(id=made.appointment.id)
    assert (appointment.status, appointment.starts_at, appointment.ends_at, appointment.zone) == (
        "booked", TEN, TEN + HALF_HOUR, "Europe/Berlin",
    )  # fmt: skip
    assert times() == [("patient", TEN, HALF_HOUR), ("provider", TEN, HALF_HOUR)]
    assert patient_safe(clinic.id, clinic.patient_id).open(appointment, "reason") == "Cough since Sunday"
    record = Record.objects.get(id=appointment.record_id or NIL)
    assert (record.record_type, record.patient_id, record.occurred_at) == ("APPOINTMENT", clinic.patient_id, TEN)
    assert AppointmentChange.objects.filter(appointment=appointment).count() == 1
    actions = list(Event.objects.using("clinical").order_by("id").values_list("action", "subjects"))[-2:]
    assert actions == [("record.created", [clinic.patient_id]), ("appointment.booked", [clinic.patient_id])]


@pytest.mark.parametrize(
    ("at", "said", "refusal"),
    [
        ("2031-03-04T08:30", {}, OutsideAvailability),
        ("2031-03-04T10:10", {}, OutsideAvailability),
        ("2031-03-04T17:00", {}, OutsideAvailability),
        ("2031-03-03T12:30", {}, NotInTheFuture),
        ("2033-03-04T10:00", {}, OutsideAvailability),
        ("2031-03-04T10:00", {"provider_id": new_id()}, NotFound),
        ("2031-03-04T10:00", {"patient_id": new_id()}, NotFound),
        ("2031-03-04T10:00", {"type_id": new_id()}, NotFound),
        ("2031-03-04T10:00", {"room_id": new_id()}, NotFound),
        ("2031-03-04T10:00", {"role": Role.BILLER}, NotPermitted),
    ],
)
def test_what_cannot_be_promised_is_refused(
    at: str, said: dict[str, Any], refusal: type[DomainError], clinic: Clinic
) -> None:
    before = written()

    with pytest.raises(refusal):
        booked(clinic, at, **said)

    assert written() == before


def test_a_doctor_without_hours_cannot_be_booked(hilltop: Clinic) -> None:
    with inside(hilltop.id), pytest.raises(NoSchedule):
        booked(hilltop)


def test_a_doctor_is_in_one_place(clinic: Clinic) -> None:
    booked(clinic)
    before = written()

    with pytest.raises(DoctorBusy):
        booked(clinic, patient_id=clinic.other_patient_id)

    assert written() == before


def test_a_patient_is_in_one_place(clinic: Clinic) -> None:
    booked(clinic)
    before = written()

    with pytest.raises(PatientBusy):
        booked(clinic, provider_id=clinic.other_doctor_id)

    assert written() == before


def test_a_room_is_for_one_appointment(clinic: Clinic) -> None:
    room = Room.objects.create(name="Room 1")
    booked(clinic, room_id=room.id)
    before = written()

    with pytest.raises(RoomBusy):
        booked(clinic, provider_id=clinic.other_doctor_id, patient_id=clinic.other_patient_id, room_id=room.id)

    assert written() == before


def test_what_must_be_free_around_an_appointment_is_reserved_of_the_doctor_only(clinic: Clinic) -> None:
    surgery = AppointmentType.objects.create(name="Surgery", minutes=60, before_minutes=10, after_minutes=20)

    booked(clinic, type_id=surgery.id)

    assert times() == [
        ("provider", TEN - timedelta(minutes=10), timedelta(minutes=90)),
        ("patient", TEN, timedelta(minutes=60)),
    ]
    with pytest.raises(DoctorBusy):
        booked(clinic, "2031-03-04T11:00", patient_id=clinic.other_patient_id)
    booked(clinic, "2031-03-04T11:30", patient_id=clinic.other_patient_id)


def test_notice_and_horizon_are_the_types(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Planned", minutes=30, notice_minutes=24 * 60, horizon_days=7)

    booked(clinic, "2031-03-04T13:00", type_id=kind.id)
    booked(clinic, "2031-03-10T13:00", type_id=kind.id)
    for at in ("2031-03-04T12:30", "2031-03-10T13:30"):
        with pytest.raises(OutsideAvailability):
            booked(clinic, at, type_id=kind.id)


def test_patients_book_for_themselves_only(clinic: Clinic) -> None:
    made = booked(clinic, role=Role.PATIENT, patient_id=None)

    assert made.appointment.patient_id == clinic.patient_id
    with pytest.raises(NotFound):
        booked(clinic, "2031-03-04T11:00", role=Role.PATIENT, patient_id=clinic.other_patient_id)


def test_the_moment_of_booking_is_the_clock_that_was_given(clinic: Clinic) -> None:
    assert booked(clinic).appointment.recorded_at == NOW


def test_of_a_patient_who_is_erased_the_time_is_given_back(clinic: Clinic) -> None:
    """And erasing again, as a restored backup is replayed, finds nothing to do."""
    appointment = booked(clinic).appointment

    end_appointments_of(clinic.patient_id, NOW)
    end_appointments_of(clinic.patient_id, NOW)

    ended = Appointment.objects.get(id=appointment.id)
    assert (ended.status, ended.version, ended.provider_time_id) == ("cancelled", 2, None)
    assert booked(clinic, patient_id=clinic.other_patient_id).appointment.starts_at == appointment.starts_at
