"""What other services are told of tokens and their bearers."""

import random
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from chiron.identity.models import Session
from chiron.identity.policy import TABLE, scope_of
from chiron.identity.public import Role, begin, create_operator
from chiron.identity.services.memberships import change_membership
from chiron.identity.services.organizations import change_organization
from chiron.identity.services.sign_in import sign_out
from chiron.identity.tests.factories import PASSWORD, new_member, post, problem, signed_in, with_token
from chiron.identity.tests.forgeries import FORGERIES
from chiron.identity.tokens import verified
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.ids import new_id
from tests.server import end_connections

OPERATOR = Caller(operator=True)


def validate(token: str, path: str = "/auth/validate") -> Any:
    return Client().post(path, {"token": token}, content_type="application/json")


def authorize(token: str, **question: object) -> Any:
    return with_token(token).post("/auth/authorize", question, content_type="application/json")


def refused(answer: Any) -> str:
    assert answer.status_code == 200
    said: dict[str, Any] = answer.json()
    assert said.keys() == {"valid", "reason"}
    assert said["valid"] is False
    return str(said["reason"])


@pytest.mark.parametrize("path", ["/auth/validate", "/api/auth/validate", "/auth/validate/"])
def test_a_valid_token_says_whose_it_is_and_what_it_permits(path: str, hilltop: Any) -> None:
    token, doctor = hilltop.tokens[Role.DOCTOR], hilltop.who[Role.DOCTOR]

    answer = validate(token, path)

    assert answer.status_code == 200
    said = answer.json()
    permissions = said.pop("permissions")
    assert said == {
        "valid": True,
        "user_id": str(doctor.account_id),
        "organization_id": str(hilltop.id),
        "roles": ["DOCTOR"],
        "exp": verified(token).expires_at,
    }
    assert permissions == [f"{resource}.{action}" for resource, action in TABLE if scope_of(doctor, resource, action)]
    assert {"patients.read", "records.sign"} <= set(permissions)
    assert "memberships.update" not in permissions


def test_the_operators_token_names_no_organization(db: None) -> None:
    operator = create_operator(by=OPERATOR, username="olga", password=PASSWORD, now=now())
    opened = begin(by=Caller(), account=operator, membership=None, now=now())

    said = validate(opened.access).json()

    assert (said["valid"], said["organization_id"], said["roles"]) == (True, None, [])
    assert "organizations.create" in said["permissions"]


@pytest.mark.parametrize("kind", FORGERIES)
def test_a_forged_token_is_not_valid(kind: str, db: None) -> None:
    assert refused(validate(FORGERIES[kind](random.Random(kind)))) == "not-signed-in"


def test_what_was_taken_back_is_not_valid_at_once_in_whatever_process(hilltop: Any) -> None:
    member = new_member(hilltop.id, Role.LAB)
    gone, changed = signed_in(member), signed_in(member)
    assert validate(gone.access).json()["valid"]

    sign_out(by=verified(gone.access).caller, now=now())
    assert refused(validate(gone.access)) == "not-signed-in"
    assert validate(changed.access).json()["valid"]

    change_membership(by=hilltop.who[Role.ADMIN], membership_id=member.id, roles=[Role.BILLER], now=now())
    assert refused(validate(changed.access)) == "not-signed-in"


def test_another_process_ended_the_session_a_moment_ago(hilltop: Any) -> None:
    opened = signed_in(new_member(hilltop.id))
    assert validate(opened.access).json()["valid"]

    Session.objects.filter(id=opened.session_id).update(revoked_at=now())

    assert refused(validate(opened.access)) == "not-signed-in"


def test_a_suspended_organization_and_a_missing_second_factor_are_reasons(hilltop: Any) -> None:
    opened = signed_in(new_member(hilltop.id, Role.LAB))
    wanted = {"policies": {"mfa_required_roles": ["BILLER"]}}
    change_organization(by=OPERATOR, organization_id=hilltop.id, changes=wanted, now=now())
    unenrolled = signed_in(new_member(hilltop.id, Role.BILLER))
    assert refused(validate(opened.access)) == "not-signed-in"
    assert refused(validate(unenrolled.access)) == "mfa-enrolment-required"

    change_organization(by=OPERATOR, organization_id=hilltop.id, changes={}, suspended=True, now=now())

    assert refused(validate(unenrolled.access)) == "organization-suspended"


def test_where_nobody_can_know_nothing_is_valid(lakeside: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    token = lakeside.tokens[Role.ADMIN]
    end_connections("accounts")
    with monkeypatch.context() as unplugged:
        unplugged.setattr("chiron.postgres.backend.base.DatabaseWrapper.get_new_connection", unreachable)
        answer = validate(token)

    assert problem(answer) == (503, "unavailable")
    assert answer.headers["Retry-After"]


def unreachable(*_: Any) -> Any:
    raise OperationalError


@pytest.mark.parametrize(("role", "allowed"), [(Role.ADMIN, True), (Role.DOCTOR, False), (Role.PATIENT, False)])
def test_the_policy_answers_for_a_whole_resource(role: Role, allowed: bool, hilltop: Any) -> None:
    answer = authorize(hilltop.tokens[role], resource="memberships", action="update")

    assert (answer.status_code, answer.json()) == (200, {"authorized": allowed})


def test_with_an_id_the_doors_of_the_api_answer(hilltop: Any, riverside: Any) -> None:
    def may(role: Role, id: object, resource: str = "patients", action: str = "read") -> bool:
        return bool(authorize(hilltop.tokens[role], resource=resource, action=action, id=str(id)).json()["authorized"])

    own, other, next_door = hilltop.patient_id, hilltop.other_patient_id, riverside.patient_id
    assert [may(Role.DOCTOR, id) for id in (own, other, next_door, new_id())] == [True, False, False, False]
    assert [may(Role.PATIENT, id) for id in (own, other, next_door)] == [True, False, False]
    assert [may(Role.ADMIN, id) for id in (own, other, next_door)] == [True, True, False]
    assert not may(Role.LAB, own)
    assert [may(Role.ADMIN, id, "organizations") for id in (hilltop.id, riverside.id)] == [True, False]
    members = [clinic.who[Role.LAB].membership_id for clinic in (hilltop, riverside)]
    assert [may(Role.ADMIN, id, "memberships", "update") for id in members] == [True, False]
    sessions = [hilltop.sessions[role].id for role in (Role.DOCTOR, Role.ADMIN)]
    assert [may(Role.DOCTOR, id, "sessions") for id in sessions] == [True, False]


def test_what_the_policy_does_not_know_is_allowed_to_nobody(hilltop: Any) -> None:
    answer = authorize(hilltop.tokens[Role.ADMIN], resource="patients", action="juggle", id=str(hilltop.patient_id))

    assert answer.json() == {"authorized": False}


def test_an_object_without_a_door_is_not_guessed_at(hilltop: Any) -> None:
    answer = authorize(hilltop.tokens[Role.ADMIN], resource="departments", action="read", id=str(new_id()))

    assert problem(answer) == (422, "invalid")
    assert answer.json()["errors"][0]["loc"] == ["body", "id"]


def test_who_is_not_signed_in_is_told_nothing(db: None) -> None:
    assert problem(post("/auth/authorize", {"resource": "patients", "action": "read"})) == (401, "not-signed-in")
