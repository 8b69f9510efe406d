"""What happens to an account is told to its owner: once, in each organization, and never if it did not happen."""

from typing import Any
from uuid import UUID

import pytest

from chiron.identity.models import Membership
from chiron.identity.public import Alarm, Role, add_membership
from chiron.identity.services.accounts import change_me
from chiron.identity.services.password import change_password
from chiron.identity.tests.factories import PASSWORD, new_member, post, signed_in
from chiron.identity.tests.test_mfa import on
from chiron.jobs.models import Waiting
from chiron.jobs.registry import JOBS
from chiron.jobs.running import perform
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.notifications.models import Notification
from chiron.notifications.words import CLOSER, LINKS
from chiron.tenancy.public import inside
from tests.town import Clinic

ANOTHER = "nine happy herons"


@pytest.fixture
def member(hilltop: Clinic) -> Membership:
    return new_member(hilltop.id, Role.RECEPTIONIST)


def relayed() -> None:
    """What was asked for is done, and tried once more."""
    for each in Waiting.objects.using(ACCOUNTS).filter(job="notifications.tell_of_alarm").order_by("id"):
        for _ in range(2):
            perform(JOBS[each.job], effect=each.id, organization_id=each.organization_id, arguments=each.arguments)
        each.delete()


def told(clinic: Clinic, account_id: UUID) -> list[tuple[str, str]]:
    relayed()
    with inside(clinic.id):
        found = Notification.objects.filter(account_id=account_id).order_by("number")
        return list(found.values_list("kind", "resource"))


def login(member: Membership, **headers: str) -> Any:
    answer = post("/auth/login", {"username": member.account.username, "password": PASSWORD}, **headers)
    assert answer.status_code == 200, answer.content
    return answer


def caller_of(member: Membership) -> Caller:
    opened = signed_in(member)
    return Caller(
        account_id=member.account_id, organization_id=member.organization_id, membership_id=member.id,
        session_id=opened.session_id, roles=frozenset(member.roles),
    )  # fmt: skip


def test_the_owner_is_told_of_another_password_and_another_address(hilltop: Clinic, member: Membership) -> None:
    by = caller_of(member)

    change_me(by=by, email="ama@example.net", password=PASSWORD, now=now())
    change_password(by=by, old_password=PASSWORD, password=ANOTHER, now=now())

    assert told(hilltop, member.account_id) == [("account.security", "email"), ("account.security", "password")]


def test_what_did_not_happen_is_told_to_nobody(hilltop: Clinic, member: Membership) -> None:
    class Stop(Exception):
        pass

    def change_and_stop() -> None:
        with atomic(ACCOUNTS):
            change_password(by=caller_of(member), old_password=PASSWORD, password=ANOTHER, now=now())
            raise Stop

    with pytest.raises(Stop):
        change_and_stop()

    assert told(hilltop, member.account_id) == []


def test_a_device_that_is_not_known_is_told_of_and_a_known_one_is_not(hilltop: Clinic, member: Membership) -> None:
    first = login(member)
    login(member, **{"x-device-token": first.headers["X-Device-Token"]})
    known = told(hilltop, member.account_id)
    login(member, **{"x-device-token": "somebody else's"})

    assert known == [("account.security", "devices")]
    assert told(hilltop, member.account_id) == known * 2


def test_the_owner_is_told_of_a_refresh_token_that_was_used_twice(hilltop: Clinic, member: Membership) -> None:
    opened = signed_in(member)
    tokens = [opened.refresh]
    for _ in range(2):
        tokens.append(post("/auth/refresh", {"refresh": tokens[-1]}).json()["refresh"])

    answer = post("/auth/refresh", {"refresh": tokens[0]})

    assert answer.status_code == 401
    assert told(hilltop, member.account_id) == [("account.security", "sessions")]


def test_who_belongs_to_two_organizations_is_told_in_both(
    hilltop: Clinic, riverside: Clinic, member: Membership
) -> None:
    add_membership(by=riverside.who[Role.ADMIN], account=member.account, roles=[Role.LAB], now=now())

    change_password(by=caller_of(member), old_password=PASSWORD, password=ANOTHER, now=now())

    assert [told(each, member.account_id) for each in (hilltop, riverside)] == [[("account.security", "password")]] * 2


def test_the_owner_is_told_of_a_second_factor(hilltop: Clinic, member: Membership) -> None:
    on(signed_in(member).access)

    assert told(hilltop, member.account_id) == [("account.security", "mfa")]


def test_every_alarm_has_its_words_and_its_link() -> None:
    names = {each.name.lower() for each in Alarm}

    assert names <= set(LINKS)
    assert all(names <= {resource for _, resource in said} for said in CLOSER.values())
