"""The schedule of a day, and what becomes of the appointments on it."""

from datetime import timedelta
from typing import Any

import pytest

from chiron.audit.models import Event
from chiron.desk.tests.factories import TUESDAY, look, send, text
from chiron.identity.public import Role
from chiron.scheduling.models import Appointment
from chiron.scheduling.tests.factories import NOW, booked, receives
from chiron.tenancy.public import inside
from tests.town import Clinic

pytestmark = pytest.mark.usefixtures("monday")


@pytest.fixture
def appointment(hilltop: Clinic) -> Appointment:
    """Kofi Mensah is expected by Dr Osei on Tuesday at ten."""
    with inside(hilltop.id):
        receives(hilltop.doctor_id, ("09:00", "11:00"))
        return booked(hilltop).appointment


def standing(clinic: Clinic, appointment: Appointment) -> tuple[str, int]:
    with inside(clinic.id):
        now = Appointment.objects.get(id=appointment.id)
    return now.status, now.version


def test_a_day_shows_each_doctor_with_who_comes_and_what_is_free(hilltop: Clinic, appointment: Appointment) -> None:
    answer = look(hilltop, date=TUESDAY)

    [column] = answer.context["columns"]
    assert answer.status_code == 200
    assert (column.name, column.expected) == ("Kwame Osei", 1)
    assert [getattr(each, "patient", None) or [slot.text for slot in each.slots] for each in column.entries] == [
        ["09:00", "09:30"], "Kofi Mensah", ["10:30"]
    ]  # fmt: skip
    assert "Tuesday 4 March 2031" in text(answer)
    with inside(hilltop.id):
        event = Event.objects.using("clinical").filter(action="appointment.listed").latest("id")
    assert event.subjects == [hilltop.patient_id]


def test_another_day_and_one_doctor_are_asked_for_in_the_address(hilltop: Clinic, appointment: Appointment) -> None:
    with inside(hilltop.id):
        receives(hilltop.other_doctor_id, ("12:00", "13:00"))

    everybody = look(hilltop, date=TUESDAY)
    one = look(hilltop, date=TUESDAY, doctor=str(hilltop.other_doctor_id))
    today = look(hilltop)

    assert [each.name for each in everybody.context["columns"]] == ["Efua Sarpong", "Kwame Osei"]
    assert [each.name for each in one.context["columns"]] == ["Efua Sarpong"]
    assert today.context["is_today"]
    assert today.context["after"] == f"/desk/?date={TUESDAY}"


def test_a_day_that_is_none_is_refused(hilltop: Clinic) -> None:
    assert look(hilltop, date="2031-02-30").status_code == 422


def test_the_page_is_told_when_anything_of_its_day_has_become_another(
    hilltop: Clinic, appointment: Appointment
) -> None:
    seen = look(hilltop, date=TUESDAY).context["state"]

    before = look(hilltop, "state", date=TUESDAY, state=seen)
    send(hilltop, f"appointments/{appointment.id}/cancel", version=1)
    after = look(hilltop, "state", date=TUESDAY, state=seen)
    elsewhere = look(hilltop, "state", date="2031-03-20", state="0-0-0")

    assert (before.status_code, before.headers.get("HX-Trigger")) == (204, None)
    assert (after.status_code, after.headers.get("HX-Trigger")) == (204, "day-changed")
    assert elsewhere.headers.get("HX-Trigger") is None


def test_a_doctor_sees_their_own_diary_and_no_name_of_whom_they_do_not_care_for(
    hilltop: Clinic, appointment: Appointment
) -> None:
    with inside(hilltop.id):
        booked(hilltop, "2031-03-04T10:30", patient_id=hilltop.other_patient_id)

    said = text(look(hilltop, role=Role.DOCTOR, date=TUESDAY))

    assert "Kofi Mensah" in said
    assert "Esi Boateng" not in said
    assert "A patient of somebody else" in said


STEPS: list[tuple[str, dict[str, Any], str]] = [
    ("check-in", {}, "checked-in"),
    ("cancel", {"reason": "The patient is ill"}, "cancelled"),
]


