"""What an organization's admin decides for it."""

from typing import Any

import pytest
from django.test import Client

from chiron.audit.models import Event
from chiron.identity.models import Account
from chiron.identity.public import Role
from chiron.identity.tests.factories import PASSWORD, post, problem
from chiron.kernel.ids import new_id
from chiron.tenancy.public import Organization, Policies
from tests.town import Clinic


@pytest.fixture
def admin(hilltop: Clinic) -> Client:
    return hilltop.client(Role.ADMIN)


def patch(client: Client, organization_id: object, headers: dict[str, str] | None = None, **body: Any) -> Any:
    path = f"/api/organizations/{organization_id}"
    return client.patch(path, body, content_type="application/json", headers=headers)


def register(role: str, **more: Any) -> Any:
    said = {"username": "efua", "email": "efua@example.org", "password": PASSWORD, "birth_date": "1980"}
    return post("/auth/register", said | {"role": role, "organization": "hilltop", "last_name": "Yeboah"} | more)


def test_an_admin_reads_the_own_organization_and_no_other(admin: Client, hilltop: Clinic, riverside: Clinic) -> None:
    listed = admin.get("/api/organizations").json()["organizations"]

    assert [each["id"] for each in listed] == [str(hilltop.id)]
    assert admin.get(f"/api/organizations/{hilltop.id}").json()["organization"] == listed[0]
    other, missing = (admin.get(f"/api/organizations/{id}") for id in (riverside.id, new_id()))
    assert problem(other) == (404, "not-found")
    assert other.content == missing.content


def test_an_admin_changes_the_organizations_own_affairs(admin: Client, hilltop: Clinic) -> None:
    answer = patch(admin, hilltop.id, name="Hilltop Clinics", time_zone="Africa/Accra", locale="en-GH")

    shown = answer.json()["organization"]
    assert (shown["name"], shown["time_zone"], shown["locale"]) == ("Hilltop Clinics", "Africa/Accra", "en-GH")
    event = Event.objects.using("accounts").filter(action="organization.updated").latest("id")
    assert event.organization_id == hilltop.id


def test_policies_that_are_not_named_stay_as_they_are(admin: Client, hilltop: Clinic) -> None:
    patch(admin, hilltop.id, policies={"break_glass_minutes": 15})

    answer = patch(admin, hilltop.id, policies={"doctors_register": False})

    expected = {
        "patients_register": True,
        "doctors_register": False,
        "break_glass_minutes": 15,
        "mfa_required_roles": [],
        "mfa_from": None,
        "exports_step_up": False,
    }
    assert answer.json()["organization"]["policies"] == expected
    assert Organization.objects.get(id=hilltop.id).policies == expected


@pytest.mark.parametrize(
    "policies",
    [
        {"break_glass_minutes": 4},
        {"break_glass_minutes": 1441},
        {"break_glass_minutes": "an hour"},
        {"doctors_register": "perhaps"},
        {"mfa_required_roles": ["JANITOR"]},
        {"mfa_from": "soon"},
        {"open_to_all": True},
    ],
)
def test_a_policy_that_cannot_be_is_refused(policies: dict[str, Any], admin: Client, hilltop: Clinic) -> None:
    answer = patch(admin, hilltop.id, policies=policies)

    assert problem(answer) == (422, "invalid")
    assert Organization.objects.get(id=hilltop.id).policies == {}


@pytest.mark.parametrize("body", [{"domains": ["hilltop.example.org"]}, {"suspended": True}, {"suspended": False}])
def test_domains_and_suspension_are_the_operators(body: dict[str, Any], admin: Client, hilltop: Clinic) -> None:
    answer = patch(admin, hilltop.id, name="Hilltop Clinics", **body)

    assert problem(answer) == (403, "not-permitted")
    organization = Organization.objects.get(id=hilltop.id)
    assert (organization.name, organization.domains, organization.suspended_at) == ("Hilltop", [], None)


def test_an_admin_changes_no_other_organization(admin: Client, riverside: Clinic) -> None:
    assert problem(patch(admin, riverside.id, name="Ours")) == (404, "not-found")
    assert Organization.objects.get(id=riverside.id).name == "Riverside"


def test_a_stale_change_of_policies_changes_nothing(admin: Client, hilltop: Clinic) -> None:
    stale = {"if-match": '"1"'}
    patch(admin, hilltop.id, stale, policies={"break_glass_minutes": 15})

    answer = patch(admin, hilltop.id, stale, policies={"break_glass_minutes": 30})

    assert problem(answer) == (412, "stale-version")
    assert Organization.objects.get(id=hilltop.id).policies["break_glass_minutes"] == 15


@pytest.mark.parametrize(("role", "policy"), [("PATIENT", "patients_register"), ("DOCTOR", "doctors_register")])
def test_an_organization_may_make_such_accounts_itself(role: str, policy: str, admin: Client, hilltop: Clinic) -> None:
    patch(admin, hilltop.id, policies={policy: False})

    answer = register(role)

    assert problem(answer) == (403, "registration-closed")
    assert not Account.objects.filter(username="efua").exists()
    other = "DOCTOR" if role == "PATIENT" else "PATIENT"
    assert register(other).status_code == 201


def test_what_a_newer_version_kept_is_passed_over() -> None:
    assert Policies.stored({"break_glass_minutes": 15, "of_the_future": 1}) == Policies(break_glass_minutes=15)
