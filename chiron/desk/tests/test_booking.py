"""Booking and moving at the desk, without a script: finding the patient, choosing a time, and what is refused."""

from typing import Any
from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.desk.tests.factories import TUESDAY, look, send, slot, text
from chiron.identity.public import Role
from chiron.kernel.ids import new_id
from chiron.scheduling.models import Appointment, AppointmentType
from chiron.scheduling.tests.factories import berlin, booked, receives
from chiron.tenancy.public import inside
from tests.town import Clinic

pytestmark = pytest.mark.usefixtures("monday")


@pytest.fixture(autouse=True)
def hours(hilltop: Clinic) -> None:
    """Dr Osei receives from nine to eleven."""
    with inside(hilltop.id):
        receives(hilltop.doctor_id, ("09:00", "11:00"))


def appointments(clinic: Clinic) -> list[Appointment]:
    with inside(clinic.id):
        return list(Appointment.objects.order_by("id"))


def offered(answer: Any) -> list[str]:
    return [each.text for choice in answer.context["choices"] for each in choice.slots]


def book(clinic: Clinic, role: Role = Role.RECEPTIONIST, **said: Any) -> Any:
    whole = {"do": "book", "patient_id": clinic.patient_id, "date": TUESDAY, "start": slot(clinic)}
    return send(clinic, "book", role, **(whole | said))


def test_a_patient_is_found_by_a_part_of_the_name_which_stands_in_no_address(hilltop: Clinic) -> None:
    answer = send(hilltop, "book", do="find", name="mens", date=TUESDAY)

    assert answer.status_code == 200
    assert [each.person.display for each in answer.context["patients"]] == ["Kofi Mensah"]
    assert appointments(hilltop) == []
    with inside(hilltop.id):
        assert Event.objects.using("clinical").latest("id").action in ("patient.searched", "provider.listed")


def test_who_is_not_found_and_what_cannot_be_looked_for_is_said(hilltop: Clinic) -> None:
    nobody = send(hilltop, "book", do="find", name="Nobodyhasthis")
    nothing = send(hilltop, "book", do="find")
    no_day = send(hilltop, "book", do="find", birth_date="1980-02-30")

    assert "Nobody of that name or birth date is registered." in text(nobody)
    assert (nothing.status_code, no_day.status_code) == (422, 422)
    assert "Type a name or a birth date." in text(nothing)
    assert "is not a day of the calendar" in text(no_day)


def test_a_slot_that_is_chosen_is_booked(hilltop: Clinic) -> None:
    answer = book(hilltop, reason="Cough since Sunday")

    [made] = appointments(hilltop)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/desk/appointments/{made.id}?done=booked"
    assert (made.provider_id, made.patient_id) == (hilltop.doctor_id, hilltop.patient_id)
    assert made.starts_at == berlin(f"{TUESDAY}T10:00")
    shown = text(look(hilltop, f"appointments/{made.id}", done="booked"))
    assert "Booked." in shown
    assert "Kofi Mensah" in shown
    assert "Tuesday 4 March 2031, 10:00–10:30 (Europe/Berlin)" in shown
    assert "Cough since Sunday" in shown


def test_the_slot_of_the_schedule_is_chosen_already(hilltop: Clinic) -> None:
    shown = look(hilltop, "book", start=slot(hilltop), doctor=str(hilltop.doctor_id), date=TUESDAY)

    assert f'value="{slot(hilltop)}" checked' in shown.content.decode()


