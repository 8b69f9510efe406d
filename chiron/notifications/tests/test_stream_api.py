"""Opening a stream: who may, from where on, and what it tells; as a server answers that keeps none open."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.ids import new_id
from chiron.notifications import streams
from chiron.notifications.models import Notification
from chiron.notifications.public import Kind, notify
from chiron.tenancy.public import inside
from tests.listening import STREAM, Heard, parsed
from tests.town import Clinic

ABOUT = new_id()


def tell(clinic: Clinic, *roles: Role, times: int = 1, kind: Kind = Kind.BOOKED) -> None:
    accounts = [clinic.who[role].account_id or ABOUT for role in roles]
    for _ in range(times):
        with inside(clinic.id):
            notify(kind=kind, to=accounts, resource="appointments", resource_id=ABOUT, now=now())


def told(answer: Any) -> list[Heard]:
    """The events with data."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream")
    return [each for each in parsed(answer.content) if "data" in each.fields]


def numbers(answer: Any) -> list[int]:
    return [each.number for each in told(answer)]


@pytest.fixture
def clinic(lakeside: Clinic) -> Clinic:
    """One whose admin was told something five times."""
    tell(lakeside, Role.ADMIN, times=5)
    return lakeside


def test_from_a_number_on_everything_is_told_in_order(clinic: Clinic) -> None:
    answer = clinic.client(Role.ADMIN).get(STREAM, headers={"last-event-id": "2"})

    assert numbers(answer) == [3, 4, 5]
    with inside(clinic.id):
        rows = {each.number: each for each in Notification.objects.all()}
        assert [UUID(each.data["id"]) for each in told(answer)] == [rows[number].id for number in (3, 4, 5)]
    assert told(answer)[0].data.keys() == {"number", "id", "kind", "resource", "resource_id", "link", "at", "read_at"}
    said = {"kind": "appointment.booked", "resource": "appointments", "resource_id": str(ABOUT), "read_at": None}
    assert said.items() <= told(answer)[0].data.items()


def test_without_a_number_it_begins_now_and_says_from_where(clinic: Clinic) -> None:
    answer = clinic.client(Role.ADMIN).get(STREAM)

    assert parsed(answer.content) == [Heard({"retry": "3000", "id": "5"})]


def test_the_first_number_may_be_in_the_address_and_the_browsers_own_word_counts_more(clinic: Clinic) -> None:
    client = clinic.client(Role.ADMIN)

    assert numbers(client.get(f"{STREAM}?last_event_id=0")) == [1, 2, 3, 4, 5]
    assert numbers(client.get(f"{STREAM}?last_event_id=0", headers={"last-event-id": "4"})) == [5]


@pytest.mark.parametrize("last", ["6", "900", str(2**63 - 1)])
def test_a_number_that_was_not_reached_yet_stands_for_the_last(last: str, clinic: Clinic) -> None:
    answer = clinic.client(Role.ADMIN).get(STREAM, headers={"last-event-id": last})

    assert parsed(answer.content) == [Heard({"retry": "3000", "id": "5"})]


@pytest.mark.parametrize("last", ["", " ", "x", "-1", "1.5", "1e3", str(2**63), "9" * 5000, "\u0663", "0x1", "1,2"])
def test_what_is_no_number_is_refused(last: str, clinic: Clinic) -> None:
    client = clinic.client(Role.ADMIN)

    by_header = client.get(STREAM, headers={"last-event-id": last})
    by_address = client.get(STREAM, {"last_event_id": last})

    assert {by_header.status_code, by_address.status_code} <= {400, 422}
    assert last.strip() == "" or last not in by_header.content.decode()
    assert opened(clinic) == 0


@pytest.mark.parametrize("last", ["1\x00", "\x00"])
def test_what_nobody_can_read_is_refused(last: str, clinic: Clinic) -> None:
    assert clinic.client(Role.ADMIN).get(STREAM, headers={"last-event-id": last}).status_code == 400


def test_what_an_account_does_not_want_to_see_arrives_read(clinic: Clinic) -> None:
    with inside(clinic.id):
        Notification.objects.filter(number=5).update(read_at=now())

    heard = told(clinic.client(Role.ADMIN).get(f"{STREAM}?last_event_id=3"))
    assert [each.data["read_at"] is not None for each in heard] == [False, True]


