"""Memberships: the admin says who is what; it holds from the next call on."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from chiron.audit.models import Event
from chiron.identity.errors import AlreadyLinked, LastAdmin
from chiron.identity.models import Account, Membership
from chiron.identity.public import Role, link_patient, link_provider
from chiron.identity.services.memberships import change_membership
from chiron.identity.tests.factories import (
    PASSWORD,
    me,
    new_account,
    new_member,
    post,
    problem,
    signed_in,
    with_token,
)
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.errors import NotFound, NotPermitted
from chiron.kernel.ids import new_id

NOT_ADMINS = sorted(set(Role) - {Role.ADMIN})


def create(clinic: Any, **body: Any) -> Any:
    return clinic.client(Role.ADMIN).post("/api/memberships", body, content_type="application/json")


def patch(clinic: Any, membership: Membership, headers: dict[str, str] | None = None, **body: Any) -> Any:
    path = f"/api/memberships/{membership.id}"
    return clinic.client(Role.ADMIN).patch(path, body, content_type="application/json", headers=headers)


def delete(clinic: Any, membership: Membership) -> Any:
    return clinic.client(Role.ADMIN).delete(f"/api/memberships/{membership.id}")


def test_the_admin_employs_somebody_new(hilltop: Any) -> None:
    roles = ["RECEPTIONIST", "BILLER", "RECEPTIONIST"]
    answer = create(hilltop, username="yaa", email="yaa@example.org", password=PASSWORD, roles=roles)

    assert answer.status_code == 201, answer.content
    membership = answer.json()["membership"]
    assert membership["roles"] == ["RECEPTIONIST", "BILLER"]
    assert (membership["approved"], membership["user"]["email"]) == (True, "yaa@example.org")
    assert answer.headers["Location"] == f"/api/memberships/{membership['id']}"
    assert answer.headers["ETag"] == '"1"'
    opened = post("/auth/login", {"username": "yaa", "password": PASSWORD}).json()
    assert opened["user"]["roles"] == ["RECEPTIONIST", "BILLER"]
    read = hilltop.client(Role.ADMIN).get(answer.headers["Location"])
    assert read.json() == answer.json()


def test_somebody_known_is_employed_by_name_and_address(hilltop: Any, riverside: Any) -> None:
    member = new_member(riverside.id, Role.DOCTOR, username="Yaa", email="yaa@example.org")

    answer = create(hilltop, username="yaa", email="YAA@example.org", roles=["LAB"])

    assert answer.status_code == 201
    assert answer.json()["membership"]["user"]["id"] == str(member.account_id)
    assert answer.json()["membership"]["user"]["organization"]["slug"] == "hilltop"


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"username": "yaa", "email": "guess@example.org"}, (409, "account-exists")),
        ({"username": "yaa", "email": "yaa@example.org", "password": PASSWORD}, (409, "account-exists")),
        ({"username": "new", "email": "yaa@example.org", "password": PASSWORD}, (409, "account-exists")),
        ({"username": "new", "email": "new@example.org"}, (404, "not-found")),
        ({"username": "new", "email": "new@example.org", "password": "short"}, (422, "invalid")),
        ({"username": "new", "email": "new@example.org", "password": PASSWORD, "roles": []}, (422, "invalid")),
        ({"username": "new", "email": "new@example.org", "password": PASSWORD, "roles": ["KING"]}, (422, "invalid")),
        ({"username": "new"}, (422, "invalid")),
    ],
)
def test_nobody_is_employed_by_guessing(
    body: dict[str, Any], refusal: tuple[int, str], hilltop: Any, riverside: Any
) -> None:
    new_member(riverside.id, username="yaa", email="yaa@example.org")
    before = Account.objects.count(), Membership.objects.count()

    answer = create(hilltop, **{"roles": ["LAB"]} | body)

    assert problem(answer) == refusal
    assert "yaa@example.org" not in answer.content.decode()
    assert (Account.objects.count(), Membership.objects.count()) == before


def test_a_member_is_not_employed_twice(hilltop: Any) -> None:
    new_member(hilltop.id, username="yaa", email="yaa@example.org")

    assert problem(create(hilltop, username="yaa", email="yaa@example.org", roles=["LAB"])) == (409, "already-member")


def test_the_same_key_employs_once(hilltop: Any) -> None:
    body = {"username": "yaa", "email": "yaa@example.org", "password": PASSWORD, "roles": ["LAB"]}
    client = hilltop.client(Role.ADMIN)

    first, again = (
        client.post("/api/memberships", body, content_type="application/json", headers={"idempotency_key": "k1"})
        for _ in range(2)
    )

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()


def test_other_roles_hold_from_the_next_call_on(hilltop: Any) -> None:
    member = new_member(hilltop.id, Role.ADMIN)
    token = signed_in(member).access
    assert with_token(token).get("/api/memberships").status_code == 200

    answer = patch(hilltop, member, roles=["BILLER"])

    assert answer.json()["membership"]["roles"] == ["BILLER"]
    assert answer.headers["ETag"] == '"2"'
    assert problem(with_token(token).get("/api/memberships")) == (401, "not-signed-in")
    event = Event.objects.using("accounts").filter(action="membership.updated", resource_id=member.id).get()
    assert event.account_id == hilltop.who[Role.ADMIN].account_id


def test_a_stale_version_changes_nothing(hilltop: Any) -> None:
    member = new_member(hilltop.id, Role.LAB)
    patch(hilltop, member, roles=["BILLER"])

    answer = patch(hilltop, member, headers={"if_match": '"1"'}, roles=["ADMIN"])

    assert problem(answer) == (412, "stale-version")
    assert Membership.objects.get(id=member.id).roles == ["BILLER"]


def test_a_membership_ends_with_its_sessions_and_the_account_stays(hilltop: Any) -> None:
    member = new_member(hilltop.id)
    opened = signed_in(member)

    assert delete(hilltop, member).status_code == 204

    assert problem(me(opened.access)) == (401, "not-signed-in")
    assert problem(post("/auth/login", {"username": member.account.username, "password": PASSWORD})) == (
        401,
        "wrong-credentials",
    )
    assert Account.objects.filter(id=member.account_id).exists()
    assert problem(delete(hilltop, member)) == (404, "not-found")


@pytest.mark.parametrize("change", [{"roles": ["DOCTOR"]}, {"approved": False}, None])
def test_the_last_admin_stays(change: dict[str, Any] | None, hilltop: Any) -> None:
    only = Membership.objects.get(id=hilltop.who[Role.ADMIN].membership_id)

    answer = delete(hilltop, only) if change is None else patch(hilltop, only, **change)

    assert problem(answer) == (409, "last-admin")
    only.refresh_from_db()
    assert (only.roles, only.approved_at is not None, only.version) == (["ADMIN"], True, 1)


def test_an_admin_beside_another_may_go(hilltop: Any) -> None:
    new_member(hilltop.id, Role.ADMIN)
    only = Membership.objects.get(id=hilltop.who[Role.ADMIN].membership_id)

    assert delete(hilltop, only).status_code == 204


def test_two_admins_who_remove_each_other_leave_one(fresh_organization: Any) -> None:
    for _ in range(10):
        pair = [new_member(fresh_organization.id, Role.ADMIN) for _ in range(2)]
        by = Caller(account_id=new_id(), organization_id=fresh_organization.id, roles=frozenset({Role.ADMIN}))

        def step_down(membership: Membership, by: Caller = by) -> str:
            try:
                change_membership(by=by, membership_id=membership.id, roles=[Role.LAB], now=now())
            except LastAdmin:
                return "stays"
            finally:
                connections.close_all()
            return "went"

        with ThreadPoolExecutor(2) as threads:
            assert sorted(threads.map(step_down, pair)) == ["stays", "went"]
        Membership.objects.filter(organization=fresh_organization).update(roles=[Role.LAB])


@pytest.mark.parametrize("role", NOT_ADMINS)
def test_nobody_else_changes_memberships(role: Role, hilltop: Any) -> None:
    member, client = new_member(hilltop.id, Role.LAB), hilltop.client(role)
    path, form = f"/api/memberships/{member.id}", {"content_type": "application/json"}

    answers = [
        client.get(path),
        client.post("/api/memberships", {"username": "x"}, **form),
        client.patch(path, {"roles": [role]}, **form),
        client.delete(path),
    ]

    assert {problem(answer) for answer in answers} == {(403, "not-permitted")}
    assert Membership.objects.get(id=member.id).roles == ["LAB"]


def test_the_members_next_door_do_not_exist(hilltop: Any, riverside: Any) -> None:
    member = new_member(riverside.id, Role.LAB)

    answers = [
        hilltop.client(Role.ADMIN).get(f"/api/memberships/{member.id}"),
        patch(hilltop, member, roles=["BILLER"]),
        delete(hilltop, member),
    ]
    unknown = hilltop.client(Role.ADMIN).get(f"/api/memberships/{uuid4()}")

    assert {answer.content for answer in answers} == {unknown.content}
    assert problem(unknown) == (404, "not-found")
    assert Membership.objects.get(id=member.id).roles == ["LAB"]
    listed = hilltop.client(Role.ADMIN).get("/api/memberships", {"limit": 200}).json()["memberships"]
    assert {each["user"]["organization"]["slug"] for each in listed} == {"hilltop"}


def test_a_link_makes_the_account_that_patient_from_the_next_refresh_on(hilltop: Any) -> None:
    member, patient_id = new_member(hilltop.id, Role.PATIENT), new_id()
    opened = signed_in(member)

    link_patient(by=hilltop.who[Role.RECEPTIONIST], account_id=member.account_id, patient_id=patient_id, now=now())

    assert problem(me(opened.access)) == (401, "not-signed-in")
    token = post("/auth/refresh", {"refresh": opened.refresh}).json()["access"]
    assert me(token).json()["user"]["patient_id"] == str(patient_id)


def test_linking_again_changes_nothing_and_linking_otherwise_is_refused(hilltop: Any) -> None:
    member, patient_id, desk = new_member(hilltop.id, Role.PATIENT), new_id(), hilltop.who[Role.RECEPTIONIST]
    link_patient(by=desk, account_id=member.account_id, patient_id=patient_id, now=now())
    version = Membership.objects.get(id=member.id).authz_version

    link_patient(by=desk, account_id=member.account_id, patient_id=patient_id, now=now())
    for account_id, other in [(member.account_id, new_id()), (new_member(hilltop.id).account_id, patient_id)]:
        with pytest.raises(AlreadyLinked):
            link_patient(by=desk, account_id=account_id, patient_id=other, now=now())

    member.refresh_from_db()
    assert (member.patient_id, member.authz_version) == (patient_id, version)


def test_links_need_permission_and_a_member(hilltop: Any, riverside: Any) -> None:
    member = new_member(riverside.id)

    with pytest.raises(NotPermitted):
        link_patient(by=hilltop.who[Role.DOCTOR], account_id=member.account_id, patient_id=new_id(), now=now())
    with pytest.raises(NotPermitted):
        link_provider(by=hilltop.who[Role.RECEPTIONIST], account_id=member.account_id, provider_id=new_id(), now=now())
    with pytest.raises(NotFound):
        link_patient(by=hilltop.who[Role.ADMIN], account_id=member.account_id, patient_id=new_id(), now=now())
    with pytest.raises(NotFound):
        link_provider(by=hilltop.who[Role.ADMIN], account_id=new_account().id, provider_id=new_id(), now=now())
