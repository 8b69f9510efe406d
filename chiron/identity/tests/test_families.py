"""A refresh token rotates once (promise A1), and its reuse ends the family within that request (A2)."""

from base64 import urlsafe_b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import cycle, islice, pairwise
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connections

from chiron.audit.models import Event as AuditEvent
from chiron.identity.errors import OrganizationSuspended, RefreshRefused
from chiron.identity.families import BODY, Presented, end_families, take_turn
from chiron.identity.models import Account, Membership, Session
from chiron.identity.public import Role, SignedIn
from chiron.identity.rules import GRACE, SESSION_LIFETIME
from chiron.identity.services.accounts import disable_account
from chiron.identity.services.memberships import change_membership, remove_membership
from chiron.identity.services.organizations import change_organization
from chiron.identity.services.sign_in import refresh, sign_out
from chiron.identity.tests.factories import NINE, base64url, me, new_member, post, problem, signed_in
from chiron.identity.tokens import verified
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import atomic, cursor
from chiron.kernel.errors import DomainError, NotSignedIn
from chiron.vault.public import platform_safe

VISITOR, OPERATOR = Caller(address="192.0.2.7"), Caller(operator=True)
CALLERS = 16
Shown = Callable[[str, str], None]


@pytest.fixture
def member(hilltop: Any) -> Membership:
    return new_member(hilltop.id, Role.RECEPTIONIST)


def turn(token: str, seconds: float = 0) -> SignedIn:
    return refresh(by=VISITOR, token=token, now=NINE + timedelta(seconds=seconds))


def session_of(opened: SignedIn) -> Session:
    return Session.objects.get(id=Presented.read(opened.refresh).session_id)


def together(*acts: Any) -> list[Any]:
    """Run these at the same moment, each in its own thread and on its own connection."""
    start = Barrier(len(acts))

    def run(act: Any) -> Any:
        start.wait()
        try:
            return act()
        except DomainError as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def test_a_refresh_gives_new_tokens_of_the_same_session(member: Membership) -> None:
    opened = signed_in(member, NINE)

    turned = turn(opened.refresh, 60)

    assert turned.refresh != opened.refresh
    session = session_of(turned)
    assert session == session_of(opened)
    assert (session.counter, session.rotated_at, session.revoked_at) == (1, NINE + timedelta(seconds=60), None)


def test_its_parent_is_honoured_for_ten_seconds_with_the_same_successor(member: Membership) -> None:
    opened = signed_in(member, NINE)
    turned = turn(opened.refresh, 60)

    again = turn(opened.refresh, 60 + GRACE.total_seconds())

    assert again.refresh == turned.refresh
    assert session_of(turned).counter == 1


def test_the_parent_after_its_grace_ends_the_family(member: Membership) -> None:
    opened = signed_in(member, NINE)
    turned = turn(opened.refresh, 60)

    with pytest.raises(RefreshRefused):
        turn(opened.refresh, 60 + GRACE.total_seconds() + 0.001)

    assert session_of(turned).revoked_at is not None
    with pytest.raises(RefreshRefused):
        turn(turned.refresh, 61)


def test_a_grandparent_ends_the_family_even_at_once(member: Membership) -> None:
    tokens = [signed_in(member, NINE)]
    for _ in range(3):
        tokens.append(turn(tokens[-1].refresh))

    with pytest.raises(RefreshRefused):
        turn(tokens[1].refresh)

    assert session_of(tokens[0]).revoked_at == NINE
    for each in tokens:
        with pytest.raises(RefreshRefused):
            turn(each.refresh)


def test_a_reuse_over_http_takes_the_access_token_along(hilltop: Any, member: Membership) -> None:
    first = signed_in(member)
    second = post("/auth/refresh", {"refresh": first.refresh}).json()
    third = post("/auth/refresh", {"refresh": second["refresh"]}).json()
    assert me(third["access"]).status_code == 200

    answer = post("/auth/refresh/", {"refresh": first.refresh})

    assert problem(answer) == (401, "refresh-refused")
    for token in (first.access, second["access"], third["access"]):
        assert problem(me(token)) == (401, "not-signed-in")
    assert problem(post("/auth/refresh", {"refresh": third["refresh"]})) == (401, "refresh-refused")


def test_a_reuse_is_an_event_of_the_organization_and_says_from_where(member: Membership) -> None:
    opened = signed_in(member, NINE)
    for token in (opened, turn(opened.refresh)):
        turn(token.refresh, 1)

    with pytest.raises(RefreshRefused):
        turn(opened.refresh, 2)

    event = AuditEvent.objects.using("accounts").get(action="session.reused", account_id=member.account_id)
    assert (event.organization_id, event.outcome) == (member.organization_id, "denied")
    assert event.session_id == session_of(opened).id


def test_a_session_ends_after_its_lifetime_however_often_it_was_refreshed(member: Membership) -> None:
    opened = signed_in(member, NINE)
    turned = turn(opened.refresh, SESSION_LIFETIME.total_seconds() - 1)

    with pytest.raises(RefreshRefused):
        turn(turned.refresh, SESSION_LIFETIME.total_seconds())

    assert session_of(turned).revoked_at is None


