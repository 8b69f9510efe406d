"""The operator's seat in the administration: looking mostly, changes by verbs, every sign-in an event."""

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from chiron.audit.models import Event
from chiron.identity.models import Account, Allowance, Session
from chiron.identity.public import Role, create_operator
from chiron.identity.tests.factories import PASSWORD, me, new_member, problem, signed_in
from chiron.identity.tests.test_mfa import on
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.tenancy.public import Organization

PAGES = ["identity/account", "identity/membership", "identity/session", "tenancy/organization", "audit/event"]


@pytest.fixture
def operator(town: Any) -> Account:
    return create_operator(by=Caller(operator=True), username="olga", password=PASSWORD, now=now())


def admin_client(name: str = "olga", password: str = PASSWORD, code: str = "") -> Client:
    client = Client()
    client.post("/admin/login/", {"username": name, "password": password, "code": code, "next": "/admin/"})
    return client


def is_in(client: Client) -> bool:
    return bool(client.get("/admin/").status_code == 200)


def admin_events(account: Account) -> list[tuple[str, str]]:
    """What became of this account's attempts; others were at the door before, and events are never deleted."""
    events = Event.objects.using("accounts").filter(resource="admin", account_id=account.id).order_by("id")
    return list(events.values_list("action", "outcome"))


def test_an_operator_signs_in_and_that_is_an_event(operator: Account) -> None:
    assert is_in(admin_client("Olga"))

    assert admin_events(operator) == [("admin.opened", "success")]


def test_a_browser_signs_in_with_the_forms_token_and_says_where_it_comes_from(operator: Account) -> None:
    """Browsers send `Origin: null`, which is refused, from pages whose policy is to tell no referrer at all."""
    browser = Client(enforce_csrf_checks=True)
    form = browser.get("/admin/login/")
    sent = {"username": "olga", "password": PASSWORD, "next": "/admin/"}

    without = browser.post("/admin/login/", sent, headers={"origin": "http://testserver"})
    foreign = browser.post("/admin/login/", with_token(form, sent), headers={"origin": "http://evil.example"})
    own = browser.post("/admin/login/", with_token(form, sent), headers={"origin": "http://testserver"})

    assert form.headers["Referrer-Policy"] == "same-origin"
    assert (without.status_code, foreign.status_code, own.status_code) == (403, 403, 302)
    assert is_in(browser)


def with_token(form: Any, sent: dict[str, str]) -> dict[str, str]:
    return sent | {"csrfmiddlewaretoken": str(form.context["csrf_token"])}


def test_a_wrong_password_is_refused_and_that_is_an_event_too(operator: Account) -> None:
    assert not is_in(admin_client(password="wrong"))

    assert admin_events(operator) == [("admin.refused", "denied")]


def test_who_has_a_second_factor_comes_in_with_a_code_only_and_each_code_once(hilltop: Any) -> None:
    member = new_member(hilltop.id, Role.ADMIN)
    name = member.account.username
    app, [backup, *_] = on(signed_in(member).access)
    code = app.code()

    assert not is_in(admin_client(name))
    assert not is_in(admin_client(name, code="000000"))
    assert not is_in(admin_client(name, password="wrong", code=code))
    assert is_in(admin_client(name, code=code))
    assert not is_in(admin_client(name, code=code))
    assert is_in(admin_client(name, code=backup))

    shown = Session.objects.filter(account=member.account, revoked_at=None, mfa_at__isnull=False)
    assert shown.count() == 3  # the one that turned it on among them
    assert admin_events(member.account) == [
        *[("admin.refused", "denied")] * 3, ("admin.opened", "success"), ("admin.refused", "denied"),
        ("admin.opened", "success"),
    ]  # fmt: skip


def test_codes_are_not_guessed_however_right_the_password(hilltop: Any) -> None:
    member = new_member(hilltop.id, Role.ADMIN)
    app, _ = on(signed_in(member).access)
    for _ in range(5):
        assert not is_in(admin_client(member.account.username, code="000000"))

    assert not is_in(admin_client(member.account.username, code=app.code()))


def test_one_address_tries_the_names_of_many_no_oftener_than_at_the_api(operator: Account, settings: Any) -> None:
    settings.RATE_LIMITS = "sign-in.address=3/60"
    Allowance.objects.all().delete()

    for name in ("ama", "kofi", "esi"):
        admin_client(name, "wrong")

    assert not is_in(admin_client())
    assert admin_events(operator) == []


