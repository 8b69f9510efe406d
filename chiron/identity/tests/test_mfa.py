"""Second factors over HTTP: setting one up, signing in with it, showing it again, taking it away."""

from datetime import timedelta
from typing import Any

import pyotp
import pytest
from django.test import Client

from chiron.audit.models import Event
from chiron.identity.challenges import challenge
from chiron.identity.cookies import ACCESS, REFRESH
from chiron.identity.errors import SecondFactorMissing
from chiron.identity.models import BackupCode, Membership, SecondFactor, Session, SpentStep
from chiron.identity.public import Role, begin
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
    return new_member(hilltop.id, Role.RECEPTIONIST, username="Ama.Owusu")


class App:
    """An authenticator app. Its first code is of this half minute, its second of the next; both count at once."""

    def __init__(self, secret: str) -> None:
        self.totp, self.next = pyotp.TOTP(secret), int(now().timestamp()) // 30

    def code(self) -> str:
        self.next += 1
        return self.totp.generate_otp(self.next - 1)


def send(token: str, path: str, **body: Any) -> Any:
    return with_token(token).post(f"/api/auth/{path}", body, content_type="application/json")


def on(token: str) -> tuple[App, list[str]]:
    """Turn the second factor of a signed-in account on, which takes the app's first code."""
    app = App(send(token, "mfa/setup", password=PASSWORD).json()["secret"])
    codes = send(token, "mfa/verify", code=app.code()).json()["backup_codes"]
    return app, codes


def login(**headers: str) -> Any:
    return post("/auth/login", {"username": "Ama.Owusu", "password": PASSWORD}, **headers)


def verify(mfa_token: str, code: str, **headers: str) -> Any:
    return post("/auth/mfa/verify", {"mfa_token": mfa_token, "code": code}, **headers)


def events(action: str, membership: Membership) -> list[Event]:
    found = Event.objects.using("accounts").filter(action=action, account_id=membership.account_id)
    return list(found.order_by("id"))


def test_a_secret_comes_with_a_uri_and_a_picture_and_counts_for_nothing_yet(member: Membership) -> None:
    answer = send(signed_in(member).access, "mfa/setup", password=PASSWORD)

    assert answer.status_code == 200
    said = answer.json()
    assert set(said) == {"secret", "otpauth_uri", "qr_svg"}
    assert said["otpauth_uri"] == f"otpauth://totp/Chiron:Ama.Owusu?secret={said['secret']}&issuer=Chiron"
    assert said["qr_svg"].startswith("<svg")
    assert len(said["secret"]) == 32
    assert set(login().json()) == {"access", "refresh", "user"}
    assert platform_safe().open(SecondFactor.objects.get(account=member.account), "secret") == said["secret"]


def test_setting_up_needs_the_password_again(member: Membership) -> None:
    answer = send(signed_in(member).access, "mfa/setup", password="wrong")

    assert problem(answer) == (403, "not-confirmed")
    assert not SecondFactor.objects.filter(account=member.account).exists()


def test_a_wrong_code_turns_nothing_on(member: Membership) -> None:
    token = signed_in(member).access
    send(token, "mfa/setup", password=PASSWORD)

    answer = send(token, "mfa/verify", code="000000")

    assert problem(answer) == (403, "not-confirmed")
    assert SecondFactor.objects.get(account=member.account).confirmed_at is None
    assert [event.outcome for event in events("mfa.refused", member)] == ["denied"]


def test_nothing_is_confirmed_without_a_setup_or_twice(member: Membership) -> None:
    token = signed_in(member).access
    assert problem(send(token, "mfa/verify", code="123456")) == (409, "second-factor-off")

    app, _ = on(token)

    assert problem(send(token, "mfa/verify", code=app.code())) == (409, "second-factor-on")
    assert problem(send(token, "mfa/setup", password=PASSWORD)) == (409, "second-factor-on")


def test_confirming_gives_ten_backup_codes_once_and_ends_the_other_sessions(member: Membership) -> None:
    here, there = signed_in(member), signed_in(member)

    _, codes = on(here.access)

    assert len(set(codes)) == 10
    assert all(len(code) == 19 for code in codes)
    digests = [bytes(each.digest) for each in BackupCode.objects.filter(account=member.account)]
    assert len(digests) == 10
    assert not any(code.replace("-", "").encode() in digests for code in codes)
    assert me(here.access).status_code == 200
    assert problem(me(there.access)) == (401, "not-signed-in")
    assert len(events("mfa.enrolled", member)) == 1


