"""What is taken back is refused at once here, and within a second in every other process (promise A3)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from chiron.identity.errors import OrganizationSuspended
from chiron.identity.models import Membership
from chiron.identity.public import Role
from chiron.identity.revocations import MARGIN, Revocations, Snapshot, read_snapshot, revocations
from chiron.identity.rules import ACCESS_LIFETIME
from chiron.identity.services.accounts import disable_account
from chiron.identity.services.memberships import change_membership, remove_membership
from chiron.identity.services.organizations import change_organization
from chiron.identity.services.sign_in import sign_out, sign_out_everywhere
from chiron.identity.tests.factories import new_member, signed_in
from chiron.identity.tokens import Verified, verified
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import atomic
from chiron.kernel.errors import DomainError, NotSignedIn
from chiron.kernel.ids import new_id

OPERATOR = Caller(operator=True)


class Seconds:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def member(hilltop: Any) -> Membership:
    return new_member(hilltop.id, Role.RECEPTIONIST)


def taken_back(kind: str, member: Membership, token: Verified, hilltop: Any) -> None:
    admin, at = hilltop.who[Role.ADMIN], now()
    match kind:
        case "logout":
            sign_out(by=token.caller, now=at)
        case "logout everywhere":
            sign_out_everywhere(by=token.caller, now=at)
        case "disabled":
            disable_account(by=OPERATOR, account_id=member.account_id, now=at)
        case "other roles":
            change_membership(by=admin, membership_id=member.id, roles=[Role.BILLER], now=at)
        case "approval taken back":
            change_membership(by=admin, membership_id=member.id, approved=False, now=at)
        case "removed":
            remove_membership(by=admin, membership_id=member.id, now=at)
        case "suspended":
            change_organization(by=OPERATOR, organization_id=hilltop.id, changes={}, suspended=True, now=at)


KINDS = ["logout", "logout everywhere", "disabled", "other roles", "approval taken back", "removed", "suspended"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_taken_back_here_is_refused_at_once(kind: str, member: Membership, hilltop: Any) -> None:
    token = verified(signed_in(member).access)
    revocations.check(token)

    taken_back(kind, member, token, hilltop)

    with pytest.raises(OrganizationSuspended if kind == "suspended" else NotSignedIn):
        revocations.check(token)


@pytest.mark.parametrize("kind", KINDS)
def test_another_process_refuses_it_within_a_second(kind: str, member: Membership, hilltop: Any) -> None:
    token, seconds = verified(signed_in(member).access), Seconds()
    elsewhere = Revocations(seconds=seconds)
    elsewhere.check(token)

    taken_back(kind, member, token, hilltop)
    seconds.at += 1.0

    with pytest.raises(DomainError):
        elsewhere.check(token)


def test_a_snapshot_read_between_the_change_and_its_commit_does_not_outlive_the_commit(fresh_organization: Any) -> None:
    token = verified(signed_in(new_member(fresh_organization.id)).access)

    with ThreadPoolExecutor(1) as other, atomic("accounts"):
        sign_out(by=token.caller, now=now())
        other.submit(in_a_thread_of_its_own, lambda: revocations.check(token)).result()

    with pytest.raises(NotSignedIn):
        revocations.check(token)


def in_a_thread_of_its_own(act: Any) -> None:
    try:
        act()
    finally:
        connections.close_all()


def test_the_tokens_of_others_are_not_touched(member: Membership, hilltop: Any) -> None:
    token, other = verified(signed_in(member).access), verified(signed_in(member).access)

    sign_out(by=token.caller, now=now())

    revocations.check(other)
    revocations.check(verified(hilltop.tokens[Role.ADMIN]))


def test_a_token_of_the_present_rights_is_let_in(member: Membership, hilltop: Any) -> None:
    taken_back("other roles", member, verified(signed_in(member).access), hilltop)
    member.refresh_from_db()

    revocations.check(verified(signed_in(member).access))


class Reader:
    """Counts how often it is read, and lets something happen meanwhile."""

    def __init__(self) -> None:
        self.times, self.snapshot, self.meanwhile = 0, Snapshot(), list[Any]()

    def __call__(self, at: datetime) -> Snapshot:
        self.times += 1
        read = self.snapshot
        for happen in self.meanwhile:
            happen()
        self.meanwhile.clear()
        return read


def token_of(session_id: UUID) -> Verified:
    return Verified(Caller(account_id=new_id(), organization_id=new_id(), session_id=session_id), 1, 0)


def test_however_many_requests_there_are_it_is_read_once_a_second() -> None:
    reader, seconds = Reader(), Seconds()
    process = Revocations(reader, seconds)

    for _ in range(1000):
        process.check(token_of(new_id()))
    seconds.at += 0.999
    process.check(token_of(new_id()))
    assert reader.times == 1

    seconds.at += 0.001
    process.check(token_of(new_id()))
    assert reader.times == 2


def test_what_is_taken_back_during_a_reading_is_read_again() -> None:
    reader, session_id = Reader(), new_id()
    process = Revocations(reader, Seconds())

    def logout() -> None:
        reader.snapshot = Snapshot(sessions=frozenset({session_id}))
        process.take_effect()

    reader.meanwhile = [logout]
    process.check(token_of(session_id))

    with pytest.raises(NotSignedIn):
        process.check(token_of(session_id))


def test_the_age_of_a_snapshot_counts_from_the_start_of_its_reading() -> None:
    reader, seconds = Reader(), Seconds()
    process = Revocations(reader, seconds)

    reader.meanwhile = [lambda: setattr(seconds, "at", seconds.at + 0.9)]
    process.check(token_of(new_id()))
    seconds.at += 0.1
    process.check(token_of(new_id()))

    assert reader.times == 2


def test_where_it_cannot_be_read_nobody_is_let_in() -> None:
    def broken(at: datetime) -> Snapshot:
        raise ConnectionError

    process = Revocations(broken, Seconds())

    for _ in range(2):
        with pytest.raises(ConnectionError):
            process.check(token_of(new_id()))


def test_only_what_a_living_token_could_outlive_is_read(member: Membership) -> None:
    caller = verified(signed_in(member).access).caller
    ended = now()
    sign_out(by=caller, now=ended)
    window = ACCESS_LIFETIME + MARGIN

    assert caller.session_id in read_snapshot(ended + window).sessions
    assert caller.session_id not in read_snapshot(ended + window + timedelta(seconds=1)).sessions


def test_the_snapshot_is_one_query(member: Membership, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1, using="accounts"):
        read_snapshot(now())
