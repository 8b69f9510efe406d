"""Reading what one was told: one's own, in order, in one's language."""

from typing import Any

import pytest

from chiron.identity.public import Role
from chiron.kernel.ids import new_id
from chiron.notifications.models import Preference, QuietHours
from chiron.notifications.public import Kind
from chiron.notifications.tests.factories import call, mails, tell
from chiron.tenancy.public import inside
from tests.town import Clinic

DOCTOR, DESK, LAB = Role.DOCTOR, Role.RECEPTIONIST, Role.LAB


def listed(clinic: Clinic, role: Role = DOCTOR, query: str = "", language: str = "") -> Any:
    answer = call(clinic.client(role), "get", f"/notifications{query}", **{"accept-language": language})
    assert answer.status_code == 200, answer.content
    return answer.json()


def numbers(clinic: Clinic, role: Role = DOCTOR, query: str = "") -> list[int]:
    return [each["number"] for each in listed(clinic, role, query)["notifications"]]


def test_somebody_reads_what_they_were_told_the_newest_first(hilltop: Clinic) -> None:
    booked = tell(hilltop, DOCTOR)
    moved = tell(hilltop, DOCTOR, DESK, kind=Kind.MOVED)

    found = listed(hilltop)

    assert [(each["number"], each["kind"], each["resource_id"]) for each in found["notifications"]] == [
        (2, "appointment.moved", str(moved)),
        (1, "appointment.booked", str(booked)),
    ]
    assert (found["unread"], found["next"], found["notifications"][0]["link"]) == (
        2,
        None,
        f"/api/appointments/{moved}",
    )
    assert numbers(hilltop, DESK) == [1]


def test_doctors_find_the_same_among_theirs(hilltop: Clinic) -> None:
    tell(hilltop, DOCTOR)

    assert call(hilltop.client(DOCTOR), "get", "/doctors/notifications").json() == listed(hilltop)


def test_a_list_comes_in_pages_and_can_leave_out_what_is_read(hilltop: Clinic) -> None:
    for _ in range(3):
        tell(hilltop, DOCTOR)
    newest = listed(hilltop, query="?limit=1")
    call(hilltop.client(DOCTOR), "post", f"/notifications/{newest['notifications'][0]['id']}/read")

    assert numbers(hilltop, query=f"?limit=1&cursor={newest['next']}") == [2]
    assert numbers(hilltop, query="?unread=true") == [2, 1]
    assert listed(hilltop, query="?limit=1&unread=true")["unread"] == 2


def test_what_is_read_stays_read_since_the_first_time(hilltop: Clinic) -> None:
    tell(hilltop, DOCTOR)
    [one] = listed(hilltop)["notifications"]
    path = f"/notifications/{one['id']}/read"

    first = call(hilltop.client(DOCTOR), "post", path).json()["notification"]
    again = call(hilltop.client(DOCTOR), "post", path).json()["notification"]

    assert one["read_at"] is None
    assert first["read_at"] is not None
    assert again == first
    assert call(hilltop.client(DOCTOR), "get", "/notifications/unread").json() == {"unread": 0}


def test_anothers_notification_next_doors_and_none_are_one_404(hilltop: Clinic, riverside: Clinic) -> None:
    tell(hilltop, DESK)
    tell(riverside, DOCTOR)
    ids = [listed(hilltop, DESK)["notifications"][0]["id"], listed(riverside)["notifications"][0]["id"], new_id()]

    answers = [call(hilltop.client(DOCTOR), "post", f"/notifications/{each}/read") for each in ids]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({answer.content for answer in answers}) == 1
    assert (listed(hilltop, DESK)["unread"], listed(riverside)["unread"]) == (1, 1)


def test_reading_all_leaves_what_came_after_the_number_that_was_seen(hilltop: Clinic) -> None:
    for _ in range(3):
        tell(hilltop, DOCTOR, DESK)

    some = call(hilltop.client(DOCTOR), "post", "/notifications/read_all?up_to=2").json()
    again = call(hilltop.client(DOCTOR), "post", "/notifications/read_all?up_to=2").json()
    left = numbers(hilltop, query="?unread=true")
    rest = call(hilltop.client(DOCTOR), "post", "/notifications/read_all").json()

    assert (some, again, left, rest) == (
        {"marked": 2, "unread": 1},
        {"marked": 0, "unread": 1},
        [3],
        {"marked": 1, "unread": 0},
    )
    assert listed(hilltop, DESK)["unread"] == 3


@pytest.mark.parametrize("up_to", ["0", "-1", str(2**63), "all"])
def test_a_number_that_can_be_none_is_refused_and_nothing_is_read(hilltop: Clinic, up_to: str) -> None:
    tell(hilltop, DOCTOR)

    answer = call(hilltop.client(DOCTOR), "post", f"/notifications/read_all?up_to={up_to}")

    assert (answer.status_code, listed(hilltop)["unread"]) == (422, 1)


@pytest.mark.parametrize(
    ("accepted", "title"),
    [
        ("fr-CA, en;q=0.5", "Un rendez-vous a été pris."),
        ("de, fr;q=0.3, en;q=0.9", "An appointment was booked."),
        ("fr;q=0", "An appointment was booked."),
        ("de", "An appointment was booked."),
        ("", "An appointment was booked."),
    ],
)
def test_words_are_in_the_language_of_who_reads(hilltop: Clinic, accepted: str, title: str) -> None:
    tell(hilltop, DOCTOR)

    [one] = listed(hilltop, language=accepted)["notifications"]

    assert one["title"] == title


