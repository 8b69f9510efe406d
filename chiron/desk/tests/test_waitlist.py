"""Putting somebody on the waitlist, taking them off, and letting them go before others."""

from datetime import date
from typing import Any

import pytest

from chiron.desk.tests.factories import TUESDAY, look, send, text
from chiron.identity.public import Role
from chiron.kernel.ids import new_id
from chiron.scheduling.fitting import Where
from chiron.scheduling.models import WaitlistEntry
from chiron.scheduling.public import Wanted, join
from chiron.scheduling.services.offering import offer_next
from chiron.scheduling.tests.factories import NOW, receives
from chiron.tenancy.public import inside
from tests.town import Clinic

pytestmark = pytest.mark.usefixtures("monday")


def wish(clinic: Clinic, **said: Any) -> Any:
    whole: dict[str, Any] = {"do": "join", "patient_id": clinic.patient_id, "first": TUESDAY, "until": "2031-03-14"}
    return send(clinic, "waitlist/join", **(whole | said))


def waiting(clinic: Clinic) -> list[WaitlistEntry]:
    with inside(clinic.id):
        return list(WaitlistEntry.objects.filter(status="waiting").order_by("id"))


@pytest.fixture
def entry(hilltop: Clinic) -> WaitlistEntry:
    """Kofi Mensah waits for Dr Osei."""
    wanted = Wanted(date(2031, 3, 4), date(2031, 3, 14), provider_id=hilltop.doctor_id)
    with inside(hilltop.id):
        receives(hilltop.doctor_id, ("09:00", "11:00"))
        return join(by=hilltop.who[Role.RECEPTIONIST], patient_id=hilltop.patient_id, wanted=wanted, now=NOW)


def test_somebody_is_put_on_the_list_and_stands_there(hilltop: Clinic) -> None:
    answer = wish(hilltop, begin="09:00", end="12:00")

    [made] = waiting(hilltop)
    assert answer.headers["Location"] == "/desk/waitlist?done=joined"
    assert (made.patient_id, made.provider_id, made.times) == (hilltop.patient_id, None, [["09:00", "12:00"]])
    assert "Kofi Mensah Any doctor, 4 March to 14 March, 09:00–12:00 Since Monday 3 March 2031" in text(
        look(hilltop, "waitlist")
    )


def test_the_patient_is_found_on_the_same_page(hilltop: Clinic) -> None:
    answer = wish(hilltop, do="find", name="mens")

    assert [each.person.display for each in answer.context["patients"]] == ["Kofi Mensah"]
    assert waiting(hilltop) == []


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"patient_id": ""}, "patient_id"),
        ({"until": "2031-03-01"}, "until"),
        ({"first": "2031-01-01", "until": "2031-01-02"}, "until"),
        ({"begin": "09:00"}, "end"),
        ({"begin": "12:00", "end": "09:00"}, "end"),
        ({"first": "x"}, "first"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_at_its_field(said: dict[str, str], field: str, hilltop: Clinic) -> None:
    answer = wish(hilltop, **said)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert waiting(hilltop) == []


def test_nobody_waits_twice_for_the_same(hilltop: Clinic, entry: WaitlistEntry) -> None:
    answer = wish(hilltop)

    assert answer.status_code == 409
    assert answer.context["form"].non_field_errors() == ["The patient is on the waitlist for that already."]
    assert waiting(hilltop) == [entry]


def test_what_is_offered_stands_there_with_its_page(hilltop: Clinic, entry: WaitlistEntry) -> None:
    with inside(hilltop.id):
        offer = offer_next(Where(), NOW)

    answer = look(hilltop, "waitlist")

    assert offer is not None
    assert "Offered Tuesday 4 March 2031, 09:00; held until 14:00" in text(answer)
    shown = look(hilltop, f"appointments/{offer.id}")
    assert [act.name for act in shown.context["acts"]] == ["confirm", "cancel"]
    confirmed = send(hilltop, f"appointments/{offer.id}/confirm", version=1)
    assert confirmed.status_code == 303
    assert waiting(hilltop) == []


def test_who_comes_first_is_said_and_who_waits_no_longer_is_taken_off(hilltop: Clinic, entry: WaitlistEntry) -> None:
    send(hilltop, f"waitlist/{entry.id}/priority", version=1, priority=2)
    [first] = waiting(hilltop)
    stale = send(hilltop, f"waitlist/{entry.id}/leave", version=1)
    wrong = send(hilltop, f"waitlist/{entry.id}/priority", version=2, priority=10)
    left = send(hilltop, f"waitlist/{entry.id}/leave", version=2)

    assert (first.priority, first.version) == (2, 2)
    assert (stale.status_code, wrong.status_code, left.status_code) == (412, 422, 303)
    assert waiting(hilltop) == []


def test_an_entry_of_next_door_and_of_nobody_are_the_same(hilltop: Clinic, riverside: Clinic) -> None:
    wanted = Wanted(date(2031, 3, 4), date(2031, 3, 14))
    with inside(riverside.id):
        theirs = join(by=riverside.who[Role.RECEPTIONIST], patient_id=riverside.patient_id, wanted=wanted, now=NOW)

    answers = [send(hilltop, f"waitlist/{each}/leave", version=1) for each in (theirs.id, new_id())]

    assert [each.status_code for each in answers] == [404, 404]
    assert len({text(each) for each in answers}) == 1
