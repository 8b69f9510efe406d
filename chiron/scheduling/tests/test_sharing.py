"""Times that several patients share: each has a seat, and there are as many as the type and the room have."""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest

from chiron.identity.public import Role
from chiron.registry.public import Entry, Person, create_patient
from chiron.scheduling.errors import DoctorBusy, FullyBooked, OtherRoom, PatientBusy
from chiron.scheduling.models import Appointment, AppointmentType, Reservation, Room
from chiron.scheduling.queries import free_doctors
from chiron.scheduling.services.attend import cancel, no_show, undo_no_show
from chiron.scheduling.services.book import book
from chiron.scheduling.services.reschedule import reschedule
from chiron.scheduling.tests.factories import BERLIN, NOW, booked, receives
from chiron.scheduling.tests.rushing import THREADS, at_once, people
from chiron.tenancy.public import inside
from tests.town import Clinic

TEN, ELEVEN, FOURTEEN = (f"2031-03-04T{hour}:00" for hour in (10, 11, 14))


@pytest.fixture
def clinic(hilltop: Clinic) -> Any:
    """Hilltop, whose two doctors receive from nine to five; the test runs inside it."""
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        receives(hilltop.other_doctor_id)
        yield hilltop


@pytest.fixture
def course(clinic: Clinic) -> AppointmentType:
    """An hour for three."""
    return AppointmentType.objects.create(name="Course", minutes=60, capacity=3, after_minutes=15)


def patients(clinic: Clinic, count: int) -> list[UUID]:
    by = clinic.who[Role.ADMIN]
    return [create_patient(by=by, entry=Entry(person=Person(family="Darko")), now=NOW).id for _ in range(count)]


def joined(clinic: Clinic, course: AppointmentType, patient_id: UUID, at: str = TEN, **said: Any) -> Appointment:
    return booked(clinic, at, type_id=course.id, patient_id=patient_id, **said).appointment


def moved(clinic: Clinic, appointment: Appointment, to: str) -> Appointment:
    wall, by = datetime.fromisoformat(to), clinic.who[Role.ADMIN]
    return reschedule(by=by, appointment_id=appointment.id, wall=wall, if_match=None, now=NOW)


def seats(at: str = TEN) -> list[int]:
    """The seats that are taken at that time."""
    begins = datetime.fromisoformat(at).replace(tzinfo=BERLIN)
    rows = Appointment.objects.filter(starts_at=begins, provider_time__isnull=False)
    return sorted(rows.values_list("seat", flat=True))


def offered(clinic: Clinic, course: AppointmentType) -> dict[str, int]:
    """How many places are offered at each time of the first doctor's day."""
    found = free_doctors(clinic.who[Role.PATIENT], day=date(2031, 3, 4), type_id=course.id, now=NOW)
    slots = [slot for each in found if each.provider.id == clinic.doctor_id for slot in each.slots]
    return {f"{each.starts_at.astimezone(BERLIN):%H:%M}": each.places for each in slots}


def test_those_who_share_a_time_share_what_is_reserved_of_the_doctor(clinic: Clinic, course: AppointmentType) -> None:
    for patient_id in patients(clinic, 3):
        joined(clinic, course, patient_id)

    assert seats() == [0, 1, 2]
    assert Counter(Reservation.objects.values_list("of", flat=True)) == {"patient": 3, "provider": 1}
    [after] = patients(clinic, 1)
    before = Appointment.objects.count(), Reservation.objects.count()
    with pytest.raises(FullyBooked):
        joined(clinic, course, after)
    assert (Appointment.objects.count(), Reservation.objects.count()) == before