def test_opening_one_is_an_event(clinic: Clinic) -> None:
    clinic.client(Role.ADMIN).get(STREAM)

    assert opened(clinic) == 1


def opened(clinic: Clinic) -> int:
    with inside(clinic.id):
        return Event.objects.using("clinical").filter(action="notification.followed").count()


def test_an_account_that_has_enough_of_them_is_told_to_wait(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "OF_AN_ACCOUNT", 0)

    answer = clinic.client(Role.ADMIN).get(STREAM)

    assert (answer.status_code, answer.json()["type"]) == (429, "/problems/too-many-requests")
    assert int(answer.headers["Retry-After"]) > 0
    assert opened(clinic) == 0


def browser(token: str, **headers: str) -> Client:
    client = Client(headers=headers)
    client.cookies["chiron-access"] = token
    return client


@pytest.mark.parametrize("origin", [None, "http://testserver"])
def test_a_page_of_ours_is_let_in_by_its_cookie(origin: str | None, clinic: Clinic) -> None:
    page = browser(clinic.tokens[Role.ADMIN], **({"origin": origin} if origin else {}))

    assert numbers(page.get(STREAM, headers={"last-event-id": "3"})) == [4, 5]


@pytest.mark.parametrize("origin", ["https://evil.example", "http://a.testserver", "http://testserver:81", "null"])
def test_a_page_of_another_site_is_not(origin: str, clinic: Clinic) -> None:
    answer = browser(clinic.tokens[Role.ADMIN], origin=origin).get(STREAM, headers={"last-event-id": "3"})

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/cross-site")


def test_a_token_in_a_header_is_nobodys_but_the_callers_whatever_the_origin(clinic: Clinic) -> None:
    client = clinic.client(Role.ADMIN)

    assert client.get(STREAM, headers={"origin": "https://evil.example"}).status_code == 200


def test_without_a_token_there_is_none(clinic: Clinic) -> None:
    assert Client().get(STREAM).status_code == 401


def test_each_is_told_their_own_whichever_number_they_name(hilltop: Clinic, riverside: Clinic) -> None:
    tell(hilltop, Role.ADMIN, times=3)
    tell(hilltop, Role.DOCTOR, Role.LAB, times=2)
    tell(riverside, Role.ADMIN, kind=Kind.ASSIGNED)

    heard = {
        (clinic.organization.slug, role): [each.data["kind"] for each in told(
            clinic.client(role).get(STREAM, headers={"last-event-id": "0"})
        )]
        for clinic, role in [(hilltop, Role.ADMIN), (hilltop, Role.DOCTOR), (hilltop, Role.PATIENT),
                             (riverside, Role.ADMIN), (riverside, Role.DOCTOR)]
    }  # fmt: skip

    assert heard == {
        ("hilltop", Role.ADMIN): ["appointment.booked"] * 3, ("hilltop", Role.DOCTOR): ["appointment.booked"] * 2,
        ("hilltop", Role.PATIENT): [], ("riverside", Role.ADMIN): ["patient.assigned"], ("riverside", Role.DOCTOR): [],
    }  # fmt: skip


def test_an_account_of_two_organizations_is_told_in_each_what_happened_there(
    hilltop: Clinic, riverside: Clinic
) -> None:
    same = hilltop.who[Role.ADMIN].account_id or ABOUT
    tell(hilltop, Role.ADMIN)
    with inside(riverside.id):
        for _ in range(3):
            notify(kind=Kind.SECURITY, to=[same], resource="sessions", resource_id=new_id(), now=now())

    answer = hilltop.client(Role.ADMIN).get(STREAM, headers={"last-event-id": "0"})

    assert [(each.number, each.data["kind"]) for each in told(answer)] == [(1, "appointment.booked")]


def test_old_notifications_are_told_as_they_were(clinic: Clinic) -> None:
    with inside(clinic.id):
        Notification.objects.filter(number=1).update(at=now() - timedelta(days=400))
        Notification.objects.filter(number__in=[2, 4]).delete()

    assert numbers(clinic.client(Role.ADMIN).get(f"{STREAM}?last_event_id=0")) == [1, 3, 5]
