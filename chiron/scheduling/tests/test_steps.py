"""What can become of an appointment, and what cannot."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.access import Caller
from chiron.kernel.errors import DomainError, NotFound, NotPermitted, StaleVersion
from chiron.records.models import Record
from chiron.scheduling.errors import (
    AlreadyBegun,
    DoctorBusy,
    IllegalTransition,
    NotYet,
    OutsideAvailability,
    TooLateToCancel,
)
from chiron.scheduling.models import Appointment, AppointmentChange, AppointmentType
from chiron.scheduling.services.attend import cancel, decline, no_show, proceed, undo_no_show
from chiron.scheduling.services.hold import confirm
from chiron.scheduling.services.reschedule import reschedule
from chiron.scheduling.tests.factories import NOW, berlin, booked, held, receives, times
from chiron.scheduling.words import Status, Step
from chiron.tenancy.public import inside
from chiron.vault.public import patient_safe
from tests.town import Clinic

TEN, NOON = berlin("2031-03-04T10:00"), berlin("2031-03-04T12:00")
TEN_WALL, NOON_WALL = (datetime.fromisoformat(f"2031-03-04T{hour}:00") for hour in (10, 12))
HALF_HOUR = timedelta(minutes=30)
LATER = TEN + timedelta(minutes=5)

Doing = Callable[[Caller, UUID], Appointment]
STEPS: dict[Step, Doing] = {
    Step.CONFIRM: lambda by, id: confirm(by=by, appointment_id=id, if_match=None, now=NOW).appointment,
    Step.APPROVE: lambda by, id: proceed(by=by, appointment_id=id, step=Step.APPROVE, if_match=None, now=NOW),
    Step.DECLINE: lambda by, id: decline(by=by, appointment_id=id, reason="Full", if_match=None, now=NOW),
    Step.CANCEL: lambda by, id: cancel(by=by, appointment_id=id, reason="Snow", if_match=None, now=NOW),
    Step.RESCHEDULE: lambda by, id: reschedule(by=by, appointment_id=id, wall=NOON_WALL, if_match=None, now=NOW),
    Step.CHECK_IN: lambda by, id: proceed(by=by, appointment_id=id, step=Step.CHECK_IN, if_match=None, now=LATER),
    Step.COMPLETE: lambda by, id: proceed(by=by, appointment_id=id, step=Step.COMPLETE, if_match=None, now=LATER),
    Step.NO_SHOW: lambda by, id: no_show(by=by, appointment_id=id, if_match=None, now=LATER),
    Step.UNDO_NO_SHOW: lambda by, id: undo_no_show(by=by, appointment_id=id, if_match=None, now=LATER),
}
WAYS: dict[Status, list[Step]] = {
    Status.HELD: [],
    Status.PENDING: [],
    Status.BOOKED: [],
    Status.CHECKED_IN: [Step.CHECK_IN],
    Status.FULFILLED: [Step.CHECK_IN, Step.COMPLETE],
    Status.CANCELLED: [Step.CANCEL],
    Status.NO_SHOW: [Step.NO_SHOW],
}
LEGAL = {
    (Status.HELD, Step.CONFIRM): Status.BOOKED,
    (Status.HELD, Step.CANCEL): Status.CANCELLED,
    (Status.PENDING, Step.APPROVE): Status.BOOKED,
    (Status.PENDING, Step.DECLINE): Status.CANCELLED,
    (Status.PENDING, Step.CANCEL): Status.CANCELLED,
    (Status.BOOKED, Step.CANCEL): Status.CANCELLED,
    (Status.BOOKED, Step.RESCHEDULE): Status.BOOKED,
    (Status.BOOKED, Step.CHECK_IN): Status.CHECKED_IN,
    (Status.BOOKED, Step.NO_SHOW): Status.NO_SHOW,
    (Status.CHECKED_IN, Step.COMPLETE): Status.FULFILLED,
    (Status.CHECKED_IN, Step.CANCEL): Status.CANCELLED,
    (Status.NO_SHOW, Step.UNDO_NO_SHOW): Status.BOOKED,
}


@pytest.fixture
def clinic(hilltop: Clinic) -> Iterator[Clinic]:
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        receives(hilltop.other_doctor_id)
        yield hilltop


def stands(clinic: Clinic, status: Status) -> Appointment:
    """An appointment that has come to stand there."""
    match status:
        case Status.HELD:
            appointment = held(clinic, reason="Cough")
        case Status.PENDING:
            asked = AppointmentType.objects.create(name="Asked for", minutes=30, needs_approval=True)
            appointment = booked(clinic, role=Role.PATIENT, type_id=asked.id, reason="Cough").appointment
        case _:
            appointment = booked(clinic, reason="Cough").appointment
    for step in WAYS[status]:
        STEPS[step](clinic.who[Role.RECEPTIONIST], appointment.id)
    return Appointment.objects.get(id=appointment.id)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", WAYS)
def test_every_step_from_every_state_is_done_or_refused_with_what_is_possible(
    status: Status, step: Step, clinic: Clinic
) -> None:
    appointment, by = stands(clinic, status), clinic.who[Role.RECEPTIONIST]
    possible = [each.value for each in Step if (status, each) in LEGAL]

    if (status, step) in LEGAL:
        after = STEPS[step](by, appointment.id)
        assert (after.status, after.version) == (LEGAL[status, step], appointment.version + 1)
        if after.record_id is not None:
            record = Record.objects.get(id=after.record_id)
            assert (record.clinical_status, record.occurred_at) == (after.status, after.starts_at)
        assert (after.record_id is None) == (status == Status.HELD and step == Step.CANCEL)
        assert AppointmentChange.objects.filter(appointment=appointment, version=after.version).count() == 1
    else:
        with pytest.raises(IllegalTransition) as refused:
            STEPS[step](by, appointment.id)
        assert refused.value.members == {"standing": status.value, "allowed": possible}
        assert Appointment.objects.get(id=appointment.id).version == appointment.version


def test_the_time_of_who_cancels_is_free_again_and_nothing_is_forgotten(clinic: Clinic) -> None:
    appointment = stands(clinic, Status.CANCELLED)

    assert times() == []
    safe = patient_safe(clinic.id, clinic.patient_id)
    assert (safe.open(appointment, "reason"), safe.open(appointment, "note")) == ("Cough", "Snow")
    assert (appointment.ended_by, appointment.ended_at) == (clinic.who[Role.RECEPTIONIST].account_id, NOW)
    booked(clinic, patient_id=clinic.other_patient_id)


def test_another_time_is_taken_and_the_old_one_given_back(clinic: Clinic) -> None:
    appointment = stands(clinic, Status.BOOKED)

    moved = STEPS[Step.RESCHEDULE](clinic.who[Role.DOCTOR], appointment.id)

    assert (moved.id, moved.starts_at, moved.ends_at, moved.moves) == (appointment.id, NOON, NOON + HALF_HOUR, 1)
    assert times() == [("patient", NOON, HALF_HOUR), ("provider", NOON, HALF_HOUR)]
    changes = AppointmentChange.objects.order_by("version").values_list("version", "starts_at")
    assert list(changes) == [(1, TEN), (2, NOON)]
    last = Event.objects.using("clinical").order_by("id").last()
    assert last is not None
    assert last.action == "appointment.rescheduled"


def test_a_time_that_overlaps_the_old_one_can_be_taken(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Long", minutes=60)
    appointment = booked(clinic, type_id=kind.id).appointment

    reschedule(
        by=clinic.who[Role.ADMIN], appointment_id=appointment.id, wall=TEN_WALL + HALF_HOUR, if_match=None, now=NOW
    )

    assert [start for _, start, _ in times()] == [TEN + HALF_HOUR] * 2


def test_another_doctor_can_take_over(clinic: Clinic) -> None:
    appointment = stands(clinic, Status.BOOKED)

    moved = reschedule(
        by=clinic.who[Role.ADMIN], appointment_id=appointment.id, wall=TEN_WALL, provider_id=clinic.other_doctor_id,
        if_match=None, now=NOW,
    )  # fmt: skip

    assert moved.provider_id == clinic.other_doctor_id
    booked(clinic, patient_id=clinic.other_patient_id)


@pytest.mark.parametrize(
    ("at", "refusal"),
    [
        ("2031-03-04T12:00", DoctorBusy),
        ("2031-03-04T20:00", OutsideAvailability),
        ("2031-03-04T12:15", OutsideAvailability),
    ],
)
def test_where_the_new_time_is_not_to_be_had_the_old_one_stays(
    at: str, refusal: type[DomainError], clinic: Clinic
) -> None:
    appointment = stands(clinic, Status.BOOKED)
    booked(clinic, "2031-03-04T12:00", patient_id=clinic.other_patient_id)
    before = times()

    with pytest.raises(refusal):
        reschedule(
            by=clinic.who[Role.ADMIN],
            appointment_id=appointment.id,
            wall=datetime.fromisoformat(at),
            if_match=None,
            now=NOW,
        )

    assert times() == before
    assert Appointment.objects.get(id=appointment.id).version == 1


def test_what_should_have_begun_is_not_moved_any_more(clinic: Clinic) -> None:
    appointment = stands(clinic, Status.BOOKED)

    with pytest.raises(AlreadyBegun):
        reschedule(by=clinic.who[Role.ADMIN], appointment_id=appointment.id, wall=NOON_WALL, if_match=None, now=TEN)


def test_nobody_is_missed_before_they_should_have_come(clinic: Clinic) -> None:
    appointment = stands(clinic, Status.BOOKED)
    by, early = clinic.who[Role.RECEPTIONIST], TEN - timedelta(seconds=1)

    with pytest.raises(NotYet):
        no_show(by=by, appointment_id=appointment.id, if_match=None, now=early)

    assert no_show(by=by, appointment_id=appointment.id, if_match=None, now=TEN).status == Status.NO_SHOW


def test_who_came_after_all_gets_the_time_back_unless_it_was_given_away(clinic: Clinic) -> None:
    appointment = stands(clinic, Status.NO_SHOW)
    booked(clinic, patient_id=clinic.other_patient_id)

    with pytest.raises(DoctorBusy):
        STEPS[Step.UNDO_NO_SHOW](clinic.who[Role.RECEPTIONIST], appointment.id)

    assert Appointment.objects.get(id=appointment.id).status == Status.NO_SHOW


@pytest.mark.parametrize(
    ("role", "before", "late"),
    [
        (Role.PATIENT, timedelta(hours=24), False),
        (Role.RECEPTIONIST, timedelta(hours=24), False),
        (Role.RECEPTIONIST, timedelta(hours=24) - timedelta(seconds=1), True),
    ],
)
def test_cancelling_late_is_kept_in_mind(role: Role, before: timedelta, late: bool, clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Planned", minutes=30, cancel_minutes=24 * 60)
    appointment = booked(clinic, "2031-03-06T10:00", type_id=kind.id).appointment

    ended = cancel(
        by=clinic.who[role],
        appointment_id=appointment.id,
        reason="Ill",
        if_match=None,
        now=appointment.starts_at - before,
    )

    assert (ended.status, ended.late) == (Status.CANCELLED, late)


def test_patients_cannot_cancel_or_move_late(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Planned", minutes=30, cancel_minutes=24 * 60)
    appointment = booked(clinic, "2031-03-06T10:00", type_id=kind.id).appointment
    by, late = clinic.who[Role.PATIENT], appointment.starts_at - timedelta(hours=24) + timedelta(seconds=1)

    with pytest.raises(TooLateToCancel):
        cancel(by=by, appointment_id=appointment.id, reason="", if_match=None, now=late)
    with pytest.raises(TooLateToCancel):
        reschedule(
            by=by,
            appointment_id=appointment.id,
            wall=datetime.fromisoformat("2031-03-07T10:00"),
            if_match=None,
            now=late,
        )

    assert Appointment.objects.get(id=appointment.id).status == Status.BOOKED


@pytest.mark.parametrize("step", STEPS)
def test_an_appointment_of_somebody_else_is_not_found(step: Step, clinic: Clinic) -> None:
    theirs = booked(clinic, patient_id=clinic.other_patient_id, provider_id=clinic.other_doctor_id).appointment
    refusals: dict[Role, Any] = {Role.DOCTOR: NotFound, Role.BILLER: NotPermitted}

    for role, refusal in refusals.items():
        with pytest.raises(refusal):
            STEPS[step](clinic.who[role], theirs.id)

    assert Appointment.objects.get(id=theirs.id).version == 1


def test_a_stale_version_changes_nothing(clinic: Clinic) -> None:
    appointment = stands(clinic, Status.BOOKED)

    with pytest.raises(StaleVersion):
        cancel(by=clinic.who[Role.ADMIN], appointment_id=appointment.id, reason="", if_match=7, now=NOW)

    assert len(times()) == 2