@pytest.mark.parametrize("place", range(0, BODY.size + 32, 3))
def test_no_bit_of_a_refresh_token_can_be_changed(place: int, member: Membership) -> None:
    opened = signed_in(member, NINE)
    raw = bytearray(urlsafe_b64decode(opened.refresh + "=="))
    raw[place] ^= 1

    with pytest.raises(RefreshRefused):
        turn(base64url(bytes(raw)))

    assert (session_of(opened).counter, session_of(opened).revoked_at) == (0, None)


@pytest.mark.parametrize("token", ["", "x", "AAAA", "é" * 75, "=" * 75, "A" * 75, "A" * 76])
def test_what_is_no_refresh_token_is_refused(token: str, db: None) -> None:
    with pytest.raises(RefreshRefused):
        turn(token)


def test_a_token_made_with_another_secret_is_refused_and_ends_nothing(member: Membership, settings: Any) -> None:
    opened = signed_in(member, NINE)
    secret, settings.JWT_REFRESH_SECRET_KEY = settings.JWT_REFRESH_SECRET_KEY, "another secret of thirty-two bytes"

    with pytest.raises(RefreshRefused):
        turn(opened.refresh)

    settings.JWT_REFRESH_SECRET_KEY = secret
    assert turn(opened.refresh).refresh


def test_a_refresh_brings_the_roles_of_now(member: Membership, hilltop: Any) -> None:
    opened = signed_in(member)
    change_membership(by=hilltop.who[Role.ADMIN], membership_id=member.id, roles=[Role.BILLER], now=now())

    turned = refresh(by=VISITOR, token=opened.refresh, now=now())

    assert verified(turned.access).caller.roles == {Role.BILLER}
    assert problem(me(opened.access)) == (401, "not-signed-in")
    assert me(turned.access).status_code == 200


def test_a_disabled_account_refreshes_nothing(member: Membership) -> None:
    opened = signed_in(member)

    disable_account(by=OPERATOR, account_id=member.account_id, now=now())

    assert problem(me(opened.access)) == (401, "not-signed-in")
    with pytest.raises(RefreshRefused):
        refresh(by=VISITOR, token=opened.refresh, now=now())


def test_an_account_that_is_not_active_refreshes_nothing_though_its_session_stands(member: Membership) -> None:
    opened = signed_in(member, NINE)
    Account.objects.filter(id=member.account_id).update(is_active=False)

    with pytest.raises(RefreshRefused):
        turn(opened.refresh)


def test_a_token_is_worth_nothing_without_the_familys_seed(member: Membership) -> None:
    opened = signed_in(member, NINE)
    session = session_of(opened)
    Session.objects.filter(id=session.id).update(seed=platform_safe().seal(session, "seed", bytes(32).hex()))

    with pytest.raises(RefreshRefused):
        turn(opened.refresh)


def test_a_removed_member_refreshes_nothing(member: Membership, hilltop: Any) -> None:
    opened = signed_in(member)

    remove_membership(by=hilltop.who[Role.ADMIN], membership_id=member.id, now=now())

    assert problem(me(opened.access)) == (401, "not-signed-in")
    with pytest.raises(RefreshRefused):
        refresh(by=VISITOR, token=opened.refresh, now=now())


def test_a_suspended_organization_keeps_the_family_for_later(member: Membership, hilltop: Any) -> None:
    opened = signed_in(member)
    change_organization(by=OPERATOR, organization_id=hilltop.id, changes={}, suspended=True, now=now())

    with pytest.raises(OrganizationSuspended):
        refresh(by=VISITOR, token=opened.refresh, now=now())

    change_organization(by=OPERATOR, organization_id=hilltop.id, changes={}, suspended=False, now=now())
    assert refresh(by=VISITOR, token=opened.refresh, now=now()).refresh


@pytest.mark.parametrize("trials", [50, pytest.param(1000, marks=pytest.mark.stress)])
def test_sixteen_callers_with_one_token_make_one_rotation_and_one_successor(
    trials: int, fresh_organization: Any, shown: Shown
) -> None:
    member, rotated, successors = new_member(fresh_organization.id), 0, 0
    for _ in range(trials):
        opened = signed_in(member)
        present = [lambda token=opened.refresh: refresh(by=VISITOR, token=token, now=now())] * CALLERS

        answers = {answer.refresh for answer in together(*present)}

        assert opened.refresh not in answers
        rotated, successors = rotated + session_of(opened).counter, successors + len(answers)

    assert (rotated, successors) == (trials, trials)
    shown("A1", f"{trials:,} tokens, each presented by {CALLERS} at once: {rotated:,} turns, {successors:,} successors")


