"""Users: oneself, and the accounts of doctors and patients for the admin."""

from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from chiron.audit.models import Event
from chiron.identity.models import Account, Membership
from chiron.identity.public import Role
from chiron.identity.tests.factories import PASSWORD, me, new_account, new_member, problem, signed_in, with_token
from chiron.identity.tests.test_registration import claims_of, register

NOT_ADMINS = sorted(set(Role) - {Role.ADMIN})


def put_me(token: str, **body: Any) -> Any:
    return with_token(token).put("/api/users/me", body, content_type="application/json")


@pytest.mark.parametrize("role", sorted(Role))
def test_everybody_reads_themselves(role: Role, hilltop: Any) -> None:
    user = me(hilltop.tokens[role]).json()["user"]

    assert (user["id"], user["roles"]) == (str(hilltop.who[role].account_id), [role])
    assert user["provider_id"] == (str(hilltop.doctor_id) if role is Role.DOCTOR else None)
    assert user["patient_id"] == (str(hilltop.patient_id) if role is Role.PATIENT else None)


def test_who_was_removed_a_moment_ago_by_another_process_is_told_to_sign_in(hilltop: Any) -> None:
    member = new_member(hilltop.id)
    opened = signed_in(member)
    Membership.objects.filter(id=member.id).delete()

    assert problem(me(opened.access)) == (401, "not-signed-in")


def test_an_address_is_changed_and_signs_in_from_then_on(hilltop: Any) -> None:
    opened = signed_in(new_member(hilltop.id))

    answer = put_me(opened.access, email="New@Example.org", password=PASSWORD)

    assert answer.json()["user"]["email"] == "New@Example.org"
    assert Account.objects.named("new@example.org") == opened.account
    assert Event.objects.using("accounts").filter(action="account.updated", account_id=opened.account.id).count() == 1


def test_nobody_learns_who_has_an_address_by_taking_it(hilltop: Any) -> None:
    owner = new_account(email="taken@example.org")
    opened = signed_in(new_member(hilltop.id, email="mine@example.org"))

    answer = put_me(opened.access, email="TAKEN@example.org", password=PASSWORD)

    assert answer.status_code == 200
    assert answer.json()["user"]["email"] == "TAKEN@example.org"
    assert Account.objects.named("taken@example.org") == owner


@pytest.mark.parametrize(
    ("password", "expected"), [({}, (422, "invalid")), ({"password": "a wrong guess"}, (403, "not-confirmed"))]
)
def test_a_token_alone_takes_no_account_to_another_mailbox(
    password: dict[str, str], expected: tuple[int, str], hilltop: Any
) -> None:
    opened = signed_in(new_member(hilltop.id, email="mine@example.org"))

    answer = put_me(opened.access, email="new@example.org", **password)

    assert problem(answer) == expected
    assert me(opened.access).json()["user"]["email"] == "mine@example.org"


def test_who_one_is_can_be_said_anew_until_it_is_confirmed(hilltop: Any) -> None:
    registered = register().json()

    answer = put_me(
        registered["tokens"]["access"], first_name="Esi", last_name="Boateng-Mensah", birth_date="1980-05-17"
    )

    assert answer.status_code == 200
    said = {"first_name": "Esi", "last_name": "Boateng-Mensah", "birth_date": "1980-05-17"}
    assert claims_of(hilltop.id, registered["user"]["id"]) == [("patient", said)]


@pytest.mark.parametrize("role", [Role.PATIENT, Role.DOCTOR, Role.RECEPTIONIST])
def test_who_is_confirmed_cannot_say_otherwise(role: Role, hilltop: Any) -> None:
    answer = put_me(hilltop.tokens[role], last_name="Somebody-Else")

    assert problem(answer) == (409, "claim-settled")
    assert claims_of(hilltop.id, str(hilltop.who[role].account_id)) == []


def test_a_refused_change_changes_nothing_else(hilltop: Any) -> None:
    registered = register().json()
    said = {"email": "new@example.org", "password": "a wrong guess", "last_name": "Other"}

    answer = put_me(registered["tokens"]["access"], **said)

    assert problem(answer) == (403, "not-confirmed")
    [(_, said)] = claims_of(hilltop.id, registered["user"]["id"])
    assert said["last_name"] == "Boateng"


def test_roles_cannot_be_given_to_oneself(hilltop: Any) -> None:
    answer = put_me(hilltop.tokens[Role.PATIENT], roles=["ADMIN"])

    assert problem(answer) == (422, "invalid")


@pytest.mark.parametrize(("path", "role"), [("doctors", Role.DOCTOR), ("patients", Role.PATIENT)])
def test_the_admin_lists_accounts_by_role_and_that_is_an_event(
    path: str, role: Role, hilltop: Any, riverside: Any
) -> None:
    member = new_member(hilltop.id, role)
    new_member(riverside.id, role)

    answer = hilltop.client(Role.ADMIN).get(f"/api/users/{path}").json()

    ids = [user["id"] for user in answer[path]]
    assert ids == [str(member.account_id), str(hilltop.who[role].account_id)]
    assert answer["next"] is None
    event = Event.objects.using("accounts").filter(action="user.listed").latest("id")
    assert (event.organization_id, event.account_id) == (hilltop.id, hilltop.who[Role.ADMIN].account_id)


def test_lists_are_paged(hilltop: Any) -> None:
    members = [new_member(hilltop.id, Role.DOCTOR) for _ in range(3)]
    admin = hilltop.client(Role.ADMIN)

    first = admin.get("/api/users/doctors", {"limit": 2}).json()
    second = admin.get("/api/users/doctors", {"limit": 2, "cursor": first["next"]}).json()

    ids = [user["id"] for user in first["doctors"] + second["doctors"]]
    assert ids[:3] == [str(member.account_id) for member in reversed(members)]
    assert len(ids) == len(set(ids)) == 4


def test_a_list_takes_the_same_queries_however_long_it_is(hilltop: Any) -> None:
    admin, counts = hilltop.client(Role.ADMIN), []
    for _ in range(2):
        admin.get("/api/users/doctors")
        with CaptureQueriesContext(connections["accounts"]) as captured:
            admin.get("/api/users/doctors")
        counts.append(len(captured))
        for _ in range(5):
            new_member(hilltop.id, Role.DOCTOR)

    assert counts[0] == counts[1]


@pytest.mark.parametrize("role", NOT_ADMINS)
@pytest.mark.parametrize("path", ["/api/users/doctors", "/api/users/patients", "/api/memberships"])
def test_nobody_else_lists_accounts(path: str, role: Role, hilltop: Any) -> None:
    assert problem(hilltop.client(role).get(path)) == (403, "not-permitted")