@pytest.mark.parametrize(("step", "said", "to"), STEPS)
def test_a_button_does_one_step_and_leads_back_to_the_day(
    step: str, said: dict[str, Any], to: str, hilltop: Clinic, appointment: Appointment
) -> None:
    answer = send(hilltop, f"appointments/{appointment.id}/{step}", version=1, day=TUESDAY, **said)

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/desk/?date={TUESDAY}&done={step}#at-{appointment.id}"
    assert standing(hilltop, appointment) == (to, 2)


def test_without_a_day_a_button_leads_to_the_appointment(hilltop: Clinic, appointment: Appointment) -> None:
    answer = send(hilltop, f"appointments/{appointment.id}/check-in", version=1)
    completed = send(hilltop, f"appointments/{appointment.id}/complete", version=2)
    shown = browser_follows(hilltop, completed)

    assert answer.headers["Location"] == f"/desk/appointments/{appointment.id}?done=check-in"
    assert standing(hilltop, appointment) == ("fulfilled", 3)
    assert "Completed." in text(shown)


def browser_follows(clinic: Clinic, answer: Any) -> Any:
    return look(clinic, answer.headers["Location"].removeprefix("/desk/"))


def test_what_another_desk_has_changed_meanwhile_is_not_overwritten(hilltop: Clinic, appointment: Appointment) -> None:
    send(hilltop, f"appointments/{appointment.id}/check-in", version=1)

    answer = send(hilltop, f"appointments/{appointment.id}/cancel", version=1, reason="Ill")

    assert answer.status_code == 412
    assert "Somebody else has changed this appointment" in text(answer)
    assert f'href="/desk/appointments/{appointment.id}"' in answer.content.decode()
    assert standing(hilltop, appointment) == ("checked-in", 2)


@pytest.mark.parametrize("version", ["", "x", "0"])
def test_a_button_without_the_version_that_was_seen_does_nothing(
    version: str, hilltop: Clinic, appointment: Appointment
) -> None:
    assert send(hilltop, f"appointments/{appointment.id}/cancel", version=version).status_code == 422
    assert standing(hilltop, appointment) == ("booked", 1)


def test_a_step_that_is_not_possible_is_refused_in_words(hilltop: Clinic, appointment: Appointment) -> None:
    complete = send(hilltop, f"appointments/{appointment.id}/complete", version=1)
    missed = send(hilltop, f"appointments/{appointment.id}/no-show", version=1)

    assert (complete.status_code, missed.status_code) == (409, 409)
    assert "That cannot happen to an appointment as it stands." in text(complete)
    assert "That can be said once the appointment should have begun." in text(missed)
    assert standing(hilltop, appointment) == ("booked", 1)


def test_a_no_show_is_noted_once_the_appointment_should_have_begun_and_taken_back(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        begun = booked(hilltop, "2031-03-03T12:30", now=NOW - timedelta(hours=3)).appointment

    send(hilltop, f"appointments/{begun.id}/no-show", version=1)
    missed = standing(hilltop, begun)
    send(hilltop, f"appointments/{begun.id}/undo-no-show", version=2)

    assert missed == ("noshow", 2)
    assert standing(hilltop, begun) == ("booked", 3)


def test_the_buttons_are_those_that_the_appointment_allows(hilltop: Clinic, appointment: Appointment) -> None:
    address = f"appointments/{appointment.id}"

    before = [act.name for act in look(hilltop, address).context["acts"]]
    send(hilltop, f"{address}/check-in", version=1)
    after = [act.name for act in look(hilltop, address).context["acts"]]

    assert before == ["check-in", "move", "cancel"]
    assert after == ["complete", "cancel"]


def test_what_was_typed_is_shown_as_it_was_typed(hilltop: Clinic, appointment: Appointment) -> None:
    send(hilltop, f"appointments/{appointment.id}/cancel", version=1, reason="<script>alert(1)</script>")

    shown = look(hilltop, f"appointments/{appointment.id}").content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script>alert" not in shown