def test_times_are_those_of_the_type_and_of_the_doctor(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        long = AppointmentType.objects.create(name="Check-up", minutes=60)
        receives(hilltop.other_doctor_id, ("14:00", "15:00"))

    hour = send(hilltop, "book", do="times", date=TUESDAY, type=long.id)
    other = send(hilltop, "book", do="times", date=TUESDAY, doctor=hilltop.other_doctor_id)

    assert offered(hour) == ["14:00", "09:00", "09:30", "10:00"]
    assert offered(other) == ["14:00", "14:30"]


def test_where_a_day_is_full_the_next_free_times_are_shown(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        for patient_id, at in [(hilltop.patient_id, "09:00"), (hilltop.other_patient_id, "09:30")]:
            booked(hilltop, f"{TUESDAY}T{at}", patient_id=patient_id)
        for patient_id, at in [(hilltop.patient_id, "10:00"), (hilltop.other_patient_id, "10:30")]:
            booked(hilltop, f"{TUESDAY}T{at}", patient_id=patient_id)

    answer = send(hilltop, "book", do="times", date=TUESDAY)

    assert "Nothing is free on Tuesday 4 March 2031. The next times are on Wednesday 5 March 2031" in text(answer)
    assert offered(answer) == ["09:00", "09:30", "10:00", "10:30"]


def test_a_time_that_was_taken_meanwhile_is_refused_at_its_field_with_what_is_free(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        booked(hilltop, patient_id=hilltop.other_patient_id)

    answer = book(hilltop, reason="Cough")

    shown = answer.content.decode()
    assert answer.status_code == 409
    assert answer.context["form"].errors == {"start": ["The doctor is not free at that time."]}
    assert 'id="start-wrong"' in shown
    assert offered(answer) == ["09:00", "09:30", "10:30"]
    assert 'value="Cough"' in shown
    assert [each.person.display for each in answer.context["patients"]] == ["Kofi Mensah"]
    assert len(appointments(hilltop)) == 1


def test_what_is_missing_is_said_at_its_field(hilltop: Clinic) -> None:
    answer = send(hilltop, "book", do="book")

    assert answer.status_code == 422
    assert answer.context["form"].errors == {
        "patient_id": ["Find the patient, and choose them."], "start": ["Choose a time."]
    }  # fmt: skip
    assert appointments(hilltop) == []


@pytest.mark.parametrize("start", ["x", "x 2031-03-04T10:00+01:00", "{doctor} 2031-03-04T10:00", "{doctor} soon"])
def test_a_time_that_was_not_offered_is_refused(start: str, hilltop: Clinic) -> None:
    answer = book(hilltop, start=start.format(doctor=hilltop.doctor_id))

    assert answer.status_code == 422
    assert answer.context["form"].errors["start"] == ["Choose one of the times that are offered."]
    assert appointments(hilltop) == []


def test_a_patient_and_a_doctor_of_next_door_are_nobody(hilltop: Clinic, riverside: Clinic) -> None:
    theirs = book(hilltop, patient_id=riverside.patient_id)
    nobody = book(hilltop, patient_id=new_id())
    doctor = book(hilltop, start=slot(riverside))

    assert [each.status_code for each in (theirs, nobody, doctor)] == [404, 404, 404]
    assert text(theirs) == text(nobody)
    assert appointments(hilltop) == []


def test_the_second_of_two_times_that_the_clock_shows_twice_can_be_chosen(hilltop: Clinic) -> None:
    night = "2031-10-26"
    with inside(hilltop.id):
        receives(hilltop.other_doctor_id, ("02:00", "03:00"))

    answer = send(hilltop, "book", do="times", date=night, doctor=hilltop.other_doctor_id)
    second = f"{hilltop.other_doctor_id} {night}T02:30+01:00"
    book(hilltop, start=second)

    assert offered(answer) == ["02:00 (+02:00)", "02:30 (+02:00)", "02:00 (+01:00)", "02:30 (+01:00)"]
    assert [each.starts_at.isoformat() for each in appointments(hilltop)] == ["2031-10-26T01:30:00+00:00"]


@pytest.fixture
def appointment(hilltop: Clinic) -> Appointment:
    """Kofi Mensah is expected by Dr Osei on Tuesday at ten."""
    with inside(hilltop.id):
        return booked(hilltop).appointment


def move(clinic: Clinic, appointment_id: UUID, **said: Any) -> Any:
    whole: dict[str, Any] = {"do": "move", "version": 1, "start": slot(clinic, "09:00")}
    return send(clinic, f"appointments/{appointment_id}/move", **(whole | said))


def test_an_appointment_is_moved_to_the_time_that_was_chosen(hilltop: Clinic, appointment: Appointment) -> None:
    form = look(hilltop, f"appointments/{appointment.id}/move")
    answer = move(hilltop, appointment.id)

    [moved] = appointments(hilltop)
    assert offered(form) == ["09:00", "09:30", "10:30"]
    assert answer.headers["Location"] == f"/desk/appointments/{appointment.id}?done=moved"
    assert (moved.starts_at, moved.version) == (berlin(f"{TUESDAY}T09:00"), 2)


def test_a_time_that_is_taken_leaves_an_appointment_where_it_was(hilltop: Clinic, appointment: Appointment) -> None:
    with inside(hilltop.id):
        booked(hilltop, f"{TUESDAY}T09:00", patient_id=hilltop.other_patient_id)

    answer = move(hilltop, appointment.id)

    assert answer.status_code == 409
    assert answer.context["form"].errors == {"start": ["The doctor is not free at that time."]}
    assert offered(answer) == ["09:30", "10:30"]
    assert appointments(hilltop)[0].starts_at == berlin(f"{TUESDAY}T10:00")


def test_what_another_desk_moved_meanwhile_is_not_moved_silently(hilltop: Clinic, appointment: Appointment) -> None:
    move(hilltop, appointment.id)

    answer = move(hilltop, appointment.id, start=slot(hilltop, "10:30"))

    assert answer.status_code == 412
    assert "It was changed meanwhile" in text(answer)
    assert 'name="version" value="1"' in answer.content.decode()
    assert appointments(hilltop)[0].starts_at == berlin(f"{TUESDAY}T09:00")


def test_looking_at_other_times_moves_nothing(hilltop: Clinic, appointment: Appointment) -> None:
    answer = move(hilltop, appointment.id, do="times", date="2031-03-05")

    assert answer.status_code == 200
    assert offered(answer) == ["09:00", "09:30", "10:00", "10:30"]
    assert appointments(hilltop)[0].version == 1


@pytest.mark.parametrize("day", ["2031-03-04", "", "0001-01-02", "9999-12-30"])
def test_the_form_that_moves_opens_on_the_day_that_its_address_names(
    hilltop: Clinic, appointment: Appointment, day: str
) -> None:
    assert look(hilltop, f"appointments/{appointment.id}/move?date={day}").status_code == 200
