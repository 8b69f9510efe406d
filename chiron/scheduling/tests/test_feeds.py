"""Feeds: what a calendar program is told, and who may tell it."""

import re
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from icalendar import Calendar

from chiron.audit.models import Event
from chiron.identity.public import Membership, Role
from chiron.kernel.ids import NIL, new_id
from chiron.scheduling.feeds import SECRET_LENGTH
from chiron.scheduling.models import Appointment, AppointmentType, Feed
from chiron.scheduling.services.attend import cancel
from chiron.scheduling.services.reschedule import reschedule
from chiron.scheduling.tests.factories import NOW, booked, receives
from chiron.scheduling.tests.test_api import call
from chiron.tenancy.public import inside
from tests.town import Clinic

WORDS = ("Mensah", "Kofi", "Osei", "Kwame", "Cough", "Chemotherapy", "hilltop", "Hilltop")


@pytest.fixture(autouse=True)
def monday(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = type("Monday", (), {"now": staticmethod(lambda: NOW)})
    monkeypatch.setattr("chiron.scheduling.api_feeds.clock", fixed)


@pytest.fixture
def clinic(hilltop: Clinic) -> Clinic:
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
    return hilltop


def made(clinic: Clinic, role: Role) -> str:
    """The path of a new feed."""
    answer = call(clinic, role, "post", "/appointments/feed")
    assert answer.status_code == 201, answer.content
    url: str = answer.json()["url"]
    assert url.startswith("http://testserver/api/appointments/feed/")
    return url.removeprefix("http://testserver")


def fetched(path: str, **headers: str) -> Any:
    return Client().get(path, headers=headers)


def text(content: bytes | str) -> str:
    return content.decode() if isinstance(content, bytes) else content


def events(path: str) -> list[dict[str, str]]:
    """The events of a feed, each as the text of its properties."""
    answer = fetched(path)
    assert answer.status_code == 200, answer.content
    found = Calendar.from_ical(answer.content).events
    return [{name: text(each[name].to_ical()) for name in each} for each in found]


def promised(clinic: Clinic, at: str, **said: Any) -> Appointment:
    with inside(clinic.id):
        return booked(clinic, at, reason="Cough", **said).appointment


def test_a_feed_says_when_and_nothing_else(clinic: Clinic) -> None:
    with inside(clinic.id):
        kind = AppointmentType.objects.create(name="Chemotherapy", minutes=45)
    appointment = promised(clinic, "2031-03-04T10:00", type_id=kind.id)
    path = made(clinic, Role.PATIENT)

    answer = fetched(path)

    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    [event] = events(path)
    assert event == {
        "UID": str(appointment.id), "SEQUENCE": "0", "DTSTAMP": "20310303T120000Z",
        "DTSTART": "20310304T100000", "DTEND": "20310304T104500", "SUMMARY": "Appointment", "STATUS": "CONFIRMED",
        "TRANSP": "OPAQUE", "CLASS": "PRIVATE",
    }  # fmt: skip
    assert not [word for word in WORDS if word in answer.content.decode()]
    assert b"DTSTART;TZID=Europe/Berlin:20310304T100000\r\n" in answer.content
    assert max(map(len, answer.content.split(b"\r\n"))) <= 75


def test_what_is_moved_or_cancelled_stays_the_same_event(clinic: Clinic) -> None:
    moved, cancelled = promised(clinic, "2031-03-04T10:00"), promised(clinic, "2031-03-04T11:00")
    by, path = clinic.who[Role.ADMIN], made(clinic, Role.PATIENT)
    before = [each["UID"] for each in events(path)]

    with inside(clinic.id):
        wall = datetime.fromisoformat("2031-03-04T15:00")
        reschedule(by=by, appointment_id=moved.id, wall=wall, if_match=None, now=NOW + timedelta(minutes=1))
        cancel(by=by, appointment_id=cancelled.id, reason="", if_match=None, now=NOW + timedelta(minutes=2))

    said = [(each["UID"], each["SEQUENCE"], each["DTSTART"][-6:], each["STATUS"]) for each in events(path)]
    assert said == [
        (str(cancelled.id), "1", "110000", "CANCELLED"), (str(moved.id), "1", "150000", "CONFIRMED"),
    ]  # fmt: skip
    assert set(before) == {str(moved.id), str(cancelled.id)}


def test_everybody_has_their_own(clinic: Clinic) -> None:
    mine = promised(clinic, "2031-03-04T10:00")
    theirs = promised(clinic, "2031-03-04T11:00", patient_id=clinic.other_patient_id)

    of_patient, of_doctor = events(made(clinic, Role.PATIENT)), events(made(clinic, Role.DOCTOR))

    assert [each["UID"] for each in of_patient] == [str(mine.id)]
    assert [each["UID"] for each in of_doctor] == [str(mine.id), str(theirs.id)]
    assert call(clinic, Role.RECEPTIONIST, "post", "/appointments/feed").status_code == 403


def test_a_feed_shows_the_last_month_and_what_is_to_come(clinic: Clinic) -> None:
    old, recent = promised(clinic, "2031-03-04T10:00"), promised(clinic, "2031-03-04T11:00")
    with inside(clinic.id):
        Appointment.objects.filter(id=old.id).update(starts_at=NOW - timedelta(days=30, seconds=1))
        Appointment.objects.filter(id=recent.id).update(starts_at=NOW - timedelta(days=30))

    assert [each["UID"] for each in events(made(clinic, Role.PATIENT))] == [str(recent.id)]


def test_the_secret_is_shown_once_and_kept_nowhere(clinic: Clinic, capfd: pytest.CaptureFixture[str]) -> None:
    path = made(clinic, Role.PATIENT)
    secret = path.rpartition("/")[2].removesuffix(".ics")
    fetched(path)

    assert len(secret) == SECRET_LENGTH
    assert secret not in capfd.readouterr().err
    with inside(clinic.id):
        assert secret.encode() not in b"".join(bytes(each.digest) for each in Feed.objects.all())
        kept = Event.objects.using("clinical").filter(resource="my-feed")
        assert list(kept.order_by("id").values_list("action", flat=True)) == ["feed.made", "feed.read"]
    assert set(call(clinic, Role.PATIENT, "get", "/appointments/feed").json()["feed"]) == {"id", "made_at"}


def test_an_address_that_is_replaced_or_taken_back_opens_nothing(clinic: Clinic) -> None:
    first = made(clinic, Role.PATIENT)
    second = made(clinic, Role.PATIENT)

    assert (fetched(first).status_code, fetched(second).status_code) == (404, 200)
    assert call(clinic, Role.PATIENT, "delete", "/appointments/feed").status_code == 204
    assert fetched(second).status_code == 404
    assert call(clinic, Role.PATIENT, "get", "/appointments/feed").json() == {"feed": None}


@pytest.mark.parametrize("change", [{"roles": []}, {"approved_at": None}])
def test_a_feed_ends_with_the_rights_of_its_owner(change: dict[str, Any], clinic: Clinic) -> None:
    path = made(clinic, Role.PATIENT)

    Membership.objects.filter(id=clinic.who[Role.PATIENT].membership_id or NIL).update(**change)

    assert fetched(path).status_code in (403, 404)


def test_every_wrong_secret_is_the_same_404(clinic: Clinic, riverside: Clinic) -> None:
    path = made(clinic, Role.PATIENT)
    secret = path.rpartition("/")[2].removesuffix(".ics")
    elsewhere = urlsafe_b64encode(riverside.id.bytes).decode()[:20] + secret[20:]
    nobody = urlsafe_b64encode(new_id().bytes + bytes(32)).decode()

    answers = [
        fetched(path.replace(secret, wrong)) for wrong in (secret[:-1] + "-", elsewhere, nobody, "x", "é", "%00%ff")
    ]

    assert {each.status_code for each in answers[:-1]} == {404}
    assert len({re.sub(rb'"request_id":"[^"]+"', b"", each.content) for each in answers[:-1]}) == 1
    assert answers[-1].status_code in (400, 404)


def test_a_program_that_has_it_already_is_told_so(clinic: Clinic) -> None:
    promised(clinic, "2031-03-04T10:00")
    path = made(clinic, Role.PATIENT)
    first = fetched(path)

    again = fetched(path, **{"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["Cache-Control"] == "private, no-cache"
    promised(clinic, "2031-03-04T11:00")
    assert fetched(path, **{"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_a_feed_is_asked_for_within_limits(clinic: Clinic) -> None:
    assert fetched(made(clinic, Role.PATIENT)).headers["RateLimit-Policy"] == '"feed-address";q=600;w=60'
