"""Signing in and out over HTTP."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.hashers import check_password
from django.test import Client

from chiron.audit.models import Event
from chiron.identity import passwords
from chiron.identity.models import Account, Membership, Session
from chiron.identity.public import Role, add_membership, create_operator
from chiron.identity.services.accounts import disable_account
from chiron.identity.services.organizations import change_organization
from chiron.identity.tests.factories import PASSWORD, me, new_member, post, problem, signed_in, with_token
from chiron.identity.tokens import verified
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.vault.public import platform_safe

OPERATOR = Caller(operator=True)


@pytest.fixture
def member(hilltop: Any) -> Membership:
    return new_member(hilltop.id, Role.RECEPTIONIST, username="Ama.Owusu", email="Ama@Example.org")


def login(name: str = "Ama.Owusu", password: str = PASSWORD, headers: dict[str, str] | None = None, **more: Any) -> Any:
    return post("/auth/login", {"username": name, "password": password} | more, **headers or {})


def events(action: str, account_id: UUID | None) -> list[Event]:
    found = Event.objects.using("accounts").filter(action=action, account_id=account_id)
    return list(found.order_by("-id"))


def test_signing_in_gives_tokens_and_says_who_one_is(hilltop: Any, member: Membership) -> None:
    answer = login(organization="hilltop")

    assert answer.status_code == 200
    assert answer.json()["user"] == {
        "id": str(member.account_id),
        "username": "Ama.Owusu",
        "email": "Ama@Example.org",
        "email_verified": False,
        "roles": ["RECEPTIONIST"],
        "approved": True,
        "operator": False,
        "organization": {"id": str(hilltop.id), "slug": "hilltop", "name": "Hilltop"},
        "provider_id": None,
        "patient_id": None,
        "locale": None,
    }
    assert set(answer.json()) == {"access", "refresh", "user"}
    assert me(answer.json()["access"]).json()["user"] == answer.json()["user"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["ama.owusu", "AMA.OWUSU", "ama@example.org", "AMA@EXAMPLE.ORG"])
def test_case_does_not_matter_and_an_address_will_do(name: str, member: Membership) -> None:
    assert login(name).status_code == 200


def test_the_address_may_come_under_its_own_name(member: Membership) -> None:
    assert post("/auth/login", {"email": "ama@example.org", "password": PASSWORD}).status_code == 200


def test_a_sign_in_is_an_event_of_the_organization_with_its_origin(hilltop: Any, member: Membership) -> None:
    answer = login(headers={"user_agent": "Firefox"})

    [event] = events("session.opened", member.account_id)
    assert (event.organization_id, event.outcome) == (hilltop.id, "success")
    assert platform_safe().open(event, "payload") == {"address": "127.0.0.1", "device": "Firefox"}
    assert event.session_id == verified(answer.json()["access"]).caller.session_id


REFUSED: dict[str, dict[str, Any]] = {
    "wrong password": {"password": "wrong"},
    "unknown name": {"name": "nobody"},
    "unknown address": {"name": "nobody@example.org"},
    "another organization's member": {"organization": "riverside"},
    "no organization of that name": {"organization": "unheard-of"},
}


@pytest.mark.parametrize("why", REFUSED)
def test_every_refusal_reads_the_same_and_opens_nothing(why: str, member: Membership, riverside: Any) -> None:
    usual = login("nobody", "wrong")

    answer = login(**REFUSED[why])

    assert problem(answer) == (401, "wrong-credentials")
    assert answer.content == usual.content
    varying = ("X-Request-Id",)
    assert {k: v for k, v in answer.items() if k not in varying} == {k: v for k, v in usual.items() if k not in varying}
    assert not Session.objects.filter(account=member.account).exists()


def test_a_disabled_account_is_refused_like_an_unknown_one(member: Membership) -> None:
    disable_account(by=OPERATOR, account_id=member.account_id, now=now())

    assert login().content == login("nobody").content


def test_a_disabled_account_is_not_even_asked_for_its_organization(member: Membership, riverside: Any) -> None:
    add_membership(by=riverside.who[Role.ADMIN], account=member.account, roles=[Role.LAB], now=now())
    disable_account(by=OPERATOR, account_id=member.account_id, now=now())

    assert problem(login()) == (401, "wrong-credentials")


def test_a_refusal_is_an_event_of_the_account_and_does_not_hold_what_was_typed(member: Membership) -> None:
    login(password="a secret typed wrongly")
    login("somebody's secret typed as a name")

    [event] = events("session.refused", member.account_id)
    assert event.outcome == "denied"
    for each in [event, *events("session.refused", None)]:
        assert "typed" not in str(platform_safe().open(each, "payload"))


def test_an_unknown_name_costs_the_work_of_a_known_one(member: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    def check(raw: str, encoded: str, setter: object = None) -> bool:
        checked.append(encoded)
        return check_password(raw, encoded)

    monkeypatch.setattr(passwords, "check_password", check)

    for name in ("Ama.Owusu", "nobody"):
        login(name, "wrong")

    known, unknown = (encoded.rsplit("$", 2)[0] for encoded in checked)
    assert known == unknown
    assert known.startswith("argon2$argon2id$")


@pytest.mark.parametrize(
    "body",
    [{}, {"username": "x"}, {"password": "x"}, {"username": "", "password": "x"}, {"username": 1, "password": 2}],
)
def test_a_body_that_names_nobody_is_not_valid(body: dict[str, Any], db: None) -> None:
    assert problem(post("/auth/login", body)) == (422, "invalid")


def test_who_belongs_to_several_organizations_says_which(hilltop: Any, riverside: Any, member: Membership) -> None:
    add_membership(by=riverside.who[Role.ADMIN], account=member.account, roles=[Role.LAB], now=now())

    refused = login()
    chosen = [
        login(organization="riverside"),
        login(headers={"x_organization": "riverside"}),
        login(organization="riverside", headers={"x_organization": "hilltop"}),
    ]

    assert problem(refused) == (422, "choose-organization")
    assert set(refused.json()) == {"type", "title", "status"}
    assert [answer.json()["user"]["organization"]["slug"] for answer in chosen] == ["riverside"] * 3
    assert chosen[0].json()["user"]["roles"] == ["LAB"]


def test_the_host_name_chooses_too(hilltop: Any, riverside: Any, member: Membership, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    add_membership(by=riverside.who[Role.ADMIN], account=member.account, roles=[Role.LAB], now=now())
    domains = {"domains": ["Riverside.example.org"]}
    change_organization(by=OPERATOR, organization_id=riverside.id, changes=domains, now=now())

    answer = login(headers={"host": "riverside.EXAMPLE.org:8443"})

    assert answer.json()["user"]["organization"]["slug"] == "riverside"
    host = {"host": "riverside.example.org"}
    assert me(answer.json()["access"], **host).status_code == 200
    assert problem(me(hilltop.tokens[Role.ADMIN], **host)) == (404, "not-found")


def test_a_suspended_organization_answers_nobody_and_keeps_its_data(hilltop: Any, member: Membership) -> None:
    token = signed_in(member).access
    change_organization(by=OPERATOR, organization_id=hilltop.id, changes={}, suspended=True, now=now())

    assert problem(login()) == (403, "organization-suspended")
    assert problem(login(password="wrong")) == (401, "wrong-credentials")
    assert problem(me(token)) == (403, "organization-suspended")
    for role in Role:
        assert problem(hilltop.client(role).get("/api/patients")) == (403, "organization-suspended")

    change_organization(by=OPERATOR, organization_id=hilltop.id, changes={}, suspended=False, now=now())
    assert me(token).status_code == 200


def test_an_operator_signs_in_to_no_organization(hilltop: Any) -> None:
    create_operator(by=OPERATOR, username="olga", password=PASSWORD, now=now())

    user = login("olga").json()["user"]

    assert (user["operator"], user["organization"], user["roles"]) == (True, None, [])


def test_logout_ends_this_session_only(member: Membership) -> None:
    here, there = signed_in(member), signed_in(member)

    answer = with_token(here.access).post("/api/auth/logout/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert problem(me(here.access)) == (401, "not-signed-in")
    assert problem(post("/auth/refresh", {"refresh": here.refresh})) == (401, "refresh-refused")
    assert me(there.access).status_code == 200
    assert len(events("session.closed", member.account_id)) == 1


def test_logout_all_ends_every_session_in_every_organization(member: Membership, riverside: Any) -> None:
    other = add_membership(by=riverside.who[Role.ADMIN], account=member.account, roles=[Role.LAB], now=now())
    tokens = [signed_in(member).access, signed_in(member).access, signed_in(other).access]

    assert with_token(tokens[0]).post("/api/auth/logout-all").status_code == 204

    assert [me(token).status_code for token in tokens] == [401, 401, 401]


def test_own_sessions_are_listed_with_device_and_address(member: Membership) -> None:
    signed_in(member)
    token = login(headers={"user_agent": "Firefox"}).json()["access"]

    answer = with_token(token).get("/api/auth/sessions").json()

    assert answer["next"] is None
    latest, earlier = answer["sessions"]
    assert (latest["device"], latest["address"], latest["current"]) == ("Firefox", "127.0.0.1", True)
    assert (earlier["current"], earlier["organization_id"]) == (False, str(member.organization_id))


def test_one_of_my_sessions_is_ended_by_its_id(member: Membership) -> None:
    here, there = signed_in(member), signed_in(member)
    client = with_token(here.access)
    [other] = [each["id"] for each in client.get("/api/auth/sessions").json()["sessions"] if not each["current"]]

    assert client.delete(f"/api/auth/sessions/{other}").status_code == 204

    assert problem(me(there.access)) == (401, "not-signed-in")
    assert problem(client.delete(f"/api/auth/sessions/{other}")) == (404, "not-found")
    assert len(client.get("/api/auth/sessions").json()["sessions"]) == 1


def test_the_sessions_of_others_are_not_mine_to_end(member: Membership, hilltop: Any) -> None:
    theirs = signed_in(new_member(hilltop.id))
    session = Session.objects.get(account=theirs.account)

    answer = with_token(signed_in(member).access).delete(f"/api/auth/sessions/{session.id}")

    assert problem(answer) == (404, "not-found")
    assert me(theirs.access).status_code == 200


CALLS = [
    ("post", "/api/auth/logout"),
    ("post", "/api/auth/logout-all"),
    ("get", "/api/auth/sessions"),
    ("delete", "/api/auth/sessions/01900000-0000-7000-8000-000000000000"),
    ("get", "/api/users/me"),
    ("put", "/api/users/me"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_without_signing_in_there_is_nothing(method: str, path: str, db: None) -> None:
    assert problem(getattr(Client(), method)(path)) == (401, "not-signed-in")


def test_the_address_is_what_our_own_proxy_saw(member: Membership, settings: Any) -> None:
    claimed = {"x_forwarded_for": "6.6.6.6, 192.0.2.7"}
    seen = []
    for trusted in (0, 1, 3):
        settings.TRUSTED_PROXIES = trusted
        token = login(headers=claimed).json()["access"]
        [session] = [s for s in with_token(token).get("/api/auth/sessions").json()["sessions"] if s["current"]]
        seen.append(session["address"])

    assert seen == ["127.0.0.1", "192.0.2.7", "127.0.0.1"]


def test_passwords_are_kept_as_argon2id(member: Membership) -> None:
    assert Account.objects.get(id=member.account_id).password.startswith("argon2$argon2id$")
