"""Whatever is done in whatever order, nobody is in two places and nobody is offered two things (SCH-14 to SCH-30)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from chiron.identity.public import Role
from chiron.kernel.db import CLINICAL, atomic
from chiron.kernel.errors import DomainError, NotFound
from chiron.kernel.ids import NIL, new_number
from chiron.registry.public import Entry, Person, create_patient
from chiron.scheduling.fitting import Where
from chiron.scheduling.models import Appointment, AppointmentType, Room, WaitlistEntry
from chiron.scheduling.services import taking
from chiron.scheduling.services.attend import cancel, decline, proceed
from chiron.scheduling.services.availability import Leave, Received, set_availability
from chiron.scheduling.services.book import book
from chiron.scheduling.services.expiry import sweep
from chiron.scheduling.services.hold import confirm, hold
from chiron.scheduling.services.offering import offer_next
from chiron.scheduling.services.reschedule import reschedule
from chiron.scheduling.services.waitlist import Wanted, join, leave, prioritize
from chiron.scheduling.tests.factories import NOW
from chiron.scheduling.wallclock import DAY, Hours
from chiron.scheduling.words import WEEKDAYS, Standing, Status, Step
from chiron.tenancy.public import inside
from tests.town import Clinic

TUESDAY, WEDNESDAY = date(2031, 3, 4), date(2031, 3, 5)
BUFFER = timedelta(minutes=10)
WALLS = [
    datetime.fromisoformat(f"{day}T{hour:02}:{half * 30:02}")
    for day in (TUESDAY, WEDNESDAY)
    for hour in (9, 10)
    for half in (0, 1)
]
OPEN = {day: [Hours(WALLS[0].time(), (WALLS[3] + timedelta(minutes=30)).time())] for day in WEEKDAYS}
ANY, TWO, THREE = st.integers(0, 999), st.integers(0, 1), st.integers(0, 2)
WALL = st.sampled_from(WALLS)
LIVE = (Status.PENDING, Status.BOOKED, Status.CHECKED_IN)
Span = tuple[datetime, datetime]


class Desk(RuleBasedStateMachine):
    """Two doctors who receive for two hours on two days, three patients, a room, and a clock that only goes forward."""

    done = refused = 0

    def __init__(self, clinic: Clinic) -> None:
        super().__init__()
        self.clinic, self.now, self.leave = clinic, NOW, {clinic.doctor_id: False, clinic.other_doctor_id: False}
        self.undone = atomic(CLINICAL)
        self.undone.__enter__()
        self.admin = clinic.who[Role.ADMIN]
        self.by = [self.admin, clinic.who[Role.PATIENT]]
        third = create_patient(by=self.admin, entry=Entry(person=Person(family="Quaye")), now=NOW)
        self.patients = [clinic.patient_id, clinic.other_patient_id, third.id]
        self.doctors = [clinic.doctor_id, clinic.other_doctor_id]
        around = {"before_minutes": 10, "after_minutes": 10}
        self.kinds = [
            None,
            AppointmentType.objects.create(name="Long", minutes=40, **around).id,
            AppointmentType.objects.create(name="Asked for", minutes=30, needs_approval=True).id,
        ]
        self.rooms = [None, Room.objects.create(name="Room 1").id]
        for doctor, patient in zip(self.doctors, (0, 2), strict=True):
            self.receive(doctor)
            self.join_waitlist(patient=patient, doctor=None, kind=0, earlier=False)

    def teardown(self) -> None:
        self.undone.__exit__(Undone, Undone(), None)

    def try_to(self, verb: Callable[..., Any], **said: Any) -> None:
        """Do it as a request does: all of it, or none where it is refused."""
        try:
            with inside(self.clinic.id):
                verb(now=self.now, **said)
            Desk.done += 1
        except DomainError:
            Desk.refused += 1

    def one_of(self, pick: int, *standing: Status) -> Appointment | None:
        found = list(Appointment.objects.filter(status__in=standing).order_by("id"))
        return found[pick % len(found)] if found else None

    def wish(self, doctor: int, patient: int, wall: datetime, kind: int, room: int, who: int) -> dict[str, Any]:
        return {
            "by": self.by[who], "provider_id": self.doctors[doctor], "wall": wall, "type_id": self.kinds[kind],
            "patient_id": self.patients[0 if who else patient], "room_id": self.rooms[room],
        }  # fmt: skip

    @rule(doctor=TWO, patient=THREE, wall=WALL, kind=THREE, room=TWO, who=TWO)
    def book(self, **wish: Any) -> None:
        self.try_to(book, **self.wish(**wish))

    @rule(doctor=TWO, patient=THREE, wall=WALL, kind=THREE, room=TWO, who=TWO)
    def hold(self, **wish: Any) -> None:
        self.try_to(hold, **self.wish(**wish))

    @rule(minutes=st.sampled_from([5, 10, 60]), swept=st.booleans())
    def time_passes(self, minutes: int, swept: bool) -> None:
        self.now += timedelta(minutes=minutes)
        if swept:
            sweep(self.now)

    @rule(pick=ANY)
    def confirm_or_accept(self, pick: int) -> None:
        if found := self.one_of(pick, Status.HELD):
            self.try_to(confirm, by=self.admin, appointment_id=found.id, if_match=None)

    @rule(pick=ANY, yes=st.booleans())
    def approve_or_not(self, pick: int, yes: bool) -> None:
        if found := self.one_of(pick, Status.PENDING):
            said: dict[str, Any] = {"by": self.admin, "appointment_id": found.id, "if_match": None}
            self.try_to(proceed, step=Step.APPROVE, **said) if yes else self.try_to(decline, reason="", **said)

    @rule(pick=ANY, doctor=TWO, wall=WALL)
    def reschedule(self, pick: int, doctor: int, wall: datetime) -> None:
        if found := self.one_of(pick, Status.BOOKED):
            said: dict[str, Any] = {"by": self.admin, "appointment_id": found.id, "if_match": None, "wall": wall}
            self.try_to(reschedule, provider_id=self.doctors[doctor], **said)

    @rule(pick=ANY)
    def cancel_or_decline(self, pick: int) -> None:
        if found := self.one_of(pick, Status.HELD, *LIVE):
            self.try_to(cancel, by=self.admin, appointment_id=found.id, reason="", if_match=None)

    @rule(doctor=TWO)
    def go_on_leave_or_come_back(self, doctor: int) -> None:
        self.leave[self.doctors[doctor]] = not self.leave[self.doctors[doctor]]
        self.receive(self.doctors[doctor])

    def receive(self, doctor_id: UUID) -> None:
        away = [Leave(WALLS[0], WALLS[3])] if self.leave[doctor_id] else []
        said = Received("Europe/Berlin", 30, OPEN, leave=away)
        self.try_to(set_availability, by=self.admin, provider_id=doctor_id, said=said, if_match=None)

    @rule(patient=THREE, doctor=st.sampled_from([0, 1, None]), kind=THREE, earlier=st.booleans())
    def join_waitlist(self, patient: int, doctor: int | None, kind: int, earlier: bool) -> None:
        theirs = Appointment.objects.filter(patient=self.patients[patient], status=Status.BOOKED).order_by("-starts_at")
        later = theirs.first() if earlier else None
        wanted = Wanted(
            TUESDAY, WEDNESDAY, provider_id=None if doctor is None else self.doctors[doctor], type_id=self.kinds[kind],
            earlier_than=later.id if later else None,
        )  # fmt: skip
        self.try_to(join, by=self.admin, patient_id=self.patients[patient], wanted=wanted)

    @rule(pick=ANY, priority=st.integers(1, 9), stays=st.booleans())
    def leave_waitlist_or_be_first(self, pick: int, priority: int, stays: bool) -> None:
        waiting = list(WaitlistEntry.objects.filter(status=Standing.WAITING).order_by("id"))
        if waiting:
            said: dict[str, Any] = {"by": self.admin, "entry_id": waiting[pick % len(waiting)].id, "if_match": None}
            self.try_to(prioritize, priority=priority, **said) if stays else self.try_to(leave, **said)

    @rule()
    def offer(self) -> None:
        sweep(self.now)
        self.try_to(offered)

    @invariant()
    def nobody_is_in_two_places(self) -> None:
        taken: dict[UUID | None, list[Span]] = {}
        for each in self.live():
            buffer = BUFFER if each.type_id == self.kinds[1] else timedelta()
            whole = (each.starts_at - buffer, each.ends_at + buffer)
            taken.setdefault(each.provider_id, []).append(whole)
            taken.setdefault(each.patient_id, []).append((each.starts_at, each.ends_at))
            if each.room_id:
                taken.setdefault(each.room_id, []).append(whole)
        for spans in taken.values():
            assert all(before[1] <= after[0] for before, after in pairwise(sorted(spans)))

    @invariant()
    def everybody_is_offered_one_thing_that_is_held_for_them(self) -> None:
        offers = [each for each in self.live() if each.status == Status.HELD and each.offered_to_id]
        assert len(offers) == len({each.patient_id for each in offers})
        for each in offers:
            held = each.patient_time
            assert held
            assert (held.starts_at, held.ends_at) == (each.starts_at, each.ends_at)
            entry = WaitlistEntry.objects.get(id=each.offered_to_id or NIL)
            assert (entry.status, entry.patient_id) == (Standing.WAITING, each.patient_id)

    @invariant()
    def nobody_waits_twice_for_the_same(self) -> None:
        waiting = WaitlistEntry.objects.filter(status=Standing.WAITING).values_list("patient_id", "type_id")
        assert len(waiting) == len(set(waiting))

    def live(self) -> list[Appointment]:
        """What takes time now: all but holds that have expired."""
        found = Appointment.objects.filter(status__in=[Status.HELD, *LIVE]).select_related("patient_time")
        return [each for each in found if each.held_until is None or each.held_until > self.now]


def offered(now: datetime) -> None:
    """One more offer; where there is none to make, that counts as refused."""
    if offer_next(Where(), now) is None:
        raise NotFound


class Undone(Exception):
    """What one run has written is taken back."""


def play(clinic: Clinic, **how: Any) -> None:
    """Let the machine do what it likes at that clinic."""
    unhealthy = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    with inside(clinic.id):
        run_state_machine_as_test(
            partial(Desk, clinic),  # type: ignore[arg-type]
            settings=settings(deadline=None, suppress_health_check=unhealthy, database=None, **how),
        )


@pytest.mark.parametrize(("runs", "steps"), [(6, 25), pytest.param(150, 50, marks=pytest.mark.stress)])
def test_nobody_is_in_two_places_whatever_is_done(
    runs: int, steps: int, hilltop: Clinic, shown: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Desk, "done", 0)
    monkeypatch.setattr(Desk, "refused", 0)

    play(hilltop, max_examples=runs, stateful_step_count=steps)

    assert Desk.done > runs
    shown(
        "R1", f"{Desk.done:,} steps in any order and {Desk.refused:,} refusals: nobody in two places, no double offer"
    )


def nobody_looks_and_nothing_constrains(patched: pytest.MonkeyPatch) -> None:
    for name in ("book", "hold", "reschedule"):
        patched.setattr(f"chiron.scheduling.services.{name}.must_be_free", lambda *_, **__: None)
    reserve = taking._reservation
    patched.setattr(taking, "_reservation", lambda of, _, span: reserve(of, new_number(), span))


def an_offer_holds_another_time(patched: pytest.MonkeyPatch) -> None:
    def elsewhere(offer: Appointment) -> None:
        offer.starts_at, offer.ends_at = offer.starts_at - DAY, offer.ends_at - DAY
        taking.take(offer)
        offer.starts_at, offer.ends_at = offer.starts_at + DAY, offer.ends_at + DAY

    patched.setattr("chiron.scheduling.services.offering.take", elsewhere)


@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        (nobody_looks_and_nothing_constrains, "nobody_is_in_two_places"),
        (an_offer_holds_another_time, "everybody_is_offered_one_thing_that_is_held_for_them"),
    ],
)
def test_a_planted_fault_is_found(
    fault: Callable[[pytest.MonkeyPatch], None], broken: str, hilltop: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)

    with pytest.raises(AssertionError) as found:
        play(
            hilltop, max_examples=100, stateful_step_count=25, derandomize=True, phases=[Phase.generate],
            report_multiple_bugs=False, verbosity=Verbosity.quiet,
        )  # fmt: skip

    assert found.traceback[-1].name == broken