def test_who_wishes_for_no_language_of_ours_reads_the_organizations(hilltop: Clinic) -> None:
    tell(hilltop, DOCTOR)
    call(hilltop.client(Role.ADMIN), "patch", f"/organizations/{hilltop.id}", {"locale": "fr-SN"})

    [one] = listed(hilltop, language="de")["notifications"]

    assert one["title"] == "Un rendez-vous a été pris."


def test_every_kind_has_its_words_in_every_language(hilltop: Clinic) -> None:
    for kind in Kind:
        tell(hilltop, DOCTOR, kind=kind)

    spoken = [listed(hilltop, language=each)["notifications"] for each in ("en", "fr")]

    assert len({each["title"] for told in spoken for each in told}) == 2 * len(Kind)


def test_preferences_begin_as_they_are_for_everybody_and_say_what_is_fixed(hilltop: Clinic) -> None:
    found = call(hilltop.client(DOCTOR), "get", "/notifications/preferences").json()

    assert found["quiet_hours"] is None
    assert len(found["preferences"]) == 2 * len(Kind)
    assert {each["kind"] for each in found["preferences"] if each["fixed"]} == {"glass.broken", "account.security"}
    silent = {"patient.assigned", "record.annotated", "model.drifted", "batch.ended"}
    assert {each["kind"] for each in found["preferences"] if not each["on"]} == silent


def test_what_is_off_arrives_read_and_is_not_mailed(hilltop: Clinic) -> None:
    off = [{"kind": "appointment.booked", "channel": channel, "on": False} for channel in ("app", "email")]

    said = call(hilltop.client(DOCTOR), "put", "/notifications/preferences", {"preferences": off})
    tell(hilltop, DOCTOR, DESK)
    tell(hilltop, DOCTOR, kind=Kind.MOVED)

    assert said.status_code == 200
    assert [each for each in said.json()["preferences"] if each["kind"] == "appointment.booked"] == [
        each | {"fixed": False} for each in off
    ]
    assert (numbers(hilltop), numbers(hilltop, query="?unread=true")) == ([2, 1], [2])
    assert len(mails(hilltop)) == 2
    assert listed(hilltop, DESK)["unread"] == 1


def test_preferences_said_anew_replace_what_was_said(hilltop: Clinic) -> None:
    wish = {"kind": "appointment.booked", "channel": "app", "on": False}
    night = {"begin": "22:00", "end": "07:00", "time_zone": "Africa/Accra"}
    path = "/notifications/preferences"
    client = hilltop.client(DOCTOR)

    first = call(client, "put", path, {"preferences": [wish], "quiet_hours": night}).json()
    second = call(client, "put", path, {"preferences": []}).json()

    assert first["quiet_hours"] == {"begin": "22:00:00", "end": "07:00:00", "time_zone": "Africa/Accra"}
    assert (second["quiet_hours"], all(each["on"] for each in second["preferences"][:1])) == (None, True)
    with inside(hilltop.id):
        assert (Preference.objects.count(), QuietHours.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "body",
    [
        {"preferences": [{"kind": "account.security", "channel": "app", "on": False}]},
        {"preferences": [{"kind": "glass.broken", "channel": "email", "on": False}]},
        {"preferences": [{"kind": "appointment.booked", "channel": "pigeon", "on": False}]},
        {"preferences": [{"kind": "appointment.booked", "channel": "app", "on": True}] * 2},
        {"preferences": [], "quiet_hours": {"begin": "22:00", "end": "22:00", "time_zone": "UTC"}},
        {"preferences": [], "quiet_hours": {"begin": "22:00", "end": "07:00", "time_zone": "Mars/Base"}},
        {"preferences": [], "quiet_hours": {"begin": "22:00:01", "end": "07:00", "time_zone": "UTC"}},
    ],
)
def test_what_cannot_be_preferred_is_refused_and_nothing_changes(hilltop: Clinic, body: Any) -> None:
    answer = call(hilltop.client(DOCTOR), "put", "/notifications/preferences", body)

    assert answer.status_code == 422
    with inside(hilltop.id):
        assert (Preference.objects.count(), QuietHours.objects.count()) == (0, 0)


def test_what_cannot_be_muted_is_named(hilltop: Clinic) -> None:
    off = [{"kind": kind, "channel": "app", "on": False} for kind in ("account.security", "patient.assigned")]

    answer = call(hilltop.client(DOCTOR), "put", "/notifications/preferences", {"preferences": off})

    assert (answer.json()["type"], answer.json()["kinds"]) == ("/problems/kind-not-mutable", ["account.security"])


def test_a_list_takes_as_many_queries_however_long_it_is(hilltop: Clinic, django_assert_num_queries: Any) -> None:
    tell(hilltop, DOCTOR)
    client = hilltop.client(DOCTOR)
    listed(hilltop)

    for _ in range(2):
        with django_assert_num_queries(4, using="clinical"):
            assert call(client, "get", "/notifications", **{"accept-language": "en"}).status_code == 200
        for _ in range(20):
            tell(hilltop, DOCTOR)