def test_places_are_counted_for_each_time_and_not_for_the_day(clinic: Clinic, course: AppointmentType) -> None:
    first, second, third, fourth = patients(clinic, 4)
    for patient_id in (first, second, third):
        joined(clinic, course, patient_id)

    joined(clinic, course, fourth, "2031-03-04T11:30")
    joined(clinic, course, first, "2031-03-04T11:30")

    slots = offered(clinic, course)
    assert {at: slots.get(at) for at in ("09:00", "10:00", "10:30", "11:30", "12:00", "13:00")} == {
        "09:00": None, "10:00": None, "10:30": None, "11:30": 1, "12:00": None, "13:00": 3,
    }  # fmt: skip


def test_every_place_that_is_offered_books(clinic: Clinic, course: AppointmentType) -> None:
    waiting = patients(clinic, 3)
    joined(clinic, course, waiting[0])
    while slots := offered(clinic, course):
        at = min(slots)
        for patient_id in waiting[3 - slots[at] :]:
            joined(clinic, course, patient_id, f"2031-03-04T{at}")

    assert Appointment.objects.count() == 3 * Reservation.objects.filter(of="provider").count() == 15


def test_only_the_same_type_at_the_same_time_is_shared(clinic: Clinic, course: AppointmentType) -> None:
    other = AppointmentType.objects.create(name="Other course", minutes=60, capacity=3)
    joined(clinic, course, clinic.patient_id)

    with pytest.raises(DoctorBusy):
        joined(clinic, other, clinic.other_patient_id)
    with pytest.raises(DoctorBusy):
        joined(clinic, course, clinic.other_patient_id, "2031-03-04T10:30")
    with pytest.raises(PatientBusy):
        joined(clinic, course, clinic.patient_id)
    assert seats() == [0]


def test_one_who_cancels_leaves_the_others_where_they_are(clinic: Clinic, course: AppointmentType) -> None:
    first, second, third = (joined(clinic, course, each) for each in patients(clinic, 3))

    cancel(by=clinic.who[Role.ADMIN], appointment_id=first.id, reason="", if_match=None, now=NOW)

    assert seats() == [1, 2]
    assert Reservation.objects.filter(of="provider").count() == 1
    assert offered(clinic, course)["10:00"] == 1
    assert joined(clinic, course, clinic.patient_id).seat == 0
    for each in Appointment.objects.filter(provider_time__isnull=False):
        cancel(by=clinic.who[Role.ADMIN], appointment_id=each.id, reason="", if_match=None, now=NOW)
    assert Reservation.objects.count() == 0


def test_one_who_is_moved_leaves_alone_and_joins_others(clinic: Clinic, course: AppointmentType) -> None:
    first, second, third = (joined(clinic, course, each) for each in patients(clinic, 3))

    moved(clinic, first, "2031-03-04T11:30")
    moved(clinic, second, "2031-03-04T11:30")

    assert (seats(), seats("2031-03-04T11:30")) == ([2], [0, 1])
    moved(clinic, third, "2031-03-04T11:30")
    assert (seats(), seats("2031-03-04T11:30")) == ([], [0, 1, 2])
    assert Counter(Reservation.objects.values_list("of", flat=True)) == {"patient": 3, "provider": 1}


def test_one_who_is_moved_cannot_have_time_of_those_who_stay(clinic: Clinic, course: AppointmentType) -> None:
    first, second = (joined(clinic, course, each) for each in patients(clinic, 2))

    with pytest.raises(DoctorBusy):
        moved(clinic, first, "2031-03-04T10:30")

    cancel(by=clinic.who[Role.ADMIN], appointment_id=second.id, reason="", if_match=None, now=NOW)
    moved(clinic, first, "2031-03-04T10:30")
    assert seats("2031-03-04T10:30") == [0]
    assert Reservation.objects.count() == 2


def test_who_did_come_after_all_sits_down_again_unless_it_is_full(clinic: Clinic, course: AppointmentType) -> None:
    first, second, third = (joined(clinic, course, each) for each in patients(clinic, 3))
    by, later = clinic.who[Role.ADMIN], first.starts_at
    no_show(by=by, appointment_id=first.id, if_match=None, now=later)
    joined(clinic, course, clinic.patient_id)

    with pytest.raises(FullyBooked):
        undo_no_show(by=by, appointment_id=first.id, if_match=None, now=later)

    no_show(by=by, appointment_id=second.id, if_match=None, now=later)
    assert undo_no_show(by=by, appointment_id=first.id, if_match=None, now=later).seat == 1


