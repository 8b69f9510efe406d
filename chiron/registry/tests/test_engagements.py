"""Who loses the role LAB works at no laboratory any more, and does not come back to one with the role."""

from typing import Any
from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.identity.models import Membership
from chiron.identity.public import Role, add_membership, caller_of, change_membership
from chiron.identity.tests.factories import new_member
from chiron.jobs.models import Waiting
from chiron.jobs.registry import JOBS
from chiron.jobs.running import perform
from chiron.kernel.clock import now
from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic
from chiron.registry.models import LaboratoryStaff
from chiron.registry.public import laboratories_of
from chiron.registry.tests.factories import call, problem
from chiron.registry.tests.test_laboratories import add, laboratory
from chiron.tenancy.public import inside
from tests.town import Clinic

JOB = "registry.end_former_work"
ENDINGS: dict[str, dict[str, Any] | None] = {
    "other roles": {"roles": ["RECEPTIONIST"]},
    "suspended": {"approved": False},
    "removed": None,
}


@pytest.fixture
def blood(hilltop: Clinic) -> UUID:
    return laboratory(hilltop, "Blood")


@pytest.fixture
def technician(hilltop: Clinic, blood: UUID) -> Membership:
    member = new_member(hilltop.id, Role.LAB)
    assert add(hilltop, blood, member.account_id).status_code == 201
    return member


def end(clinic: Clinic, member: Membership, body: dict[str, Any] | None) -> None:
    method = "delete" if body is None else "patch"
    answer = call(clinic.client(Role.ADMIN), method, f"/memberships/{member.id}", body)
    assert answer.status_code in (200, 204), answer.content


def begin_again(clinic: Clinic, member: Membership, ended_by: str) -> Membership:
    by = clinic.who[Role.ADMIN]
    if ended_by == "removed":
        return add_membership(by=by, account=member.account, roles=[Role.LAB], now=now())
    return change_membership(by=by, membership_id=member.id, roles=[Role.LAB], approved=True, now=now())


def reached(clinic: Clinic, member: Membership) -> set[UUID]:
    caller = caller_of(member.id)
    assert caller is not None
    with inside(clinic.id):
        return set(laboratories_of(caller))


def until(clinic: Clinic, member: Membership) -> list[bool]:
    """Whether each time at a laboratory has ended, the first first."""
    with inside(clinic.id):
        times = LaboratoryStaff.objects.filter(account_id=member.account_id).order_by("id")
        return [each is not None for each in times.values_list("until", flat=True)]


def relayed() -> int:
    """What was asked for is done, and tried once more."""
    waiting = list(Waiting.objects.using(ACCOUNTS).filter(job=JOB).order_by("id"))
    for each in waiting:
        for _ in range(2):
            perform(JOBS[each.job], effect=each.id, organization_id=each.organization_id, arguments=each.arguments)
        each.delete()
    return len(waiting)


@pytest.mark.parametrize("ended_by", ENDINGS)
def test_who_has_the_role_again_has_no_laboratory_even_before_anything_was_written_down(
    ended_by: str, hilltop: Clinic, technician: Membership, blood: UUID
) -> None:
    before = reached(hilltop, technician)

    end(hilltop, technician, ENDINGS[ended_by])
    again = begin_again(hilltop, technician, ended_by)  # the job waits: as after a crash between the two commits

    assert (before, reached(hilltop, again), until(hilltop, technician)) == ({blood}, set[UUID](), [False])


@pytest.mark.parametrize("ended_by", ENDINGS)
def test_what_was_lost_is_written_down_once_and_may_be_given_anew(
    ended_by: str, hilltop: Clinic, technician: Membership, blood: UUID
) -> None:
    end(hilltop, technician, ENDINGS[ended_by])
    again = begin_again(hilltop, technician, ended_by)

    assert relayed() == 1
    gone = until(hilltop, technician)
    back = add(hilltop, blood, technician.account_id)

    assert (gone, back.status_code) == ([True], 201)
    assert (until(hilltop, technician), reached(hilltop, again)) == ([True, False], {blood})
    with inside(hilltop.id):
        left = Event.objects.using(CLINICAL).filter(action="laboratory.left", resource_id=blood)
        assert [each.account_id for each in left] == [hilltop.who[Role.ADMIN].account_id]


def test_who_is_added_anew_first_stays_when_the_loss_is_written_down(
    hilltop: Clinic, technician: Membership, blood: UUID
) -> None:
    end(hilltop, technician, {"approved": False})
    again = begin_again(hilltop, technician, "suspended")

    back = add(hilltop, blood, technician.account_id)
    relayed()

    assert (back.status_code, until(hilltop, technician), reached(hilltop, again)) == (201, [True, False], {blood})


def test_who_keeps_the_role_keeps_the_laboratory(hilltop: Clinic, technician: Membership, blood: UUID) -> None:
    end(hilltop, technician, {"roles": ["LAB", "RECEPTIONIST"]})
    end(hilltop, technician, {"approved": True})

    assert (relayed(), reached(hilltop, technician)) == (0, {blood})


def test_a_change_that_is_refused_ends_no_work(hilltop: Clinic, technician: Membership, blood: UUID) -> None:
    stale = {"if_match": '"7"'}

    answer = call(hilltop.client(Role.ADMIN), "patch", f"/memberships/{technician.id}", {"roles": ["BILLER"]}, **stale)

    assert problem(answer) == (412, "stale-version")
    assert (relayed(), reached(hilltop, technician)) == (0, {blood})


def test_nobody_works_elsewhere_for_a_loss_in_one_organization(
    hilltop: Clinic, riverside: Clinic, technician: Membership
) -> None:
    tissue = laboratory(riverside, "Tissue")
    with atomic(ACCOUNTS):
        by = riverside.who[Role.ADMIN]
        there = add_membership(by=by, account=technician.account, roles=[Role.LAB], now=now())
    add(riverside, tissue, technician.account_id)

    end(hilltop, technician, None)
    relayed()

    assert (until(hilltop, technician), until(riverside, technician)) == ([True], [False])
    assert reached(riverside, there) == {tissue}
