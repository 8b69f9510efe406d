"""Registering: a patient makes a claim, a doctor waits for approval."""

from typing import Any

import pytest

from chiron.audit.models import Event
from chiron.identity.models import Account, Membership
from chiron.identity.public import Role
from chiron.identity.services.organizations import change_organization
from chiron.identity.tests.factories import PASSWORD, me, new_account, post, problem, with_token
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import cursor
from chiron.registry.models import Claim
from chiron.tenancy.public import inside
from chiron.vault.public import organization_safe

OPERATOR = Caller(operator=True)


def body(**of: Any) -> dict[str, Any]:
    usual = {
        "username": "esi.b",
        "email": "esi@example.org",
        "password": PASSWORD,
        "role": "PATIENT",
        "first_name": "Esi",
        "last_name": "Boateng",
        "birth_date": "1980-05",
        "organization": "hilltop",
    }
    return {name: value for name, value in (usual | of).items() if value is not ...}


def register(**of: Any) -> Any:
    return post("/auth/register", body(**of))


def claims_of(organization_id: Any, account_id: str) -> list[tuple[str, Any]]:
    with inside(organization_id):
        safe = organization_safe(organization_id)
        return [(each.kind, safe.open(each, "details")) for each in Claim.objects.filter(account_id=account_id)]


def test_a_patient_registers_and_is_signed_in_but_linked_to_nobody(hilltop: Any) -> None:
    answer = register()

    assert answer.status_code == 201
    assert set(answer.json()) == {"user", "tokens"}
    user, tokens = answer.json()["user"], answer.json()["tokens"]
    assert (user["username"], user["roles"], user["approved"]) == ("esi.b", ["PATIENT"], True)
    assert (user["patient_id"], user["organization"]["slug"]) == (None, "hilltop")
    assert me(tokens["access"]).json()["user"] == user
    assert with_token(tokens["access"]).get("/api/records").json()["records"] == []
    assert post("/auth/refresh", {"refresh": tokens["refresh"]}).status_code == 200


def test_who_she_says_to_be_becomes_a_sealed_claim_in_the_organization(hilltop: Any) -> None:
    account_id = register().json()["user"]["id"]

    said = {"first_name": "Esi", "last_name": "Boateng", "birth_date": "1980-05"}
    assert claims_of(hilltop.id, account_id) == [("patient", said)]
    with cursor("accounts") as accounts:
        accounts.execute("SELECT a::text FROM identity_account a")
        stored = "".join(row for (row,) in accounts.fetchall())
    assert not [word for word in ("Esi", "Boateng", "esi@example.org") if word in stored]


def test_a_doctor_who_registers_sees_no_patient_until_approved(hilltop: Any) -> None:
    answer = register(role="DOCTOR", username="kwame")

    user, client = answer.json()["user"], with_token(answer.json()["tokens"]["access"])
    assert (user["roles"], user["approved"], user["provider_id"]) == (["DOCTOR"], False, None)
    assert client.get("/api/users/me").status_code == 200
    for path in ("/api/patients", "/api/records", "/api/doctors/my_patients", "/api/users/patients"):
        assert problem(client.get(path)) == (403, "not-permitted"), path


def test_an_approved_doctor_is_the_provider_of_the_claim_and_has_the_role_at_once(hilltop: Any) -> None:
    answer = register(role="DOCTOR", username="kwame", first_name="Kwame", last_name="Osei").json()
    membership = Membership.objects.get(account_id=answer["user"]["id"])

    approved = hilltop.client(Role.ADMIN).patch(
        f"/api/memberships/{membership.id}", {"approved": True}, content_type="application/json"
    )

    assert approved.status_code == 200, approved.content
    user = approved.json()["membership"]["user"]
    assert (user["approved"], user["provider_id"] is not None) == (True, True)
    assert problem(me(answer["tokens"]["access"])) == (401, "not-signed-in")
    tokens = post("/auth/refresh", {"refresh": answer["tokens"]["refresh"]}).json()
    client = with_token(tokens["access"])
    assert client.get("/api/doctors/my_patients").json()["patients"] == []
    provider = client.get(f"/api/providers/{user['provider_id']}").json()["provider"]
    assert "Osei" in str(provider)


def test_approving_twice_makes_one_provider(hilltop: Any) -> None:
    account_id = register(role="DOCTOR", username="kwame").json()["user"]["id"]
    membership = Membership.objects.get(account_id=account_id)
    path, admin = f"/api/memberships/{membership.id}", hilltop.client(Role.ADMIN)

    first, second = (admin.patch(path, {"approved": True}, content_type="application/json").json() for _ in range(2))

    assert first["membership"]["user"]["provider_id"] == second["membership"]["user"]["provider_id"]


def test_registering_is_an_event(hilltop: Any) -> None:
    account_id = register().json()["user"]["id"]

    event = Event.objects.using("accounts").get(action="account.registered", account_id=account_id)
    assert event.organization_id == hilltop.id


@pytest.mark.parametrize(
    ("changes", "loc"),
    [
        ({"password": "zyx"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"username": "ä"}, "username"),
        ({"username": "esi@example.org"}, "username"),
        ({"username": "esi b"}, "username"),
        ({"username": "x" * 101}, "username"),
        ({"email": "nowhere"}, "email"),
        ({"email": ...}, "email"),
        ({"role": "ADMIN"}, "role"),
        ({"role": "doctor"}, "role"),
        ({"birth_date": "2999-01-01"}, "birth_date"),
        ({"birth_date": "1981-02-29"}, "birth_date"),
        ({"birth_date": "yesterday"}, "birth_date"),
        ({"organization": "unheard-of"}, "organization"),
        ({"organization": ...}, "organization"),
        ({"first_name": "x" * 101}, "first_name"),
    ],
)
def test_what_is_not_valid_is_pointed_at_and_leaves_nothing(changes: dict[str, Any], loc: str, hilltop: Any) -> None:
    before = Account.objects.count()

    answer = register(**changes)

    assert problem(answer) == (422, "invalid")
    assert [fault["loc"][-1] for fault in answer.json()["errors"]] == [loc]
    assert str(next(iter(changes.values()))) not in answer.content.decode()
    assert Account.objects.count() == before


@pytest.mark.parametrize("taken", ["esi.b", "ESI.B"])
def test_a_name_in_use_is_refused(taken: str, hilltop: Any) -> None:
    new_account(**{"username": "esi.b", "email": "esi@example.org"})
    before = Account.objects.count()

    answer = register(username=taken, email="other@example.org")

    assert problem(answer) == (409, "account-exists")
    assert Account.objects.count() == before


def test_a_suspended_organization_takes_nobody(hilltop: Any) -> None:
    change_organization(by=OPERATOR, organization_id=hilltop.id, changes={}, suspended=True, now=now())

    assert problem(register()) == (403, "organization-suspended")
    assert not Account.objects.filter(username="esi.b").exists()


def test_the_header_names_the_organization_too(hilltop: Any) -> None:
    answer = post("/auth/register", body(organization=...), x_organization="hilltop")

    assert answer.json()["user"]["organization"]["slug"] == "hilltop"
