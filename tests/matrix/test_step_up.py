"""What needs a second factor just shown opens to nobody else, whatever their role."""

from datetime import timedelta

import pytest
from django.test import Client

from chiron.identity.models import Membership
from chiron.identity.public import begin
from chiron.identity.services.organizations import change_organization
from chiron.kernel.access import Caller, Proof
from chiron.kernel.clock import now
from chiron.kernel.ids import NIL
from config.api import api
from tests.matrix.operations import OPERATIONS
from tests.matrix.test_access import ask, guarded
from tests.matrix.world import Whose, World, events_of, undone
from tests.town import OPERATOR

FRESH = sorted(guarded(api, Proof.FRESH))
WANTED = sorted(guarded(api, Proof.WANTED))
AGO = [None, timedelta(minutes=5, seconds=2)]


def token(world: World, who: str, ago: timedelta | None) -> str:
    """An access token of somebody who showed a second factor that long ago, or never."""
    membership = Membership.objects.select_related("account").get(id=world.callers[who].membership_id or NIL)
    mfa_at = None if ago is None else now() - ago
    return begin(by=Caller(), account=membership.account, membership=membership, mfa_at=mfa_at, now=now()).access


def test_the_second_factor_itself_is_changed_by_who_has_just_shown_it() -> None:
    assert {name for name, _ in FRESH} >= {"POST /api/auth/mfa/disable", "POST /api/auth/mfa/backup-codes"}


def admitted_without(world: World, name: str, ago: timedelta | None) -> list[tuple[str, int, int]]:
    """Who gets anything but the refusal, and one event of it, with a second factor shown that long ago."""
    admitted = []
    for who in set(world.callers) - {"unapproved doctor", "operator"}:
        with undone():
            world.clients[who] = Client(headers={"authorization": f"Bearer {token(world, who, ago)}"})
            before = events_of(world.hilltop)
            answer = ask(world, name, OPERATIONS[name], who, Whose.MINE)
            events = events_of(world.hilltop) - before
        refused = answer.status_code == 401 and b"/problems/step-up-required" in answer.content
        if not refused or events != 1:
            admitted.append((who, answer.status_code, events))
    return admitted


@pytest.mark.parametrize("ago", AGO, ids=["never", "five minutes ago"])
@pytest.mark.parametrize("name", [name for name, _ in FRESH])
def test_without_it_nobody_comes_in(name: str, ago: timedelta | None, world: World) -> None:
    assert admitted_without(world, name, ago) == []


def test_numbers_and_screenings_are_taken_out_by_who_has_just_shown_it_where_that_is_wanted() -> None:
    assert [name for name, _ in WANTED] == ["GET /api/analytics/{metric}/export", "GET /api/screening/export"]


@pytest.mark.parametrize("ago", AGO, ids=["never", "five minutes ago"])
@pytest.mark.parametrize("name", [name for name, _ in WANTED])
def test_where_the_organization_wants_it_for_exports_nobody_comes_in_without(
    name: str, ago: timedelta | None, world: World
) -> None:
    with undone():
        for organization in (world.hilltop.organization, world.riverside.organization):
            wanted = {"policies": {"exports_step_up": True}}
            change_organization(by=OPERATOR, organization_id=organization.id, changes=wanted, now=now())

        assert admitted_without(world, name, ago) == []


def test_who_must_have_a_second_factor_and_has_none_can_only_enrol(world: World) -> None:
    wrong = []
    may_enrol = {name for name, _ in guarded(api, Proof.ENROLLING)}

    with undone():
        for organization in (world.hilltop.organization, world.riverside.organization):
            decided = {"policies": {"mfa_required_roles": ["DOCTOR"]}}
            change_organization(by=OPERATOR, organization_id=organization.id, changes=decided, now=now())
        world.clients["DOCTOR"] = Client(headers={"authorization": f"Bearer {token(world, 'DOCTOR', None)}"})
        for name, operation in OPERATIONS.items():
            with undone():
                before = events_of(world.hilltop)
                answer = ask(world, name, operation, "DOCTOR", Whose.MINE)
                events = events_of(world.hilltop) - before
            refused = (answer.status_code, events) == (403, 1) and b"/problems/mfa-enrolment-required" in answer.content
            if refused == (name in may_enrol):
                wrong.append((name, answer.status_code, events))

    assert wrong == []
    assert may_enrol == {"GET /api/auth/csrf", "POST /api/auth/logout", "POST /api/auth/mfa/setup"}
