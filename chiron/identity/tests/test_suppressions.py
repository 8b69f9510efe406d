"""Addresses that bounce or complain get no more mail, until staff lift that (REM-08)."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from chiron.audit.models import Event
from chiron.identity.models import Membership, SuppressedAddress
from chiron.identity.public import Role
from chiron.identity.suppressions import Reason, Said, lift, list_suppressed, suppress, suppression_of
from chiron.identity.tests.factories import new_member, problem
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS
from chiron.kernel.errors import NotFound, NotPermitted
from chiron.kernel.schemas import PageQuery
from tests.town import Town

TOKEN = "a-token-of-32-characters-and-more"
NOW = datetime(2031, 3, 4, 12, tzinfo=UTC)
AMA = "ama@example.org"
BASIC = "Basic " + base64.b64encode(f"mailjet:{TOKEN}".encode()).decode()
BOUNCE = {  # as Mailjet's documentation shows it
    "event": "bounce", "time": 1430812195, "MessageID": 13792286917004336, "Message_GUID": "1ab23cd4", "email": AMA,
    "mj_campaign_id": 0, "mj_contact_id": 0, "customcampaign": "", "CustomID": "helloworld", "Payload": "",
    "blocked": False, "hard_bounce": True, "error_related_to": "recipient", "error": "user unknown", "comment": "Host",
}  # fmt: skip


@pytest.fixture(autouse=True)
def token(settings: Any) -> None:
    settings.MAIL_EVENTS_TOKEN = TOKEN


@pytest.fixture
def member(town: Town) -> Membership:
    return new_member(town.hilltop.id, Role.RECEPTIONIST, username="ama.owusu", email=AMA)


def told(body: object, path: str = "/api/mail/events/mailjet", authorization: str = BASIC) -> Any:
    headers = {"authorization": authorization} if authorization else {}
    return Client(headers=headers).post(path, body, content_type="application/json")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (BOUNCE, "bounced"),
        (BOUNCE | {"hard_bounce": False}, ""),
        (BOUNCE | {"hard_bounce": False, "blocked": True}, "bounced"),
        ({"event": "blocked", "time": 1, "email": AMA, "error": "preblocked"}, "bounced"),
        ({"event": "blocked", "time": 1, "email": AMA, "error": "content blocked"}, ""),
        ({"event": "spam", "time": 1430812195, "email": "Ama@Example.org", "source": "JMRPP"}, "complained"),
        ({"event": "unsub", "time": 1430812195, "email": AMA, "mj_list_id": 1, "geo": "GH"}, "unsubscribed"),
        ({"event": "open", "time": 1430812195, "email": AMA, "ip": "127.0.0.1"}, ""),
        ({"event": "something new", "email": AMA}, ""),
        ({"event": "spam"}, ""),
    ],
)
def test_what_mailjet_says_of_an_address(said: dict[str, Any], reason: str, town: Town) -> None:
    answer = told(said)

    assert (answer.status_code, answer.json()) == (200, {"suppressed": 1 if reason else 0})
    assert suppression_of(AMA) == reason


def test_grouped_events_are_taken_one_by_one_and_twice_is_once(town: Town) -> None:
    group = [BOUNCE, BOUNCE | {"email": "kofi@example.org"}, BOUNCE, {"event": "sent", "email": "esi@example.org"}]

    assert [told(group).json(), told(group).json(), told([]).json()] == [
        {"suppressed": 2}, {"suppressed": 0}, {"suppressed": 0}
    ]  # fmt: skip
    assert [suppression_of(each) for each in (AMA, "kofi@example.org", "esi@example.org")] == ["bounced", "bounced", ""]
    assert Event.objects.using(ACCOUNTS).filter(action="mail.suppressed").count() == 1


def test_any_other_carrier_says_it_plainly(town: Town) -> None:
    said = [{"event": "complained", "email": AMA}, {"event": "bounced", "email": "kofi@example.org", "smtp": "550"},
            {"event": "delivered", "email": "esi@example.org"}]  # fmt: skip

    answer = told({"events": said}, "/api/mail/events", f"Bearer {TOKEN}")

    assert (answer.status_code, answer.json()) == (200, {"suppressed": 2})
    assert [suppression_of(each) for each in (AMA, "kofi@example.org", "esi@example.org")] == [
        "complained", "bounced", ""
    ]  # fmt: skip


def test_no_address_is_kept_in_clear(town: Town) -> None:
    told(BOUNCE)

    [row] = SuppressedAddress.objects.all()
    assert len(bytes(row.index)) == 16
    assert AMA not in str(vars(row))


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", f"Basic {TOKEN}", "Basic \u00e9", BASIC[:-8], "Basic ="])
@pytest.mark.parametrize("path", ["/api/mail/events", "/api/mail/events/mailjet"])
def test_who_does_not_show_the_token_changes_nothing(authorization: str, path: str, town: Town) -> None:
    body = BOUNCE if path.endswith("mailjet") else {"events": [BOUNCE]}

    assert problem(told(body, path, authorization)) == (401, "not-signed-in")
    assert not SuppressedAddress.objects.exists()


def test_without_a_token_nobody_is_listened_to(town: Town, settings: Any) -> None:
    settings.MAIL_EVENTS_TOKEN = ""

    assert problem(told(BOUNCE)) == (404, "not-found")
    assert problem(told(BOUNCE, authorization="Bearer ")) == (404, "not-found")
    assert not SuppressedAddress.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        [7], None, {"email": AMA}, {"event": ["spam"], "email": AMA}, {"event": "spam", "email": {"a": 1}},
        {"event": "spam", "email": AMA, "time": -1}, {"event": "spam", "email": AMA, "time": 10**30},
        {"event": "spam", "email": "x" * 255}, [[BOUNCE]], [BOUNCE] * 5001,
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_and_changes_nothing(body: object, town: Town) -> None:
    answer = told(body)

    assert answer.status_code == 422
    assert AMA not in answer.content.decode()
    assert not SuppressedAddress.objects.exists()


def test_staff_see_their_members_alone_and_lift(town: Town, member: Membership) -> None:
    admin, neighbour = town.hilltop.who[Role.ADMIN], town.riverside.who[Role.ADMIN]
    suppress(by=Caller(), said=[Said(AMA, Reason.BOUNCED, NOW)], now=NOW)

    [seen] = list_suppressed(admin, PageQuery()).rows
    assert (seen.membership.id, seen.row.reason, seen.row.at) == (member.id, "bounced", NOW)
    assert list_suppressed(neighbour, PageQuery()).rows == []
    with pytest.raises(NotFound):
        lift(by=neighbour, address=AMA, now=NOW)
    with pytest.raises(NotPermitted):
        lift(by=town.hilltop.who[Role.LAB], address=AMA, now=NOW)
    assert suppression_of(AMA) == "bounced"

    lift(by=admin, address=" Ama@example.org", now=NOW + timedelta(hours=1))

    assert suppression_of(AMA) == ""
    assert list_suppressed(admin, PageQuery()).rows == []
    with pytest.raises(NotFound):
        lift(by=admin, address=AMA, now=NOW)


def test_what_was_said_before_it_was_lifted_does_not_come_back(town: Town, member: Membership) -> None:
    hour = timedelta(hours=1)
    suppress(by=Caller(), said=[Said(AMA, Reason.BOUNCED, NOW)], now=NOW)
    lift(by=town.hilltop.who[Role.ADMIN], address=AMA, now=NOW + hour)

    assert suppress(by=Caller(), said=[Said(AMA, Reason.BOUNCED, NOW)], now=NOW + 2 * hour) == 0
    assert suppression_of(AMA) == ""
    assert suppress(by=Caller(), said=[Said(AMA, Reason.COMPLAINED, NOW + 2 * hour)], now=NOW + 3 * hour) == 1
    assert suppression_of(AMA) == "complained"


def test_over_the_api(town: Town, member: Membership) -> None:
    told(BOUNCE)
    desk = Client(headers={"authorization": f"Bearer {town.hilltop.tokens[Role.RECEPTIONIST]}"})

    shown = desk.get("/api/mail/suppressions").json()
    lifted = desk.post("/api/mail/suppressions/lift", {"email": AMA}, content_type="application/json")

    assert shown["suppressed"] == [
        {"membership_id": str(member.id), "username": "ama.owusu", "email": AMA, "reason": "bounced",
         "since": "2015-05-05T07:49:55+00:00"}
    ]  # fmt: skip
    assert lifted.status_code == 204
    assert suppression_of(AMA) == ""
