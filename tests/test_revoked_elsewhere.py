"""What one process takes back, another that serves meanwhile refuses within a second, and for good (promise A3)."""

import http.client
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from chiron.identity.models import Membership
from chiron.identity.public import Role, SignedIn
from chiron.identity.services.accounts import disable_account
from chiron.identity.services.memberships import change_membership, remove_membership
from chiron.identity.services.organizations import change_organization
from chiron.identity.services.password import change_password
from chiron.identity.services.sign_in import sign_out, sign_out_everywhere
from chiron.identity.tests.factories import PASSWORD, new_member, signed_in
from chiron.identity.tokens import verified
from chiron.kernel.clock import now
from tests.serving import Serving, serving
from tests.town import OPERATOR, Clinic

SECOND = 1.0
Act = Callable[[Clinic, Membership, SignedIn], object]


def log_out(clinic: Clinic, member: Membership, opened: SignedIn) -> None:
    sign_out(by=verified(opened.access).caller, now=now())


def log_out_everywhere(clinic: Clinic, member: Membership, opened: SignedIn) -> None:
    sign_out_everywhere(by=verified(signed_in(member).access).caller, now=now())


def disable(clinic: Clinic, member: Membership, opened: SignedIn) -> None:
    disable_account(by=OPERATOR, account_id=member.account_id, now=now())


def give_another_role(clinic: Clinic, member: Membership, opened: SignedIn) -> None:
    change_membership(by=clinic.who[Role.ADMIN], membership_id=member.id, roles=[Role.BILLER], now=now())


def take_the_approval_back(clinic: Clinic, member: Membership, opened: SignedIn) -> None:
    change_membership(by=clinic.who[Role.ADMIN], membership_id=member.id, approved=False, now=now())


def remove(clinic: Clinic, member: Membership, opened: SignedIn) -> None:
    remove_membership(by=clinic.who[Role.ADMIN], membership_id=member.id, now=now())


def take_another_password(clinic: Clinic, member: Membership, opened: SignedIn) -> None:
    by = verified(signed_in(member).access).caller
    change_password(by=by, old_password=PASSWORD, password="nine calm lions", now=now())


def suspend(clinic: Clinic, member: Membership, opened: SignedIn) -> None:
    change_organization(by=OPERATOR, organization_id=clinic.id, changes={}, suspended=True, now=now())


ACTS: list[Act] = [
    log_out, log_out_everywhere, disable, give_another_role, take_the_approval_back, remove, take_another_password,
]  # fmt: skip


@pytest.mark.parametrize("later", [50, pytest.param(1000, marks=pytest.mark.stress)])
def test_another_process_refuses_it_within_a_second_and_for_good(
    later: int, lakeside: Clinic, shown: Callable[[str, str], None]
) -> None:
    waits, later_answers = list[float](), Counter[int]()
    with serving() as second, closing(connected(second)) as line:
        for acts in (ACTS, [suspend]):
            taken_back = {}
            for act in acts:
                member = new_member(lakeside.id, Role.RECEPTIONIST)
                opened = signed_in(member)
                assert status(line, opened.access) == 200
                act(lakeside, member, opened)
                taken_back[opened.access] = time.monotonic()
            waits += last_accepted(line, taken_back).values()
            later_answers.update(status(line, token) for token in taken_back for _ in range(later))

    assert max(waits) < SECOND
    assert later_answers == {401: later * len(ACTS), 403: later}
    shown(
        "A3",
        f"{len(waits)} ways to take back a right: refused by another process {max(waits):.2f} s later at the latest,"
        f" {later_answers[200]} of {later_answers.total():,} later calls accepted",
    )


def connected(server: Serving) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)


def status(line: http.client.HTTPConnection, token: str) -> int:
    line.request("GET", "/api/users/me", headers={"Authorization": f"Bearer {token}"})
    answer: Any = line.getresponse()
    answer.read()
    return int(answer.status)


def last_accepted(line: http.client.HTTPConnection, taken_back: dict[str, float]) -> dict[str, float]:
    """How long after its right was taken back the last call with each token began that was let in, in seconds."""
    waits, pending = dict.fromkeys(taken_back, 0.0), dict(taken_back)
    while pending and time.monotonic() - max(taken_back.values()) < 10 * SECOND:
        for token, since in list(pending.items()):
            began = time.monotonic() - since
            if status(line, token) in (401, 403):
                del pending[token]
            else:
                waits[token] = began
    return waits
