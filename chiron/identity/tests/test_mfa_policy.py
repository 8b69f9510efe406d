"""An organization wants a second factor of some roles, from some day on."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyotp
import pytest

from chiron.identity.models import Membership, Session
from chiron.identity.public import Role
from chiron.identity.services.organizations import change_organization
from chiron.identity.tests.factories import PASSWORD, me, new_member, post, problem, signed_in, with_token
from chiron.identity.tests.test_code_races import enrolled
from chiron.identity.tokens import issue, verified
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.tenancy.public import Policies
from tests.town import Clinic, renew_tokens

TODAY = now().date()


@pytest.fixture
def member(hilltop: Clinic) -> Membership:
    return new_member(hilltop.id, Role.DOCTOR, Role.LAB)


def decide(clinic: Clinic, **policies: Any) -> None:
    operator = Caller(operator=True)
    change_organization(by=operator, organization_id=clinic.id, changes={"policies": policies}, now=now())


def post_as(token: str, path: str, **body: Any) -> Any:
    return with_token(token).post(f"/api/auth/{path}", body, content_type="application/json")


def fresh(member: Membership) -> Any:
    """A new session, with the organization as it is now."""
    return signed_in(Membership.objects.select_related("account", "organization").get(id=member.id))


def test_a_day_before_all_time_is_at_once_and_locks_nobody_out(member: Membership, hilltop: Clinic) -> None:
    decide(hilltop, mfa_required_roles=["DOCTOR"], mfa_from=date(1, 1, 1))

    answer = post_as(fresh(member).access, "mfa/setup", password=PASSWORD)

    assert answer.status_code == 200, answer.content


def test_the_decision_is_the_admins_and_is_shown(hilltop: Clinic) -> None:
    said = {"policies": {"mfa_required_roles": ["DOCTOR", "ADMIN"], "mfa_from": "2031-05-05"}}

    path = f"/api/organizations/{hilltop.id}"
    answer = hilltop.client(Role.ADMIN).patch(path, said, content_type="application/json")

    shown = answer.json()["organization"]["policies"]
    assert (shown["mfa_required_roles"], shown["mfa_from"]) == (["DOCTOR", "ADMIN"], "2031-05-05")


def test_the_day_is_taken_away_by_a_null_and_by_nothing_else(hilltop: Clinic) -> None:
    path = f"/api/organizations/{hilltop.id}"

    def days(**policies: Any) -> Any:
        renew_tokens(hilltop)  # which such a decision ends
        answer = hilltop.client(Role.ADMIN).patch(path, {"policies": policies}, content_type="application/json")
        return answer.json()["organization"]["policies"]["mfa_from"]

    assert days(mfa_from="2031-05-05") == "2031-05-05"
    assert days(break_glass_minutes=30) == "2031-05-05"
    assert days(mfa_from=None) is None


@pytest.mark.parametrize(
    ("roles", "policies", "expected"),
    [
        ({"DOCTOR"}, Policies(), None),
        ({"LAB"}, Policies(mfa_required_roles=("DOCTOR",)), None),
        (set(), Policies(mfa_required_roles=("DOCTOR",)), None),
        ({"LAB", "DOCTOR"}, Policies(mfa_required_roles=("DOCTOR",)), datetime(1970, 1, 1, tzinfo=UTC)),
        (
            {"DOCTOR"},
            Policies(mfa_required_roles=("DOCTOR",), mfa_from=date(2031, 5, 5)),
            datetime(2031, 5, 4, 22, tzinfo=UTC),
        ),
    ],
)
def test_it_is_due_at_the_first_moment_of_the_day_where_the_organization_is(
    roles: set[str], policies: Policies, expected: datetime | None
) -> None:
    assert policies.mfa_due(roles, "Europe/Berlin") == expected
    assert Policies.stored(policies.as_stored()) == policies


def test_until_the_day_nothing_changes(hilltop: Clinic, member: Membership) -> None:
    decide(hilltop, mfa_required_roles=["DOCTOR"], mfa_from=TODAY + timedelta(days=2))

    assert me(fresh(member).access).status_code == 200


@pytest.mark.parametrize("starts", [None, TODAY - timedelta(days=1)])
def test_from_then_on_a_session_can_only_enrol_until_it_has(
    starts: date | None, hilltop: Clinic, member: Membership
) -> None:
    decide(hilltop, mfa_required_roles=["DOCTOR"], mfa_from=starts)
    opened = fresh(member)
    assert problem(me(opened.access)) == (403, "mfa-enrolment-required")
    refreshed = post("/auth/refresh", {"refresh": opened.refresh}).json()
    assert problem(me(refreshed["access"])) == (403, "mfa-enrolment-required")

    secret = post_as(refreshed["access"], "mfa/setup", password=PASSWORD).json()["secret"]
    answer = post_as(refreshed["access"], "mfa/verify", code=pyotp.TOTP(secret).now())

    assert answer.status_code == 200
    again = post("/auth/refresh", {"refresh": refreshed["refresh"]}).json()
    assert me(again["access"]).status_code == 200
    assert verified(again["access"]).mfa_at is not None


def test_a_decision_reaches_whoever_is_signed_in_with_the_next_call(hilltop: Clinic, member: Membership) -> None:
    opened = signed_in(member)
    assert me(opened.access).status_code == 200

    decide(hilltop, mfa_required_roles=["DOCTOR"])

    assert problem(me(opened.access)) == (401, "not-signed-in")
    refreshed = post("/auth/refresh", {"refresh": opened.refresh}).json()
    assert problem(me(refreshed["access"])) == (403, "mfa-enrolment-required")


def test_other_decisions_end_no_token(hilltop: Clinic, member: Membership) -> None:
    opened = signed_in(member)

    decide(hilltop, break_glass_minutes=15)

    assert me(opened.access).status_code == 200


def test_others_are_not_asked(hilltop: Clinic, member: Membership) -> None:
    decide(hilltop, mfa_required_roles=["ADMIN", "BILLER"])

    assert me(fresh(member).access).status_code == 200


def test_who_has_one_is_not_asked_again(hilltop: Clinic, member: Membership) -> None:
    session = Session.objects.get(id=signed_in(member).session_id)
    enrolled(member.account)
    decide(hilltop, mfa_required_roles=["DOCTOR"])

    assert me(issue(session, member.account, Membership.objects.get(id=member.id), now())).status_code == 200


def test_a_session_that_can_only_enrol_may_end_itself(hilltop: Clinic, member: Membership) -> None:
    decide(hilltop, mfa_required_roles=["LAB"])
    opened = fresh(member)

    assert problem(with_token(opened.access).post("/api/auth/logout-all")) == (403, "mfa-enrolment-required")
    assert with_token(opened.access).post("/api/auth/logout").status_code == 204