def test_from_then_on_a_password_alone_opens_nothing(member: Membership) -> None:
    on(signed_in(member).access)
    sessions = Session.objects.filter(account=member.account).count()

    answer = login()

    assert answer.status_code == 200
    assert set(answer.json()) == {"mfa_required", "mfa_token"}
    assert answer.json()["mfa_required"] is True
    assert not answer.cookies
    assert Session.objects.filter(account=member.account).count() == sessions
    assert len(events("session.challenged", member)) == 1
    with pytest.raises(SecondFactorMissing):
        signed_in(member)


def test_the_code_finishes_the_sign_in_as_login_would_have(member: Membership) -> None:
    app, _ = on(signed_in(member).access)

    answer = verify(login().json()["mfa_token"], app.code())

    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh", "user"}
    assert me(answer.json()["access"]).json()["user"]["username"] == "Ama.Owusu"
    proved = verified(answer.json()["access"]).mfa_at
    assert proved is not None
    assert now() - proved < timedelta(seconds=10)
    renewed = post("/auth/refresh", {"refresh": answer.json()["refresh"]}).json()
    assert verified(renewed["access"]).mfa_at == proved


def test_in_a_browser_it_goes_into_cookies(member: Membership) -> None:
    app, _ = on(signed_in(member).access)
    page = {"x_auth_mode": "cookie", "origin": "http://testserver"}

    asked = login(**page)
    answer = verify(asked.json()["mfa_token"], app.code(), **page)

    assert set(asked.json()) == {"mfa_required", "mfa_token"}
    assert not asked.cookies
    assert set(answer.json()) == {"csrf_token", "user"}
    assert {ACCESS, REFRESH} <= set(answer.cookies)
    refused = verify(asked.json()["mfa_token"], "123456", **page | {"origin": "https://evil.example"})
    assert problem(refused) == (403, "cross-site")


def test_a_page_enrols_and_steps_up_with_its_csrf_token_only(member: Membership) -> None:
    client = Client(headers={"origin": "http://testserver", "x-auth-mode": "cookie"})
    said = {"username": "Ama.Owusu", "password": PASSWORD}
    csrf = client.post("/api/auth/login", said, content_type="application/json").json()["csrf_token"]

    def ask(path: str, csrf: str, **body: Any) -> Any:
        headers = {"x-csrf-token": csrf}
        return client.post(f"/api/auth/mfa/{path}", body, content_type="application/json", headers=headers)

    app = App(ask("setup", csrf, password=PASSWORD).json()["secret"])
    assert problem(ask("verify", "", code="123456")) == (403, "cross-site")
    assert len(ask("verify", csrf, code=app.code()).json()["backup_codes"]) == 10
    answer = ask("step-up", csrf, code=app.code())

    assert set(answer.json()) == {"csrf_token", "user"}
    assert {ACCESS, REFRESH} <= set(answer.cookies)


def test_a_backup_code_finishes_it_too_once_however_it_is_written(member: Membership) -> None:
    _, codes = on(signed_in(member).access)
    mfa_token = login().json()["mfa_token"]

    written = [codes[0].lower().replace("-", " "), codes[0], codes[1]]
    answers = [verify(mfa_token, code) for code in written]

    assert [answer.status_code for answer in answers] == [200, 401, 200]
    assert problem(answers[1]) == (401, "wrong-code")
    assert BackupCode.objects.filter(account=member.account).count() == 8
    used = [platform_safe().open(event, "payload")["details"] for event in events("mfa.accepted", member)]
    assert used == [{"with": "backup-code"}] * 2


def test_the_backup_codes_of_others_are_of_no_use(member: Membership, hilltop: Any) -> None:
    on(signed_in(member).access)
    _, theirs = on(signed_in(new_member(hilltop.id)).access)

    assert problem(verify(login().json()["mfa_token"], theirs[0])) == (401, "wrong-code")


