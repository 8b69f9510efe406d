"""Signing in at the desk by cookies, staying signed in while typing, and signing out; all of it without a script."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from chiron.desk.tests.factories import browser, look, post, text
from chiron.identity.cookies import ACCESS, REFRESH, csrf_token
from chiron.identity.models import Membership, Session
from chiron.identity.public import Role
from chiron.identity.tests.factories import PASSWORD, new_member, signed_in
from chiron.identity.tests.test_mfa import on
from chiron.identity.tokens import issue
from chiron.kernel.clock import now
from chiron.scheduling.tests.factories import receives
from chiron.tenancy.public import inside
from tests.town import Clinic


@pytest.fixture
def member(hilltop: Clinic) -> Membership:
    return new_member(hilltop.id, Role.RECEPTIONIST, username="ama.owusu", email="ama@example.org")


@pytest.fixture
def client(member: Membership) -> Client:
    """A browser with a page of the desk open."""
    return Client(headers={"origin": "http://testserver"})


def sign_in(client: Client, **more: str) -> Any:
    return post(client, "sign-in", **({"name": "ama.owusu", "password": PASSWORD} | more))


def test_whoever_is_not_signed_in_is_led_to_the_sign_in_and_back(client: Client) -> None:
    led = client.get("/desk/?date=2031-03-04")
    form = client.get(led.headers["Location"])
    back = sign_in(client, next=form.context["onward"])

    assert (led.status_code, led.headers["Location"]) == (303, "/desk/sign-in?next=%2Fdesk%2F%3Fdate%3D2031-03-04")
    assert (back.status_code, back.headers["Location"]) == (303, "/desk/?date=2031-03-04")
    assert {name: cookie["httponly"] for name, cookie in back.cookies.items()} == {
        "chiron-access": True, "chiron-refresh": True, "chiron-device": True
    }  # fmt: skip
    shown = client.get(back.headers["Location"])
    assert shown.status_code == 200
    assert "ama.owusu" in text(shown)


@pytest.mark.parametrize("elsewhere", ["https://evil.example/desk/", "//evil.example/desk/", "/admin/", "/desk"])
def test_nobody_is_led_anywhere_but_to_the_desk(elsewhere: str, client: Client) -> None:
    assert sign_in(client, next=elsewhere).headers["Location"] == "/desk/"


def test_a_wrong_password_is_refused_in_words_and_not_shown_again(client: Client) -> None:
    answer = sign_in(client, password="something else")

    assert answer.status_code == 401
    assert "No account fits this name and password." in text(answer)
    assert 'value="ama.owusu"' in answer.content.decode()
    assert b"something else" not in answer.content
    assert not answer.cookies


def test_a_form_of_another_site_signs_nobody_in(member: Membership) -> None:
    for client in (Client(), Client(headers={"origin": "https://evil.example"})):
        answer = sign_in(client)

        assert answer.status_code == 403
        assert not answer.cookies


def test_who_works_for_several_organizations_names_one(client: Client, member: Membership, riverside: Clinic) -> None:
    Membership(account=member.account, organization=riverside.organization, roles=["RECEPTIONIST"]).save(
        force_insert=True
    )

    unnamed = sign_in(client)
    named = sign_in(client, organization="hilltop")

    assert unnamed.status_code == 422
    assert "Say which organization you sign in to." in text(unnamed)
    assert named.status_code == 303
    assert text(client.get("/desk/")).startswith("Skip to the page Hilltop")


def test_who_has_a_second_factor_is_asked_for_its_code(client: Client, member: Membership) -> None:
    app, _ = on(signed_in(member).access)

    asked = sign_in(client, next="/desk/book")
    token = asked.context["challenge"].mfa_token
    wrong = post(client, "sign-in/code", mfa_token=token, code="000000", next="/desk/book")
    right = post(client, "sign-in/code", mfa_token=token, code=app.code(), next="/desk/book")

    assert (asked.status_code, wrong.status_code, right.status_code) == (200, 401, 303)
    assert not asked.cookies
    assert "This code is not right, or was used before." in text(wrong)
    assert f'value="{token}"' in wrong.content.decode()
    assert right.headers["Location"] == "/desk/book"
    assert {ACCESS, REFRESH} <= set(right.cookies)


def test_the_code_of_another_site_signs_nobody_in(client: Client, member: Membership) -> None:
    app, _ = on(signed_in(member).access)
    token = sign_in(client).context["challenge"].mfa_token

    answer = post(Client(), "sign-in/code", mfa_token=token, code=app.code())

    assert answer.status_code == 403
    assert not answer.cookies


def test_guesses_are_limited_and_said_to_be(client: Client, settings: Any) -> None:
    settings.RATE_LIMITS = "sign-in.address=2/60"

    answers = [sign_in(client, password="wrong") for _ in range(3)]

    assert [each.status_code for each in answers] == [401, 401, 429]
    assert "Too many requests: wait before sending more." in text(answers[-1])
    assert answers[-1].headers["Retry-After"]


def age(client: Client, member: Membership) -> None:
    """Six minutes pass: the access token has run out."""
    session = Session.objects.get(account=member.account)
    client.cookies[ACCESS] = issue(session, member.account, member, now() - timedelta(minutes=6))


def test_what_was_typed_for_longer_than_a_token_lives_is_not_lost(
    client: Client, member: Membership, hilltop: Clinic
) -> None:
    sign_in(client)
    with inside(member.organization_id):
        receives(hilltop.doctor_id)
    token = csrf_token(Session.objects.get(account=member.account).id)
    first = client.cookies[REFRESH].value
    age(client, member)

    answer = post(client, "book", csrf_token=token, do="find", name="Mensah")

    assert answer.status_code == 200
    assert [each.person.display for each in answer.context["patients"]] == ["Kofi Mensah"]
    assert set(answer.cookies) == {ACCESS, REFRESH}
    assert client.cookies[REFRESH].value != first
    assert client.get("/desk/").status_code == 200


def test_an_ended_session_is_not_renewed(client: Client, member: Membership) -> None:
    sign_in(client)
    Session.objects.filter(account=member.account).update(revoked_at=now())
    age(client, member)

    answer = client.get("/desk/")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/sign-in?next=%2Fdesk%2F")


def test_a_fragment_asked_for_by_a_script_leads_the_whole_page_to_the_sign_in() -> None:
    asked = {"hx-request": "true", "hx-current-url": "http://testserver/desk/?date=2031-03-04"}

    answer = Client(headers=asked).get("/desk/state")

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/desk/sign-in?next=%2Fdesk%2F%3Fdate%3D2031-03-04"


def test_signing_out_ends_the_session_and_takes_its_cookies(client: Client, member: Membership) -> None:
    sign_in(client)
    session = Session.objects.get(account=member.account)

    answer = post(client, "sign-out", csrf_token=csrf_token(session.id))

    session.refresh_from_db()
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/sign-in")
    assert session.revoked_at is not None
    assert {name: cookie.value for name, cookie in answer.cookies.items()} == {ACCESS: "", REFRESH: ""}
    assert client.get("/desk/").status_code == 303


@pytest.mark.parametrize("token", ["", "forged"])
def test_a_form_without_the_sessions_token_changes_nothing(token: str, hilltop: Clinic) -> None:
    answer = post(browser(hilltop), "sign-out", csrf_token=token)

    assert answer.status_code == 403
    assert Session.objects.get(id=hilltop.sessions[Role.RECEPTIONIST].id).revoked_at is None


def test_a_form_of_another_site_changes_nothing(hilltop: Clinic) -> None:
    elsewhere = browser(hilltop)
    elsewhere.defaults["HTTP_ORIGIN"] = "https://evil.example"

    answer = post(elsewhere, "sign-out", csrf_token=csrf_token(hilltop.sessions[Role.RECEPTIONIST].id))

    assert answer.status_code == 403
    assert Session.objects.get(id=hilltop.sessions[Role.RECEPTIONIST].id).revoked_at is None


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN, Role.DOCTOR, Role.RECEPTIONIST}))
def test_who_has_no_business_at_the_desk_is_told_so(role: Role, hilltop: Clinic) -> None:
    answer = look(hilltop, role=role)

    assert answer.status_code == 403
    assert "Your role does not allow this." in text(answer)
    assert "Sign out" in text(answer)


def test_every_page_runs_under_the_strict_policy(hilltop: Clinic) -> None:
    for path in ("", "book", "sign-in", "appointments/00000000-0000-0000-0000-000000000000", "nothing"):
        policy = look(hilltop, path).headers["Content-Security-Policy"]

        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
