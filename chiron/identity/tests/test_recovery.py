"""Getting back in by mail, and proving an address."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.core import mail

from chiron.audit.models import Event
from chiron.identity import tasks
from chiron.identity.email import set_email
from chiron.identity.errors import CodeRefused
from chiron.identity.models import Account, Membership, Session
from chiron.identity.public import Role
from chiron.identity.recovery import ADDRESS, RESET, account_of, code_for
from chiron.identity.services.accounts import disable_account
from chiron.identity.tests.factories import PASSWORD, new_member, post, problem, signed_in, with_token
from chiron.jobs.models import Waiting
from chiron.jobs.registry import JOBS
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.ids import NIL
from chiron.tenancy.models import Organization

ANOTHER = "nine happy herons"


@pytest.fixture(autouse=True)
def empty_outbox(town: Any) -> None:
    """What tests that commit have left to relay is none of ours."""
    Waiting.objects.using(ACCOUNTS).all().delete()


@pytest.fixture
def member(hilltop: Any) -> Membership:
    return new_member(hilltop.id, Role.RECEPTIONIST, username="ama.owusu", email="ama@example.org")


def asked() -> list[tuple[str, Any]]:
    """The jobs of identity that were asked for, and for whom."""
    waiting = Waiting.objects.using(ACCOUNTS).filter(job__startswith="identity.").order_by("id")
    return [(each.job, each.arguments["account_id"]) for each in waiting]


def delivered() -> list[mail.EmailMessage]:
    """Do every job of identity that was asked for; the mails that were sent."""
    mail.outbox.clear()
    for each in Waiting.objects.using(ACCOUNTS).filter(job__startswith="identity.").order_by("id"):
        JOBS[each.job](**each.arguments)
        each.delete()
    return list(mail.outbox)


def code_in(message: mail.EmailMessage) -> str:
    found = re.search(r"code=([\w-]+)", str(message.body))
    assert found is not None
    return found[1]


def login(password: str) -> int:
    answer = post("/auth/login", {"username": "ama.owusu", "password": password})
    return int(answer.status_code)


def test_a_lost_password_is_replaced_by_mail(member: Membership) -> None:
    session = signed_in(member)
    assert post("/auth/password/reset", {"email": "Ama@Example.org"}).status_code == 202

    [message] = delivered()
    answer = post("/auth/password/reset/confirm", {"code": code_in(message), "password": ANOTHER})

    assert message.to == ["ama@example.org"]
    assert "http://127.0.0.1:8000/reset-password?code=" in str(message.body)
    assert answer.status_code == 204
    assert (login(PASSWORD), login(ANOTHER)) == (401, 200)
    assert problem(with_token(session.access).get("/api/users/me"))[0] == 401
    assert Account.objects.get(id=member.account_id).email_verified_at is not None
    assert asked() == [("identity.tell_password_changed", str(member.account_id))]


def test_an_address_that_nobody_has_gets_the_same_answer_and_no_mail(member: Membership) -> None:
    known, unknown = (post("/auth/password/reset", {"email": each}) for each in ("ama@example.org", "no@example.org"))

    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, b"")
    usual = {"Date", "X-Request-Id", "RateLimit"}
    assert {k: v for k, v in known.headers.items() if k not in usual} == {
        k: v for k, v in unknown.headers.items() if k not in usual
    }
    assert asked() == [("identity.send_reset_code", str(id)) for id in (member.account_id, NIL)]
    assert len(delivered()) == 1


def test_a_subject_names_nobody(member: Membership) -> None:
    with atomic(ACCOUNTS):
        post("/auth/password/reset", {"email": "ama@example.org"})
    for each in (tasks.send_address_code, tasks.tell_password_changed, tasks.tell_second_factor_changed):
        each(account_id=member.account_id)
    tasks.tell_session_stolen(account_id=member.account_id)
    sent = [*mail.outbox, *delivered()]

    assert len(sent) == 5
    for message in sent:
        for personal in ("ama", "owusu", "example.org", "hilltop"):
            assert personal not in str(message.subject).lower()


@pytest.mark.parametrize(
    ("own", "clinic", "subject"),
    [
        (None, "en", "Choose another password"),
        (None, "fr-BE", "Choisissez un autre mot de passe"),
        ("en-GB", "fr", "Choose another password"),
        ("fr", "en", "Choisissez un autre mot de passe"),
    ],
)
def test_an_account_is_written_to_in_its_language_else_its_organizations(
    own: str | None, clinic: str, subject: str, member: Membership
) -> None:
    Organization.objects.filter(id=member.organization_id).update(locale=clinic)
    if own:
        client = with_token(signed_in(member).access)
        answer = client.put("/api/users/me", {"locale": own}, content_type="application/json")
        assert (answer.status_code, answer.json()["user"]["locale"]) == (200, own)

    post("/auth/password/reset", {"email": "ama@example.org"})
    [message] = delivered()

    assert message.subject == subject
    assert "http://127.0.0.1:8000/reset-password?code=" in str(message.body)


def test_a_locale_that_is_none_changes_nothing(member: Membership) -> None:
    client = with_token(signed_in(member).access)

    assert problem(client.put("/api/users/me", {"locale": "fr; x"}, content_type="application/json"))[0] == 422
    assert Account.objects.get(id=member.account_id).locale is None


def test_a_code_is_good_once(member: Membership) -> None:
    post("/auth/password/reset", {"email": "ama@example.org"})
    code = code_in(delivered()[0])
    post("/auth/password/reset/confirm", {"code": code, "password": ANOTHER})

    again = post("/auth/password/reset/confirm", {"code": code, "password": "a third sentence"})

    assert problem(again) == (422, "code-refused")
    assert login(ANOTHER) == 200


def test_another_code_dies_with_the_password(member: Membership) -> None:
    first, second = (code_for(RESET, member.account, now() + timedelta(seconds=each)) for each in (0, 1))
    post("/auth/password/reset/confirm", {"code": first, "password": ANOTHER})

    assert problem(post("/auth/password/reset/confirm", {"code": second, "password": "a third sentence"}))[0] == 422


def test_a_code_is_good_for_an_hour(member: Membership) -> None:
    moment = now().replace(microsecond=0)
    code = code_for(RESET, member.account, moment)

    with atomic(ACCOUNTS):
        assert account_of(RESET, code, moment + timedelta(minutes=60)).id == member.account_id
        with pytest.raises(CodeRefused):
            account_of(RESET, code, moment + timedelta(minutes=60, seconds=1))


@pytest.mark.parametrize("change", ["forged", "for another purpose", "cut", "nonsense", "of a disabled account"])
def test_only_our_codes_are_taken(change: str, member: Membership) -> None:
    code = code_for(RESET, member.account, now())
    match change:
        case "forged":
            code = code[:-2] + ("AA" if code[-2:] != "AA" else "BB")
        case "for another purpose":
            code = code_for(ADDRESS, member.account, now())
        case "cut":
            code = code[:-8]
        case "nonsense":
            code = "\u00e9 nonsense"
        case _:
            disable_account(by=Caller(operator=True), account_id=member.account_id, now=now())

    answer = post("/auth/password/reset/confirm", {"code": code, "password": ANOTHER})

    assert problem(answer) == (422, "code-refused")
    assert check_password(PASSWORD, Account.objects.get(id=member.account_id).password)


def test_a_weak_password_is_refused_and_the_code_stays_good(member: Membership) -> None:
    code = code_for(RESET, member.account, now())

    assert problem(post("/auth/password/reset/confirm", {"code": code, "password": "12345678"})) == (422, "invalid")
    assert login(PASSWORD) == 200
    assert post("/auth/password/reset/confirm", {"code": code, "password": ANOTHER}).status_code == 204


def test_a_mailbox_is_not_flooded(member: Membership) -> None:
    answers = [post("/auth/password/reset", {"email": "ama@example.org"}) for _ in range(4)]
    other = post("/auth/password/reset", {"email": "esi@example.org"})

    assert [each.status_code for each in answers] == [202, 202, 202, 429]
    assert int(answers[3].headers["Retry-After"]) > 0
    assert other.status_code == 202
    assert len(delivered()) == 3


def test_a_reset_ends_the_pause_after_wrong_guesses(member: Membership) -> None:
    assert {login("a wrong guess") for _ in range(6)} == {401, 423}
    code = code_for(RESET, Account.objects.get(id=member.account_id), now())
    post("/auth/password/reset/confirm", {"code": code, "password": ANOTHER})

    assert login(ANOTHER) == 200


def test_an_address_is_verified_by_the_code_mailed_to_it(hilltop: Any) -> None:
    said = {"username": "efua", "email": "efua@example.org", "password": PASSWORD, "role": "PATIENT"}
    user = post("/auth/register", said | {"organization": "hilltop", "last_name": "Yeboah"}).json()["user"]
    [message] = delivered()

    answer = post("/auth/email/verify", {"code": code_in(message)})

    assert user["email_verified"] is False
    assert answer.status_code == 204
    assert "http://127.0.0.1:8000/verify-email?code=" in str(message.body)
    assert problem(post("/auth/email/verify", {"code": code_in(message)})) == (422, "code-refused")
    signed = post("/auth/login", {"username": "efua", "password": PASSWORD})
    assert signed.json()["user"]["email_verified"] is True


def test_another_address_is_not_verified_by_the_code_for_the_first(member: Membership) -> None:
    client = with_token(signed_in(member).access)
    code = code_for(ADDRESS, member.account, now())
    client.put("/api/users/me", {"email": "new@example.org", "password": PASSWORD}, content_type="application/json")

    assert problem(post("/auth/email/verify", {"code": code})) == (422, "code-refused")
    told, message = delivered()
    assert told.to == ["ama@example.org"]
    assert "another e-mail address" in str(told.body)
    assert "new@example.org" not in str(told.body)
    assert message.to == ["new@example.org"]
    assert post("/auth/email/verify", {"code": code_in(message)}).status_code == 204


def registered(username: str) -> Account:
    """Somebody who registers with the address that `member` has, as far as anybody said."""
    said = {"username": username, "email": "ama@example.org", "password": PASSWORD, "role": "PATIENT"}
    assert post("/auth/register", said | {"organization": "hilltop", "last_name": "Yeboah"}).status_code == 201
    return Account.objects.get(username=username)


def test_an_address_belongs_to_whoever_reads_its_mail_not_to_whoever_named_it_first(member: Membership) -> None:
    efua = registered("efua")
    assert Account.objects.named("ama@example.org") == member.account
    [message] = delivered()

    assert post("/auth/email/verify", {"code": code_in(message)}).status_code == 204

    assert Account.objects.named("ama@example.org") == efua
    assert login(PASSWORD) == 200


def test_a_verified_address_stays_where_it_is(member: Membership) -> None:
    Account.objects.filter(id=member.account_id).update(email_verified_at=now())
    registered("efua")
    [message] = delivered()

    assert post("/auth/email/verify", {"code": code_in(message)}).status_code == 204

    assert Account.objects.named("ama@example.org") == member.account


def test_the_code_for_an_address_that_was_only_named_dies_with_it(member: Membership) -> None:
    efua = registered("efua")
    code = code_for(ADDRESS, efua, now())
    set_email(efua, "other@example.org")
    efua.email_index = None
    efua.save(update_fields=["email", "email_index"])

    assert problem(post("/auth/email/verify", {"code": code})) == (422, "code-refused")


def test_the_code_for_an_address_is_mailed_again(member: Membership) -> None:
    client = with_token(signed_in(member).access)

    assert client.post("/api/auth/email/verify/send").status_code == 202
    assert [message.to for message in delivered()] == [["ama@example.org"]]


def test_the_owner_is_told_of_what_happened_to_the_account(member: Membership) -> None:
    opened = signed_in(member)
    client = with_token(opened.access)
    form = {"old_password": PASSWORD, "password": ANOTHER}
    client.post("/api/auth/password/change", form, content_type="application/json")
    [message] = delivered()

    assert "The password of your account was changed" in str(message.body)


def test_the_owner_is_told_that_a_refresh_token_was_used_twice(member: Membership) -> None:
    first = signed_in(member).refresh
    post("/auth/refresh", {"refresh": first})
    Session.objects.filter(account=member.account).update(rotated_at=now() - timedelta(minutes=1))

    assert problem(post("/auth/refresh", {"refresh": first})) == (401, "refresh-refused")
    [message] = delivered()
    assert "used from two places at once" in str(message.body)


def test_every_step_is_an_event(member: Membership) -> None:
    post("/auth/password/reset", {"email": "ama@example.org"})
    post("/auth/password/reset/confirm", {"code": code_in(delivered()[0]), "password": ANOTHER})

    events = Event.objects.using(ACCOUNTS).filter(resource_id=member.account_id).order_by("id")
    assert [each.action for each in events][-2:] == ["password.reset_asked", "password.reset"]
