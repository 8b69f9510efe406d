"""A member who has lost the second factor is helped by two admins, never by one."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from chiron.audit.models import Event
from chiron.identity.models import Membership, MfaReset
from chiron.identity.public import Role, SignedIn, add_membership, begin
from chiron.identity.second_factors import is_enrolled, new_backup_codes
from chiron.identity.services.mfa_reset import reset_mfa
from chiron.identity.tests.factories import me, new_member, problem, with_token
from chiron.identity.tests.test_code_races import enrolled
from chiron.identity.tests.test_families import together
from chiron.identity.tokens import verified
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import ACCOUNTS, atomic, constraint_of
from chiron.kernel.ids import new_id
from tests.town import Clinic


@pytest.fixture
def member(hilltop: Clinic) -> Membership:
    membership = new_member(hilltop.id)
    enrolled(membership.account)
    new_backup_codes(membership.account_id)
    return membership


def admin(clinic: Clinic) -> SignedIn:
    membership = new_member(clinic.id, Role.ADMIN)
    return begin(by=Caller(), account=membership.account, membership=membership, mfa_at=now(), now=now())


def ask(who: SignedIn, membership: Membership) -> Any:
    return with_token(who.access).post(f"/api/memberships/{membership.id}/mfa-reset")


def events(action: str, membership: Membership) -> int:
    return Event.objects.using("accounts").filter(action=action, resource_id=membership.id).count()


def test_one_asks_another_confirms_and_all_sessions_end(hilltop: Clinic, member: Membership) -> None:
    theirs = begin(by=Caller(), account=member.account, membership=member, mfa_at=now(), now=now())

    first = ask(admin(hilltop), member)
    assert (first.status_code, first.json()["mfa_reset"]["done"]) == (202, False)
    assert is_enrolled(member.account_id)
    assert me(theirs.access).status_code == 200
    second = ask(admin(hilltop), member)

    assert (second.status_code, second.json()["mfa_reset"]["done"]) == (200, True)
    assert second.json()["mfa_reset"]["membership_id"] == str(member.id)
    assert not is_enrolled(member.account_id)
    assert problem(me(theirs.access)) == (401, "not-signed-in")
    assert (events("mfa.reset-requested", member), events("mfa.reset", member)) == (1, 1)


def test_who_asked_cannot_confirm(hilltop: Clinic, member: Membership) -> None:
    one = admin(hilltop)
    ask(one, member)

    answer = ask(one, member)

    assert problem(answer) == (409, "second-admin-needed")
    assert is_enrolled(member.account_id)
    assert MfaReset.objects.get(membership=member).confirmed_at is None
    assert events("mfa.reset", member) == 0


def test_that_they_differ_is_a_constraint(member: Membership) -> None:
    one = new_id()

    with pytest.raises(IntegrityError) as refused, atomic(ACCOUNTS):
        MfaReset(membership=member, requested_by=one, requested_at=now(), confirmed_by=one, confirmed_at=now()).save(
            force_insert=True
        )

    assert constraint_of(refused.value) == "a_second_admin_confirms"


def test_after_a_day_it_is_asked_for_anew(hilltop: Clinic, member: Membership) -> None:
    ask(admin(hilltop), member)
    MfaReset.objects.filter(membership=member).update(requested_at=now() - timedelta(days=1, seconds=1))

    assert ask(admin(hilltop), member).status_code == 202
    assert is_enrolled(member.account_id)


def test_nobody_else_and_nowhere_else(hilltop: Clinic, riverside: Clinic, member: Membership) -> None:
    stale = new_member(hilltop.id, Role.ADMIN)
    without = begin(by=Caller(), account=stale.account, membership=stale, now=now())

    assert problem(ask(admin(riverside), member)) == (404, "not-found")
    assert problem(ask(without, member)) == (401, "step-up-required")
    assert problem(hilltop.client(Role.DOCTOR).post(f"/api/memberships/{member.id}/mfa-reset")) == (
        403,
        "not-permitted",
    )
    assert not MfaReset.objects.filter(membership=member).exists()


def test_who_has_none_needs_none(hilltop: Clinic) -> None:
    assert problem(ask(admin(hilltop), new_member(hilltop.id))) == (409, "second-factor-off")


def test_no_organization_weakens_an_account_for_the_others(
    hilltop: Clinic, riverside: Clinic, member: Membership
) -> None:
    add_membership(by=riverside.who[Role.ADMIN], account=member.account, roles=[Role.LAB], now=now())

    assert problem(ask(admin(hilltop), member)) == (409, "belongs-elsewhere")
    assert not MfaReset.objects.filter(membership=member).exists()


def test_one_admin_twice_at_the_same_moment_resets_nothing(lakeside: Clinic) -> None:
    membership = new_member(lakeside.id)
    enrolled(membership.account)
    one = verified(admin(lakeside).access).caller

    def reset() -> bool:
        return reset_mfa(by=one, membership_id=membership.id, now=now()).confirmed_at is None

    answers = together(*[reset] * 8)

    assert answers.count(True) == 1
    assert is_enrolled(membership.account_id)