@pytest.mark.parametrize("trials", [50, pytest.param(1000, marks=pytest.mark.stress)])
def test_no_token_survives_a_logout_that_races_a_refresh(trials: int, fresh_organization: Any, shown: Shown) -> None:
    survived = survivors(fresh_organization.id, trials)

    assert survived == 0
    shown("A2", f"{trials:,} races of refreshing and signing out, {survived} tokens survived")


def survivors(organization_id: Any, trials: int) -> int:
    """How many tokens still work after a refresh and a logout of one session ran at the same moment."""
    member, surviving = new_member(organization_id), 0
    for _ in range(trials):
        opened = signed_in(member)
        caller = verified(opened.access).caller

        answer, _ = together(
            lambda token=opened.refresh: refresh(by=VISITOR, token=token, now=now()),
            lambda by=caller: sign_out(by=by, now=now()),
        )

        for token in [opened.access, *([answer.access] if isinstance(answer, SignedIn) else [])]:
            surviving += me(token).status_code != 401
        for token in [opened.refresh, *([answer.refresh] if isinstance(answer, SignedIn) else [])]:
            surviving += post("/auth/refresh", {"refresh": token}).status_code != 401
    return surviving


@pytest.mark.parametrize("uses", [50, pytest.param(1000, marks=pytest.mark.stress)])
def test_after_a_reuse_no_descendant_is_of_any_use(uses: int, hilltop: Any, member: Membership, shown: Shown) -> None:
    chain = [signed_in(member)]
    for _ in range(4):
        chain.append(refresh(by=VISITOR, token=chain[-1].refresh, now=now()))
    assert [me(each.access).status_code for each in chain] == [200] * 5

    assert problem(post("/auth/refresh", {"refresh": chain[1].refresh})) == (401, "refresh-refused")

    let_in = 0
    for each in islice(cycle(chain), uses // 2):
        let_in += me(each.access).status_code != 401
        let_in += post("/auth/refresh", {"refresh": each.refresh}).status_code != 401
    assert let_in == 0
    shown("A2", f"{uses:,} later uses of a family's tokens, access tokens included, {let_in} let in")


def test_a_refresh_waits_for_whoever_holds_the_family_and_sees_what_they_did(fresh_organization: Any) -> None:
    opened = signed_in(new_member(fresh_organization.id))

    with ThreadPoolExecutor(1) as other, atomic("accounts"):
        held = Session.objects.select_for_update().get(id=session_of(opened).id)
        late = other.submit(lambda: together(lambda: refresh(by=VISITOR, token=opened.refresh, now=now())))
        wait_until_somebody_waits()
        Session.objects.filter(id=held.id).update(counter=5, rotated_at=now())

    with pytest.raises(RefreshRefused):
        raise late.result()[0]
    assert session_of(opened).counter == 5
    assert session_of(opened).revoked_at is not None


def wait_until_somebody_waits() -> None:
    """Look until another connection waits for a row that this one has locked."""
    patience = Event()
    with cursor("accounts") as locks:
        for _ in range(2000):
            locks.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))")
            if locks.fetchone() == (True,):
                return
            patience.wait(0.005)
    raise AssertionError("nobody waits")


def test_reuse_and_refresh_of_the_living_token_at_one_moment_leave_nothing_alive(fresh_organization: Any) -> None:
    member = new_member(fresh_organization.id)
    for _ in range(20):
        opened = signed_in(member)
        chain = [opened.refresh]
        for _ in range(3):
            chain.append(refresh(by=VISITOR, token=chain[-1], now=now()).refresh)

        together(*[lambda token=token: refresh(by=VISITOR, token=token, now=now()) for token in (chain[0], chain[-1])])

        assert session_of(opened).revoked_at is not None


def test_ending_many_sessions_at_once_never_waits_in_a_circle(fresh_organization: Any) -> None:
    member = new_member(fresh_organization.id)
    opened = [signed_in(member) for _ in range(8)]

    ended = together(*[lambda: end_families(now(), account_id=member.account_id)] * 4)

    assert sorted(map(len, ended)) == [0, 0, 0, 8]
    for each in opened:
        with pytest.raises(RefreshRefused):
            take_turn(by=VISITOR, token=each.refresh, now=now())


def test_a_family_counts_its_turns(member: Membership) -> None:
    opened = signed_in(member, NINE)
    chain = [opened.refresh]
    for second in range(5):
        chain.append(turn(chain[-1], second).refresh)

    assert all(earlier != later for earlier, later in pairwise(chain))
    assert session_of(opened).counter == 5


def test_no_part_of_a_token_is_stored(member: Membership) -> None:
    opened = signed_in(member, NINE)

    stored = Session.objects.filter(id=session_of(opened).id).values_list("seed", "origin")[0]

    assert all(opened.refresh.encode() not in bytes(column) for column in stored)
    assert all(b"192.0.2.7" not in bytes(column) for column in stored)


def test_signing_in_after_being_disabled_meanwhile_is_refused(member: Membership) -> None:
    disable_account(by=OPERATOR, account_id=member.account_id, now=now())

    with pytest.raises(NotSignedIn):
        signed_in(member)

    assert not Session.objects.filter(account=member.account).exists()
