"""Time that is held: nobody else's until the while is over, and everybody's from that moment on."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.ids import NIL
from chiron.records.models import Record
from chiron.scheduling.errors import DoctorBusy, HoldExpired, IllegalTransition, TooManyHolds
from chiron.scheduling.models import Appointment, AppointmentChange, AppointmentType, Reservation, Room
from chiron.scheduling.queries import free_doctors
from chiron.scheduling.services.attend import cancel, decline, no_show, proceed, undo_no_show
from chiron.scheduling.services.expiry import sweep
from chiron.scheduling.services.hold import confirm
from chiron.scheduling.services.reschedule import reschedule
from chiron.scheduling.tests.factories import NOW, berlin, booked, held, receives, times
from chiron.scheduling.words import Status, Step
from chiron.tenancy.public import inside
from chiron.vault.public import patient_safe
from tests.town import Clinic

TEN = berlin("2031-03-04T10:00")
HALF_HOUR = timedelta(minutes=30)
OVER = NOW + timedelta(minutes=10)
LAST = OVER - timedelta(microseconds=1)


@pytest.fixture
def clinic(hilltop: Clinic) -> Iterator[Clinic]:
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        receives(hilltop.other_doctor_id)
        yield hilltop


def offered(clinic: Clinic, now: datetime) -> bool:
    """Whether the first doctor is offered at ten."""
    [free] = [
        each
        for each in free_doctors(clinic.who[Role.PATIENT], day=date(2031, 3, 4), now=now)
        if each.provider.id == clinic.doctor_id
    ]
    return TEN in [slot.starts_at for slot in free.slots]


def confirmed(clinic: Clinic, appointment_id: UUID, now: datetime = NOW, role: Role = Role.PATIENT) -> Appointment:
    return confirm(by=clinic.who[role], appointment_id=appointment_id, if_match=None, now=now).appointment


def test_what_is_held_is_neither_offered_nor_booked_until_the_moment_it_expires(clinic: Clinic) -> None:
    appointment = held(clinic)

    assert (appointment.status, appointment.held_until, appointment.record_id) == (Status.HELD, OVER, None)
    assert (offered(clinic, NOW), offered(clinic, LAST), offered(clinic, OVER)) == (False, False, True)
    with pytest.raises(DoctorBusy):
        booked(clinic, patient_id=clinic.other_patient_id, now=LAST)
    booked(clinic, patient_id=clinic.other_patient_id, now=OVER)


def test_a_hold_that_is_confirmed_is_an_appointment_with_its_record(clinic: Clinic) -> None:
    appointment = held(clinic, reason="Cough")

    confirmed(clinic, appointment.id, LAST)

    found = Appointment.objects.get(id=appointment.id)
    assert (found.status, found.held_until, found.version) == (Status.BOOKED, None, 2)
    assert patient_safe(clinic.id, clinic.patient_id).open(found, "reason") == "Cough"
    record = Record.objects.get(id=found.record_id or NIL)
    assert (record.clinical_status, record.occurred_at) == ("booked", TEN)
    assert times() == [("patient", TEN, HALF_HOUR), ("provider", TEN, HALF_HOUR)]
    actions = list(Event.objects.using("clinical").order_by("id").values_list("action", flat=True))[-3:]
    assert actions == ["appointment.held", "record.created", "appointment.confirmed"]


@pytest.mark.parametrize("swept", [False, True])
def test_confirming_after_expiry_is_refused_and_writes_nothing(swept: bool, clinic: Clinic) -> None:
    appointment = held(clinic)
    if swept:
        sweep(OVER)
    before = AppointmentChange.objects.count(), Record.objects.count(), times()

    with pytest.raises(IllegalTransition if swept else HoldExpired):
        confirmed(clinic, appointment.id, OVER)

    assert (AppointmentChange.objects.count(), Record.objects.count(), times()) == before


def test_what_expired_is_taken_away_by_whoever_wants_the_time(clinic: Clinic) -> None:
    appointment = held(clinic, reason="Cough")

    booked(clinic, patient_id=clinic.other_patient_id, now=OVER)

    ended = Appointment.objects.get(id=appointment.id)
    assert (ended.status, ended.ended_at, ended.ended_by, ended.reason) == (Status.CANCELLED, OVER, None, None)
    assert ended.version == AppointmentChange.objects.filter(appointment=ended).count() == 2
    assert Reservation.objects.count() == 2
    assert Event.objects.using("clinical").filter(action="appointment.expired", resource_id=ended.id).count() == 1


def test_what_expired_blocks_no_patient_and_no_room_either(clinic: Clinic) -> None:
    room = Room.objects.create(name="Room 1")
    held(clinic, room_id=room.id)

    booked(clinic, provider_id=clinic.other_doctor_id, room_id=room.id, now=OVER)


def test_what_expired_blocks_nobody_who_moves_there_or_comes_back(clinic: Clinic) -> None:
    by, missed = clinic.who[Role.ADMIN], booked(clinic, patient_id=clinic.other_patient_id).appointment
    no_show(by=by, appointment_id=missed.id, if_match=None, now=TEN)
    elsewhere = booked(clinic, "2031-03-04T12:00", patient_id=clinic.other_patient_id).appointment
    early = TEN - timedelta(minutes=5)
    held(clinic)

    undo_no_show(by=by, appointment_id=missed.id, if_match=None, now=TEN)
    held(clinic, "2031-03-04T11:00", now=early)
    wall = datetime.fromisoformat("2031-03-04T11:00")
    reschedule(by=by, appointment_id=elsewhere.id, wall=wall, if_match=None, now=early + timedelta(minutes=10))

    assert Appointment.objects.filter(status=Status.HELD).count() == 0


def test_the_sweep_takes_away_what_expired_and_nothing_else(clinic: Clinic) -> None:
    held(clinic)
    later = held(clinic, "2031-03-04T11:00", now=NOW + timedelta(seconds=1))

    ended = sweep(OVER)

    assert len(ended) == 1
    assert list(Appointment.objects.filter(status=Status.HELD)) == [later]
    assert sweep(OVER) == []


def test_a_patient_holds_three_times_at_most(clinic: Clinic) -> None:
    for hour in (10, 11, 12):
        held(clinic, f"2031-03-04T{hour}:00", role=Role.PATIENT)

    with pytest.raises(TooManyHolds):
        held(clinic, "2031-03-04T13:00", provider_id=clinic.other_doctor_id)
    assert Appointment.objects.count() == 3
    held(clinic, "2031-03-04T13:00", now=OVER)


def test_a_hold_lasts_as_its_type_says_and_never_beyond_the_beginning(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Paid", minutes=30, hold_minutes=45)

    assert held(clinic, type_id=kind.id).held_until == NOW + timedelta(minutes=45)
    soon = held(clinic, "2031-03-04T12:00", type_id=kind.id, now=berlin("2031-03-04T11:50"))
    assert soon.held_until == berlin("2031-03-04T12:00")


def test_a_hold_can_be_given_up_however_late(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Planned", minutes=30, cancel_minutes=30 * 24 * 60)
    appointment = held(clinic, type_id=kind.id, role=Role.PATIENT)

    ended = cancel(by=clinic.who[Role.PATIENT], appointment_id=appointment.id, reason="", if_match=None, now=NOW)

    assert (ended.status, ended.held_until, ended.late, times()) == (Status.CANCELLED, None, False, [])


def pending(clinic: Clinic, **said: Any) -> Appointment:
    """What a patient booked of a type that needs approval."""
    kind = AppointmentType.objects.create(name="Surgery", minutes=30, needs_approval=True)
    return booked(clinic, role=Role.PATIENT, type_id=kind.id, **said).appointment


def test_what_is_pending_blocks_the_time_as_what_is_booked(clinic: Clinic) -> None:
    appointment = pending(clinic)

    assert appointment.status == Status.PENDING
    assert not offered(clinic, NOW)
    with pytest.raises(DoctorBusy):
        booked(clinic, patient_id=clinic.other_patient_id)


def test_staff_book_at_once_what_patients_have_approved(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Surgery", minutes=30, needs_approval=True)

    by_staff = booked(clinic, type_id=kind.id).appointment
    on_hold = held(clinic, "2031-03-04T11:00", role=Role.PATIENT, type_id=kind.id)

    assert by_staff.status == Status.BOOKED
    assert confirmed(clinic, on_hold.id).status == Status.PENDING


def test_one_of_two_who_approve_or_decline_does(clinic: Clinic) -> None:
    appointment, by = pending(clinic), clinic.who[Role.RECEPTIONIST]
    said: dict[str, Any] = {"by": by, "appointment_id": appointment.id, "if_match": None, "now": NOW}

    proceed(step=Step.APPROVE, **said)

    with pytest.raises(IllegalTransition):
        proceed(step=Step.APPROVE, **said)
    with pytest.raises(IllegalTransition):
        decline(reason="", **said)
    found = Appointment.objects.get(id=appointment.id)
    assert (found.status, found.version) == (Status.BOOKED, 2)


def test_what_is_declined_gives_the_time_back_with_the_reason(clinic: Clinic) -> None:
    appointment, by = pending(clinic), clinic.who[Role.RECEPTIONIST]

    decline(by=by, appointment_id=appointment.id, reason="Ask your doctor first", if_match=None, now=NOW)

    found = Appointment.objects.get(id=appointment.id)
    assert (found.status, times()) == (Status.CANCELLED, [])
    assert patient_safe(clinic.id, clinic.patient_id).open(found, "note") == "Ask your doctor first"
    assert Record.objects.get(id=found.record_id or NIL).clinical_status == "cancelled"


def test_what_a_patient_moves_needs_approval_again(clinic: Clinic) -> None:
    appointment = pending(clinic)
    said: dict[str, Any] = {"appointment_id": appointment.id, "if_match": None, "now": NOW}
    proceed(by=clinic.who[Role.ADMIN], step=Step.APPROVE, **said)

    moved = reschedule(by=clinic.who[Role.PATIENT], wall=datetime.fromisoformat("2031-03-04T12:00"), **said)

    assert moved.status == Status.PENDING