def test_a_refused_sign_in_says_the_same_whatever_was_wrong(hilltop: Any) -> None:
    member = new_member(hilltop.id, Role.ADMIN)
    on(signed_in(member).access)
    tried = [("nobody", PASSWORD, ""), (member.account.username, "wrong", ""), (member.account.username, PASSWORD, "1")]

    errors = []
    for name, password, code in tried:
        form = Client().post("/admin/login/", {"username": name, "password": password, "code": code}).context["form"]
        errors.append(form.errors.as_json())

    assert len(set(errors)) == 1


@pytest.mark.parametrize("page", PAGES)
def test_an_admin_of_an_organization_sees_nothing_of_the_platform(page: str, operator: Account, hilltop: Any) -> None:
    member = new_member(hilltop.id, Role.ADMIN)
    client = admin_client(member.account.username)
    assert is_in(client)

    answer = client.get(f"/admin/{page}/")

    assert answer.status_code == (200 if page == "audit/event" else 403)
    assert "olga" not in answer.content.decode()


def test_a_disabled_operator_is_out_at_once(operator: Account) -> None:
    client = admin_client()
    assert is_in(client)

    Account.objects.filter(id=operator.id).update(is_active=False)

    assert not is_in(client)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_lists_and_offers_no_form(page: str, operator: Account, hilltop: Any) -> None:
    signed_in(new_member(hilltop.id))
    client = admin_client()

    answer = client.get(f"/admin/{page}/")

    assert answer.status_code == 200
    assert client.get(f"/admin/{page}/add/").status_code in (403, 404)
    assert client.post(f"/admin/{page}/add/", {}).status_code in (403, 404)


@pytest.mark.parametrize("page", PAGES)
def test_one_row_is_shown_without_its_secrets_and_cannot_be_changed(page: str, operator: Account, hilltop: Any) -> None:
    member = new_member(hilltop.id)
    session = Session.objects.get(account=signed_in(member).account)
    event = Event.objects.using("accounts").order_by("-id")[0]
    ids = [member.account_id, member.id, session.id, hilltop.id, event.id]
    row = dict(zip(PAGES, ids, strict=True))[page]
    client = admin_client()

    answer = client.get(f"/admin/{page}/{row}/change/")

    assert answer.status_code == 200
    assert member.account.password not in answer.content.decode()
    assert client.post(f"/admin/{page}/{row}/change/", {"name": "x"}).status_code in (403, 405)
    assert client.post(f"/admin/{page}/{row}/delete/", {"post": "yes"}).status_code in (403, 404)


def test_the_index_shows_only_our_pages(operator: Account) -> None:
    index = admin_client().get("/admin/").content.decode()

    assert all(f"/admin/{page}/" in index for page in PAGES)
    assert "/admin/auth/group/" not in index


def act(client: Client, page: str, action: str, id: Any) -> Any:
    return client.post(f"/admin/{page}/", {"action": action, "_selected_action": [str(id)]}, follow=True)


def test_a_session_is_revoked_by_the_verb(operator: Account, hilltop: Any) -> None:
    opened = signed_in(new_member(hilltop.id))
    session = Session.objects.get(account=opened.account)

    assert act(admin_client(), "identity/session", "revoke", session.id).status_code == 200

    assert problem(me(opened.access)) == (401, "not-signed-in")
    event = Event.objects.using("accounts").get(action="session.revoked")
    assert (event.account_id, event.resource_id) == (operator.id, session.id)


def test_an_account_is_disabled_and_enabled_by_verbs(operator: Account, hilltop: Any) -> None:
    opened = signed_in(new_member(hilltop.id))
    client = admin_client()

    act(client, "identity/account", "disable", opened.account.id)
    assert problem(me(opened.access)) == (401, "not-signed-in")
    assert not Account.objects.get(id=opened.account.id).is_active

    act(client, "identity/account", "enable", opened.account.id)
    assert Account.objects.get(id=opened.account.id).is_active


def test_an_organization_is_suspended_and_resumed_by_the_verb(operator: Account, hilltop: Any) -> None:
    client = admin_client()

    act(client, "tenancy/organization", "suspend", hilltop.id)
    assert problem(me(hilltop.tokens[Role.ADMIN])) == (403, "organization-suspended")

    act(client, "tenancy/organization", "resume", hilltop.id)
    assert me(hilltop.tokens[Role.ADMIN]).status_code == 200
    assert Organization.objects.get(id=hilltop.id).suspended_at is None


def test_createsuperuser_makes_an_operator(db: None, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)

    call_command("createsuperuser", "--noinput", "--username", "olga", verbosity=0)

    made = Account.objects.get(username="olga")
    assert (made.is_operator, made.is_staff) == (True, True)
    assert is_in(admin_client())
