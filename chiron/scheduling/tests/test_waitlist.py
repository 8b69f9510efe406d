"""The waitlist: whom time that becomes free is offered to, and what becomes of the offer."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from chiron.identity.public import Role
from chiron.jobs.models import Queued
from chiron.kernel.db import CLINICAL, atomic, cursor, roll_back
from chiron.kernel.errors import DomainError, Invalid, NotFound, NotPermitted, StaleVersion
from chiron.kernel.ids import NIL, new_id
from chiron.records.models import Record
from chiron.registry.erasing import what_belongs_to_patients
from chiron.registry.public import Entry, Person, create_patient
from chiron.registry.services.people import save_department
from chiron.registry.services.work import begin_work
from chiron.scheduling import tasks
from chiron.scheduling.errors import AlreadyWaiting, DoctorBusy, HoldExpired, IllegalTransition, TooLateToCancel
from chiron.scheduling.fitting import Where
from chiron.scheduling.models import Appointment, AppointmentType, Reservation, WaitlistEntry
from chiron.scheduling.rules import offering_from
from chiron.scheduling.services.attend import cancel
from chiron.scheduling.services.expiry import sweep
from chiron.scheduling.services.hold import confirm
from chiron.scheduling.services.offering import end_what_is_over, offer_next
from chiron.scheduling.services.reschedule import reschedule
from chiron.scheduling.services.waitlist import leave, prioritize
from chiron.scheduling.tests.factories import BERLIN, NOW, berlin, booked, held, receives, waits
from chiron.scheduling.words import Standing, Status
from chiron.tenancy.public import inside
from tests.town import Clinic

NINE, TEN = berlin("2031-03-04T09:00"), berlin("2031-03-04T10:00")
HOUR = timedelta(hours=1)
ANYWHERE = Where()


@pytest.fixture
def clinic(hilltop: Clinic) -> Iterator[Clinic]:
    """Hilltop, whose first doctor receives for one hour a day and the second all day."""
    with inside(hilltop.id):
        receives(hilltop.doctor_id, ("09:00", "10:00"), minutes=60)
        receives(hilltop.other_doctor_id)
        yield hilltop


@pytest.fixture
def third(clinic: Clinic) -> UUID:
    """A patient beside the two of the clinic."""
    return create_patient(by=clinic.who[Role.ADMIN], entry=Entry(person=Person(family="Quaye")), now=NOW).id


def offers(now: datetime = NOW, where: Where = ANYWHERE) -> list[tuple[UUID, datetime]]:
    """To whom what is offered, in order, until nobody is offered any more."""
    made: list[tuple[UUID, datetime]] = []
    while True:
        offer = offer_next(where, now)
        if offer is None:
            return made
        made.append((offer.patient_id, offer.starts_at))


def offer_of(entry: WaitlistEntry) -> Appointment:
    return Appointment.objects.select_related("type").get(offered_to=entry, status=Status.HELD)


def accepted(clinic: Clinic, offer: Appointment, now: datetime = NOW, role: Role = Role.RECEPTIONIST) -> Appointment:
    return confirm(by=clinic.who[role], appointment_id=offer.id, if_match=None, now=now).appointment


def queued() -> list[Queued]:
    """The jobs that are to offer something, the latest last."""
    with atomic(CLINICAL), cursor(CLINICAL) as session:
        session.execute("SET LOCAL role none")
        found = list(Queued.objects.filter(task_name="scheduling.offer_freed").order_by("id"))
        roll_back(CLINICAL)
    return found


def test_an_offer_holds_its_time_for_an_hour(clinic: Clinic) -> None:
    entry = waits(clinic)

    assert offers() == [(clinic.patient_id, NINE)]

    offer = offer_of(entry)
    assert (offer.status, offer.held_until, offer.ends_at, offer.booked_by) == (
        Status.HELD, NOW + HOUR, NINE + HOUR, None,
    )  # fmt: skip
    assert Reservation.objects.count() == 2
    with pytest.raises(DoctorBusy):
        booked(clinic, "2031-03-04T09:00", patient_id=clinic.other_patient_id)


def test_the_first_in_line_by_priority_and_then_by_when_they_joined_is_offered(clinic: Clinic, third: UUID) -> None:
    waits(clinic)
    urgent = waits(clinic, patient_id=clinic.other_patient_id, now=NOW + HOUR)
    waits(clinic, patient_id=third, now=NOW - HOUR)
    said: dict[str, Any] = {"by": clinic.who[Role.RECEPTIONIST], "if_match": None, "now": NOW}

    prioritize(entry_id=urgent.id, priority=1, **said)

    lines = []
    for _ in range(3):
        [(patient_id, _)] = offers()
        lines.append(patient_id)
        leave(entry_id=WaitlistEntry.objects.get(patient=patient_id).id, **said)
    assert lines == [clinic.other_patient_id, third, clinic.patient_id]


def test_nobody_is_offered_two_things_at_once(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Check", minutes=30)
    waits(clinic)
    waits(clinic, provider_id=clinic.other_doctor_id, type_id=kind.id)

    assert len(offers()) == 1


def test_what_expires_is_offered_to_the_next_and_not_to_the_same_again(clinic: Clinic, third: UUID) -> None:
    waits(clinic)
    waits(clinic, patient_id=third, now=NOW + timedelta(minutes=1))
    assert offers() == [(clinic.patient_id, NINE)]

    over = NOW + HOUR
    assert len(sweep(over)) == 1

    assert offers(over) == [(third, NINE)]
    sweep(over + HOUR)
    assert offers(over + HOUR) == []


def test_what_is_declined_is_offered_to_the_next(clinic: Clinic, third: UUID) -> None:
    entry = waits(clinic)
    waits(clinic, patient_id=third, now=NOW + timedelta(minutes=1))
    offers()

    cancel(by=clinic.who[Role.PATIENT], appointment_id=offer_of(entry).id, reason="", if_match=None, now=NOW)

    assert offers() == [(third, NINE)]
    assert WaitlistEntry.objects.get(id=entry.id).status == Standing.WAITING


def test_who_accepts_is_booked_and_waits_no_longer(clinic: Clinic) -> None:
    entry = waits(clinic)
    offers()

    appointment = accepted(clinic, offer_of(entry), role=Role.PATIENT)

    assert (appointment.status, appointment.held_until) == (Status.BOOKED, None)
    assert Record.objects.get(id=appointment.record_id or NIL).clinical_status == "booked"
    assert WaitlistEntry.objects.get(id=entry.id).status == Standing.BOOKED
    assert offers() == []


def test_an_offer_that_expired_cannot_be_accepted(clinic: Clinic) -> None:
    entry = waits(clinic)
    offers()

    with pytest.raises(HoldExpired):
        accepted(clinic, offer_of(entry), NOW + HOUR)

    assert WaitlistEntry.objects.get(id=entry.id).status == Standing.WAITING
    assert offer_of(entry).version == 1


def test_accepting_an_earlier_time_gives_up_the_later_and_offers_it(clinic: Clinic, third: UUID) -> None:
    later = booked(clinic, "2031-03-05T09:00").appointment
    entry = waits(clinic, role=Role.PATIENT, last=date(2031, 3, 6), earlier_than=later.id)
    waits(clinic, patient_id=third, first=date(2031, 3, 5), last=date(2031, 3, 5), now=NOW + timedelta(minutes=1))
    assert offers() == [(clinic.patient_id, NINE)]
    before = len(queued())

    accepted(clinic, offer_of(entry), role=Role.PATIENT)

    assert Appointment.objects.get(id=later.id).status == Status.CANCELLED
    around = {"provider_id": str(clinic.doctor_id), "first": "2031-03-04", "last": "2031-03-06"}
    assert [each.args["arguments"] for each in queued()[before:]] == [around]
    assert offers() == [(third, later.starts_at)]


def test_who_may_not_cancel_the_later_any_more_does_not_by_accepting_an_earlier_one(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Strict", minutes=30, cancel_minutes=30 * 24 * 60)
    later = booked(clinic, "2031-03-05T09:00", type_id=kind.id).appointment
    entry = waits(clinic, role=Role.PATIENT, last=date(2031, 3, 6), earlier_than=later.id)
    offers()

    with pytest.raises(TooLateToCancel):
        accepted(clinic, offer_of(entry), role=Role.PATIENT)
    assert Appointment.objects.get(id=later.id).status == Status.BOOKED

    accepted(clinic, offer_of(entry))
    given_up = Appointment.objects.get(id=later.id)
    assert (given_up.status, given_up.late) == (Status.CANCELLED, True)


def test_what_replaces_a_booked_appointment_of_its_type_needs_no_approval(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Approved", minutes=30, needs_approval=True)
    later = booked(clinic, "2031-03-05T09:00", type_id=kind.id).appointment
    entry = waits(clinic, role=Role.PATIENT, last=date(2031, 3, 6), earlier_than=later.id, type_id=kind.id)
    offers()

    assert accepted(clinic, offer_of(entry), role=Role.PATIENT).status == Status.BOOKED


def test_nothing_later_is_offered_to_who_wants_it_earlier(clinic: Clinic) -> None:
    later = booked(clinic, "2031-03-05T09:00").appointment
    waits(clinic, first=date(2031, 3, 5), last=date(2031, 3, 9), earlier_than=later.id)

    assert offers() == []


def test_what_has_changed_meanwhile_is_not_given_up(clinic: Clinic) -> None:
    later = booked(clinic, "2031-03-05T09:00").appointment
    entry = waits(clinic, last=date(2031, 3, 6), earlier_than=later.id)
    offers()
    wall = datetime.fromisoformat("2031-03-03T16:00")
    said: dict[str, Any] = {"provider_id": clinic.other_doctor_id, "if_match": None, "now": NOW}
    reschedule(by=clinic.who[Role.ADMIN], appointment_id=later.id, wall=wall, **said)

    accepted(clinic, offer_of(entry))

    assert Appointment.objects.get(id=later.id).status == Status.BOOKED


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ({}, "2031-03-04T09:00"),
        ({"times": [(time(9, 30), time(9, 45)), (time(15), time(16))]}, "2031-03-04T09:30"),
        ({"times": [(time(15), time(16))]}, "2031-03-04T15:00"),
        ({"first": date(2031, 3, 3), "last": date(2031, 3, 3)}, "2031-03-03T14:00"),
        ({"first": date(2031, 3, 5), "last": date(2031, 3, 9)}, "2031-03-05T09:00"),
    ],
)
def test_days_and_times_are_those_of_who_waits(said: dict[str, Any], at: str, clinic: Clinic) -> None:
    waits(clinic, provider_id=clinic.other_doctor_id, **said)

    assert offers() == [(clinic.patient_id, berlin(at))]


def test_whoever_answers_at_the_last_moment_keeps_the_notice_of_the_type(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Planned", minutes=30, notice_minutes=24 * 60)
    waits(clinic, provider_id=clinic.other_doctor_id, type_id=kind.id)

    assert offers() == [(clinic.patient_id, NOW + timedelta(hours=25))]


def test_time_of_a_department_is_that_of_who_works_there(clinic: Clinic) -> None:
    by = clinic.who[Role.ADMIN]
    said: dict[str, Any] = {"kind": "department", "parent_id": None, "active": True, "if_match": None, "now": NOW}
    ward = save_department(by=by, department_id=None, name="Ward", **said)
    begin_work(
        by=by, provider_id=clinic.other_doctor_id, department_id=ward.id, since=date(2031, 3, 5), until=None, now=NOW
    )
    entry = waits(clinic, provider_id=None, department_id=ward.id, last=date(2031, 3, 9))

    assert offers() == [(clinic.patient_id, berlin("2031-03-05T09:00"))]

    assert offer_of(entry).provider_id == clinic.other_doctor_id


def test_a_free_place_beside_others_is_offered_too(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Group", minutes=60, capacity=2)
    booked(clinic, "2031-03-04T09:00", patient_id=clinic.other_patient_id, type_id=kind.id)
    entry = waits(clinic, type_id=kind.id)

    assert offers() == [(clinic.patient_id, NINE)]

    assert (offer_of(entry).seat, Reservation.objects.count()) == (1, 3)


def test_time_of_a_specialty_nobody_has_is_never_free(clinic: Clinic) -> None:
    waits(clinic, provider_id=None, specialty="Cardiology")

    assert offers() == []


def test_nobody_is_offered_a_time_at_which_they_are_elsewhere(clinic: Clinic) -> None:
    booked(clinic, "2031-03-04T09:30", provider_id=clinic.other_doctor_id)
    waits(clinic)

    assert offers() == []


def test_a_patient_waits_once_for_a_type(clinic: Clinic) -> None:
    kind = AppointmentType.objects.create(name="Check", minutes=30)
    first = waits(clinic)

    with pytest.raises(AlreadyWaiting):
        waits(clinic, provider_id=clinic.other_doctor_id)
    waits(clinic, type_id=kind.id)
    with pytest.raises(AlreadyWaiting):
        waits(clinic, type_id=kind.id)
    leave(by=clinic.who[Role.PATIENT], entry_id=first.id, if_match=None, now=NOW)
    waits(clinic)

    assert WaitlistEntry.objects.filter(status=Standing.WAITING).count() == 2


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"provider_id": new_id()}, NotFound),
        ({"provider_id": None, "department_id": new_id()}, NotFound),
        ({"type_id": new_id()}, NotFound),
        ({"patient_id": new_id()}, NotFound),
        ({"earlier_than": new_id()}, NotFound),
        ({"first": date(2031, 1, 1), "last": date(2031, 1, 2)}, Invalid),
        ({"role": Role.BILLER}, NotPermitted),
    ],
)
def test_what_cannot_be_waited_for_is_refused(said: dict[str, Any], refusal: type[DomainError], clinic: Clinic) -> None:
    with pytest.raises(refusal):
        waits(clinic, **said)

    assert WaitlistEntry.objects.count() == 0


def test_an_appointment_of_somebody_else_is_not_given_up(clinic: Clinic) -> None:
    theirs = booked(clinic, patient_id=clinic.other_patient_id, provider_id=clinic.other_doctor_id).appointment

    with pytest.raises(NotFound):
        waits(clinic, earlier_than=theirs.id)


def test_who_leaves_gives_up_what_is_offered(clinic: Clinic) -> None:
    entry = waits(clinic)
    offers()
    offer = offer_of(entry)

    leave(by=clinic.who[Role.PATIENT], entry_id=entry.id, if_match=None, now=NOW)

    assert (Appointment.objects.get(id=offer.id).status, Reservation.objects.count()) == (Status.CANCELLED, 0)
    with pytest.raises(IllegalTransition):
        accepted(clinic, offer)
    with pytest.raises(IllegalTransition):
        leave(by=clinic.who[Role.PATIENT], entry_id=entry.id, if_match=None, now=NOW)


def test_only_staff_say_who_is_first_and_nobody_of_whom_they_do_not_care_for(clinic: Clinic) -> None:
    entry = waits(clinic, patient_id=clinic.other_patient_id)
    refusals: dict[Role, type[DomainError]] = {Role.PATIENT: NotPermitted, Role.DOCTOR: NotFound}

    for role, refusal in refusals.items():
        with pytest.raises(refusal):
            prioritize(by=clinic.who[role], entry_id=entry.id, priority=1, if_match=None, now=NOW)
    with pytest.raises(StaleVersion):
        prioritize(by=clinic.who[Role.ADMIN], entry_id=entry.id, priority=1, if_match=7, now=NOW)

    assert WaitlistEntry.objects.get(id=entry.id).priority == 5


def test_whose_days_have_passed_waits_no_longer(clinic: Clinic) -> None:
    entry = waits(clinic)

    assert end_what_is_over(berlin("2031-03-04T23:59"), BERLIN)
    assert not end_what_is_over(berlin("2031-03-05T00:00"), BERLIN)
    assert WaitlistEntry.objects.get(id=entry.id).status == Standing.OVER


@pytest.mark.parametrize(
    ("at", "next_at"),
    [
        ("2031-03-04T07:59", "2031-03-04T08:00"),
        ("2031-03-04T08:00", "2031-03-04T08:00"),
        ("2031-03-04T19:59", "2031-03-04T19:59"),
        ("2031-03-04T20:00", "2031-03-05T08:00"),
        ("2031-03-29T23:00", "2031-03-30T08:00"),
    ],
)
def test_offers_are_made_by_day(at: str, next_at: str) -> None:
    assert offering_from(berlin(at), BERLIN) == berlin(next_at)


def run(monkeypatch: pytest.MonkeyPatch, now: datetime, **where: Any) -> None:
    """Have the job done at that moment."""
    monkeypatch.setattr(tasks, "clock", type("Then", (), {"now": staticmethod(lambda: now)}))
    tasks.offer_freed(**({"provider_id": None, "first": None, "last": None} | where))


def test_at_night_the_job_waits_for_the_morning(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    waits(clinic)

    run(monkeypatch, berlin("2031-03-03T21:00"), first="2031-03-04")

    last = queued()[-1]
    assert (last.scheduled_at, last.args["arguments"]["first"]) == (berlin("2031-03-04T08:00"), "2031-03-04")
    assert Appointment.objects.count() == 0


def test_the_job_offers_once_however_often_it_runs(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    waits(clinic)

    run(monkeypatch, NOW)
    run(monkeypatch, NOW)
    run(monkeypatch, NOW + HOUR - timedelta(seconds=1))

    [offer] = Appointment.objects.all()
    assert offer.held_until == NOW + HOUR
    assert [each.scheduled_at for each in queued()].count(NOW + HOUR) == 1


def test_the_job_takes_away_what_expired_before_it_offers(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    held(clinic, "2031-03-04T09:00")
    waits(clinic, patient_id=clinic.other_patient_id)

    run(monkeypatch, NOW)
    assert Appointment.objects.filter(status=Status.HELD, offered_to=None).count() == 1
    run(monkeypatch, NOW + timedelta(minutes=10))
    run(monkeypatch, NOW + timedelta(minutes=10))

    [offer] = Appointment.objects.filter(status=Status.HELD)
    assert offer.patient_id == clinic.other_patient_id


def test_time_that_becomes_free_is_asked_about_in_the_transaction_that_frees_it(clinic: Clinic) -> None:
    by, made = clinic.who[Role.ADMIN], booked(clinic, "2031-03-04T09:00").appointment
    before = len(queued())

    cancel(by=by, appointment_id=made.id, reason="", if_match=None, now=NOW)

    around = {"provider_id": str(clinic.doctor_id), "first": "2031-03-03", "last": "2031-03-05"}
    assert [each.args["arguments"] for each in queued()[before:]] == [around]


def test_of_a_patient_who_is_erased_nothing_waits(clinic: Clinic) -> None:
    waits(clinic, patient_id=clinic.other_patient_id, specialty="Cardiology", provider_id=None)
    entry = waits(clinic)
    offers()

    for belonging in what_belongs_to_patients():
        if belonging.model is WaitlistEntry:
            belonging.rows(clinic.patient_id).delete()

    assert [each.patient_id for each in WaitlistEntry.objects.all()] == [clinic.other_patient_id]
    assert Appointment.objects.get(patient=entry.patient).offered_to is None
    assert offers() == []