@pytest.mark.parametrize(
    "why", ["forged", "another's key", "expired", "not one", "an access token", "a password later"]
)
def test_a_challenge_that_is_not_ours_is_refused_alike(why: str, member: Membership, settings: Any) -> None:
    app, _ = on(signed_in(member).access)
    at = now()
    good = challenge(member.account, member, at).mfa_token
    match why:
        case "forged":
            token = good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB")
        case "another's key":
            settings.SECRET_KEY = "another"
            token = challenge(member.account, member, at).mfa_token
            settings.SECRET_KEY = "yet another"
        case "expired":
            token = challenge(member.account, member, at - timedelta(minutes=5, seconds=2)).mfa_token
        case "not one":
            token = "é!"
        case "an access token":
            token = "A" * 150
        case _:
            token = good
            member.account.set_password("a later sentence")
            member.account.save()

    answer = verify(token, app.code())

    assert problem(answer) == (401, "mfa-token-refused")
    assert SpentStep.objects.filter(account=member.account).count() == 1


def test_a_challenge_is_no_access_token(member: Membership) -> None:
    on(signed_in(member).access)
    token = login().json()["mfa_token"]

    assert problem(me(token)) == (401, "not-signed-in")
    assert problem(post("/auth/refresh", {"refresh": token})) == (401, "refresh-refused")


def test_what_happens_between_password_and_code_counts(hilltop: Any, member: Membership) -> None:
    _, codes = on(signed_in(member).access)
    token = login().json()["mfa_token"]
    change_organization(by=OPERATOR, organization_id=hilltop.id, changes={}, suspended=True, now=now())
    assert problem(verify(token, codes[0])) == (403, "organization-suspended")
    change_organization(by=OPERATOR, organization_id=hilltop.id, changes={}, suspended=False, now=now())
    disable_account(by=OPERATOR, account_id=member.account_id, now=now())

    assert problem(verify(token, codes[0])) == (401, "mfa-token-refused")
    assert BackupCode.objects.filter(account=member.account).count() == 10


def test_showing_it_again_gives_tokens_for_five_minutes(member: Membership) -> None:
    token = signed_in(member).access
    app, codes = on(token)
    assert problem(send(token, "mfa/backup-codes", password=PASSWORD, code=codes[0])) == (401, "step-up-required")

    answer = send(token, "mfa/step-up", code=app.code())

    assert set(answer.json()) == {"access", "refresh"}
    renewed = send(answer.json()["access"], "mfa/backup-codes", password=PASSWORD, code=codes[0])
    assert renewed.status_code == 200
    assert not set(renewed.json()["backup_codes"]) & set(codes)
    Session.objects.filter(account=member.account).update(mfa_at=now() - timedelta(minutes=5, seconds=1))
    later = post("/auth/refresh", {"refresh": answer.json()["refresh"]}).json()["access"]
    code = renewed.json()["backup_codes"][0]
    assert problem(send(later, "mfa/disable", password=PASSWORD, code=code)) == (401, "step-up-required")
    assert SecondFactor.objects.filter(account=member.account).exists()


def test_a_wrong_code_steps_nobody_up(member: Membership) -> None:
    token = signed_in(member).access
    on(token)

    assert problem(send(token, "mfa/step-up", code="000000")) == (403, "not-confirmed")
    assert problem(send(signed_in_elsewhere(member), "mfa/step-up", code="AAAA-AAAA")) == (403, "not-confirmed")


def signed_in_elsewhere(member: Membership) -> str:
    return begin(by=Caller(), account=member.account, membership=member, mfa_at=now(), now=now()).access


def test_who_has_none_cannot_show_it(member: Membership) -> None:
    assert problem(send(signed_in(member).access, "mfa/step-up", code="123456")) == (409, "second-factor-off")


@pytest.mark.parametrize(("password", "good"), [("wrong", True), (PASSWORD, False)])
def test_it_is_taken_away_by_password_and_code_only(password: str, good: bool, member: Membership) -> None:
    _, codes = on(signed_in(member).access)

    refused = send(signed_in_elsewhere(member), "mfa/disable", password=password, code=codes[0] if good else "000000")

    assert problem(refused) == (403, "not-confirmed")
    assert set(login().json()) == {"mfa_required", "mfa_token"}
    assert BackupCode.objects.filter(account=member.account).count() == 10


def test_taken_away_the_password_is_enough_again(member: Membership) -> None:
    _, codes = on(signed_in(member).access)

    answer = send(signed_in_elsewhere(member), "mfa/disable", password=PASSWORD, code=codes[0])

    assert (answer.status_code, answer.content) == (204, b"")
    assert set(login().json()) == {"access", "refresh", "user"}
    assert not BackupCode.objects.filter(account=member.account).exists()
    assert len(events("mfa.disabled", member)) == 1
