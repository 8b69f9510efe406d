"""Changing one's password."""

from datetime import timedelta
from typing import Any

import pytest

from chiron.audit.models import Event
from chiron.identity.errors import WrongCredentials
from chiron.identity.models import Account, Membership, SecondFactor
from chiron.identity.public import begin, create_operator
from chiron.identity.services.sign_in import refresh
from chiron.identity.tests.factories import PASSWORD, me, new_member, post, problem, signed_in, with_token
from chiron.identity.tokens import verified
from chiron.kernel.access import Caller
from chiron.kernel.clock import now

NEW = "nine calm lions"


@pytest.fixture
def member(hilltop: Any) -> Membership:
    return new_member(hilltop.id)


def change(token: str, **body: str) -> Any:
    said = {"old_password": PASSWORD, "password": NEW} | body
    return with_token(token).post("/api/auth/password/change", said, content_type="application/json")


def login(member: Membership, password: str) -> int:
    said = {"username": member.account.username, "password": password}
    return int(post("/auth/login", said).status_code)


def changes(account: Account) -> int:
    return Event.objects.using("accounts").filter(action="password.changed", account_id=account.id).count()


def test_the_new_password_counts_and_every_other_session_ends(member: Membership) -> None:
    here, there = signed_in(member), signed_in(member)

    answer = change(here.access)

    assert (answer.status_code, answer.content) == (204, b"")
    assert (login(member, PASSWORD), login(member, NEW)) == (401, 200)
    assert me(here.access).status_code == 200
    assert refresh(by=Caller(), token=here.refresh, now=now()).session_id == verified(here.access).caller.session_id
    assert problem(me(there.access)) == (401, "not-signed-in")
    assert problem(post("/auth/refresh", {"refresh": there.refresh})) == (401, "refresh-refused")
    assert changes(member.account) == 1


@pytest.mark.parametrize("old", ["", "wrong", PASSWORD.upper()])
def test_it_needs_the_old_one(old: str, member: Membership) -> None:
    here, there = signed_in(member), signed_in(member)

    answer = change(here.access, old_password=old)

    assert problem(answer) == (403, "not-confirmed")
    assert (login(member, PASSWORD), login(member, NEW)) == (200, 401)
    assert me(there.access).status_code == 200
    assert changes(member.account) == 0


@pytest.mark.parametrize("weak", ["short", "password1", "x" * 129])
def test_a_weak_one_is_refused(weak: str, member: Membership) -> None:
    assert problem(change(signed_in(member).access, password=weak)) == (422, "invalid")
    assert login(member, PASSWORD) == 200


@pytest.mark.parametrize(("minutes", "status"), [(6, 401), (4, 204)])
def test_a_second_factor_must_have_been_shown_just_now(minutes: int, status: int, member: Membership) -> None:
    SecondFactor(account=member.account, secret=b"sealed", confirmed_at=now()).save(force_insert=True)
    at = now() - timedelta(minutes=minutes)
    token = begin(by=Caller(), account=member.account, membership=member, mfa_at=at, now=now()).access

    answer = change(token)

    assert answer.status_code == status
    assert changes(member.account) == (status == 204)


def test_a_sign_in_with_the_old_one_that_is_under_way_opens_nothing(member: Membership) -> None:
    stale = Account.objects.get(id=member.account_id)
    change(signed_in(member).access)
    member.account = stale

    with pytest.raises(WrongCredentials):
        signed_in(member)


def test_an_operator_changes_theirs_too(db: None) -> None:
    olga = create_operator(by=Caller(operator=True), username="olga", password=PASSWORD, now=now())
    token = begin(by=Caller(), account=olga, membership=None, now=now()).access

    assert problem(change(token, old_password="wrong")) == (403, "not-confirmed")
    assert change(token).status_code == 204
    assert changes(olga) == 1