def test_no_more_share_a_room_than_it_has_places(clinic: Clinic, course: AppointmentType) -> None:
    small, large = Room.objects.create(name="Small", places=2), Room.objects.create(name="Large")
    first, second, third, fourth = patients(clinic, 4)
    joined(clinic, course, first, room_id=small.id)

    assert joined(clinic, course, second).room_id == small.id
    with pytest.raises(FullyBooked):
        joined(clinic, course, third)
    assert "10:00" not in offered(clinic, course)
    joined(clinic, course, third, "2031-03-04T11:30")
    with pytest.raises(OtherRoom):
        joined(clinic, course, fourth, "2031-03-04T11:30", room_id=large.id)
    assert Counter(Reservation.objects.values_list("of", flat=True)) == {"patient": 3, "provider": 2, "room": 1}


@pytest.mark.parametrize(("attempts", "capacity"), [(300, 5), pytest.param(3_000, 12, marks=pytest.mark.stress)])
def test_of_all_who_want_a_place_as_many_get_one_as_there_are(
    attempts: int, capacity: int, lakeside: Clinic, shown: Callable[[str, str], None]
) -> None:
    [(doctor, waiting)] = people(lakeside, doctors=1, patients=50).items()
    with inside(lakeside.id):
        course = AppointmentType.objects.create(name="Course", minutes=60, capacity=capacity)
    walls = [datetime.fromisoformat(f"2031-03-04T{hour:02}:00") for hour in (9, 10, 11)]

    def place(wish: int) -> list[str]:
        book(
            by=lakeside.who[Role.ADMIN], provider_id=doctor, patient_id=waiting[wish % 50], wall=walls[wish % 3],
            type_id=course.id, now=NOW,
        )  # fmt: skip
        return ["booked"]

    answers = at_once(lakeside, place, range(attempts))

    assert set(answers) <= {"booked", "fully-booked", "patient-busy"}
    with inside(lakeside.id):
        taken = Counter(Appointment.objects.values_list("starts_at", flat=True))
        places = set(Appointment.objects.values_list("starts_at", "seat"))
        assert Reservation.objects.filter(of="provider").count() == 3
    assert sorted(taken.values()) == [capacity] * 3
    assert len(places) == answers["booked"] == 3 * capacity
    shown("R1", f"{attempts:,} attempts on 3 times of {capacity} places by {THREADS} threads: {len(places)} booked")


@pytest.mark.parametrize("places", ["of the type", "of the room"])
def test_who_moves_away_leaves_the_others_their_time_though_it_is_for_one_only_by_now(
    clinic: Clinic, course: AppointmentType, places: str
) -> None:
    room = Room.objects.create(name="Hall", places=3)
    first, second = patients(clinic, 2)
    going = joined(clinic, course, first, room_id=room.id)
    staying = joined(clinic, course, second, room_id=room.id)
    changed: Any = AppointmentType if places == "of the type" else Room
    changed.objects.update(**{"capacity" if changed is AppointmentType else "places": 1})

    moved(clinic, Appointment.objects.get(id=going.id), FOURTEEN)

    kept = Appointment.objects.select_related("provider_time").get(id=staying.id)
    assert kept.provider_time is not None
    assert kept.provider_time.starts_at == kept.starts_at
    with pytest.raises(DoctorBusy):
        booked(clinic, TEN, patient_id=patients(clinic, 1)[0])
    cancel(by=clinic.who[Role.ADMIN], appointment_id=going.id, reason="Ill", if_match=None, now=NOW)
    assert seats(FOURTEEN) == []
    assert booked(clinic, FOURTEEN, patient_id=first).appointment.seat == 0
