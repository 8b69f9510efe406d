"""Organizations, by the platform operator over HTTP and by command."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chiron.audit.models import Event
from chiron.identity.models import Account, Membership
from chiron.identity.public import Role, create_operator
from chiron.identity.services.sign_in import begin
from chiron.identity.tests.factories import PASSWORD, me, new_account, post, problem, with_token
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.ids import new_id
from chiron.tenancy.public import Organization
from tests.town import drop_organization


@pytest.fixture
def olga(town: Any) -> Any:
    """A client of the platform operator."""
    account = create_operator(by=Caller(operator=True), username="olga", password=PASSWORD, now=now())
    return with_token(begin(by=Caller(), account=account, membership=None, now=now()).access)


def patch(client: Any, organization: Any, headers: dict[str, str] | None = None, **body: Any) -> Any:
    path = f"/api/organizations/{organization.id}"
    return client.patch(path, body, content_type="application/json", headers=headers)


def test_the_operator_lists_and_reads_organizations(olga: Any, hilltop: Any, riverside: Any) -> None:
    listed = olga.get("/api/organizations", {"limit": 200}).json()["organizations"]
    read = olga.get(f"/api/organizations/{hilltop.id}")

    assert {"hilltop", "riverside"} <= {each["slug"] for each in listed}
    assert read.headers["ETag"] == '"1"'
    assert read.json()["organization"] == {
        "id": str(hilltop.id),
        "slug": "hilltop",
        "name": "Hilltop",
        "time_zone": "Europe/Berlin",
        "locale": "en",
        "domains": [],
        "policies": {
            "patients_register": True,
            "doctors_register": True,
            "break_glass_minutes": 60,
            "mfa_required_roles": [],
            "mfa_from": None,
            "exports_step_up": False,
        },
        "suspended": False,
    }


def test_the_operator_sees_nothing_clinical(olga: Any, hilltop: Any) -> None:
    for path in ("patients", f"patients/{hilltop.patient_id}", "records", "providers", "audit", "memberships"):
        assert problem(olga.get(f"/api/{path}")) == (403, "not-permitted"), path


def test_an_organization_is_changed(olga: Any, hilltop: Any) -> None:
    answer = patch(olga, hilltop, name="Hilltop Clinic", time_zone="Africa/Accra", domains=["Hilltop.example.org"])

    changed = answer.json()["organization"]
    assert (changed["name"], changed["time_zone"]) == ("Hilltop Clinic", "Africa/Accra")
    assert (changed["domains"], answer.headers["ETag"]) == (["hilltop.example.org"], '"2"')
    assert me(hilltop.tokens[Role.ADMIN]).json()["user"]["organization"]["name"] == "Hilltop Clinic"
    assert Event.objects.using("accounts").filter(action="organization.updated", resource_id=hilltop.id).count() == 1


def test_suspending_over_http_holds_at_once(olga: Any, hilltop: Any) -> None:
    assert patch(olga, hilltop, suspended=True).json()["organization"]["suspended"] is True
    assert problem(me(hilltop.tokens[Role.DOCTOR])) == (403, "organization-suspended")

    assert patch(olga, hilltop, suspended=False).json()["organization"]["suspended"] is False
    assert me(hilltop.tokens[Role.DOCTOR]).status_code == 200


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"time_zone": "Mars/Olympus"}, (422, "invalid")),
        ({"locale": "english please"}, (422, "invalid")),
        ({"domains": ["not a host"]}, (422, "invalid")),
        ({"name": ""}, (422, "invalid")),
        ({"slug": "other"}, (422, "invalid")),
        ({"domains": ["riverside.example.org"]}, (409, "domain-taken")),
    ],
)
def test_a_refused_change_changes_nothing(
    body: dict[str, Any], refusal: tuple[int, str], olga: Any, hilltop: Any, riverside: Any
) -> None:
    patch(olga, riverside, domains=["riverside.example.org"])

    assert problem(patch(olga, hilltop, **body)) == refusal

    assert Organization.objects.get(id=hilltop.id).version == 1


def test_a_stale_version_is_refused(olga: Any, hilltop: Any) -> None:
    patch(olga, hilltop, name="Hilltop Clinic")

    assert problem(patch(olga, hilltop, headers={"if_match": '"1"'}, name="Other")) == (412, "stale-version")
    assert Organization.objects.get(id=hilltop.id).name == "Hilltop Clinic"


def test_an_unknown_organization_is_not_found(olga: Any) -> None:
    assert problem(olga.get(f"/api/organizations/{new_id()}")) == (404, "not-found")


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN}))
def test_no_member_but_the_admin_reaches_organizations(role: Role, hilltop: Any) -> None:
    client, form = hilltop.client(role), {"content_type": "application/json"}
    path = f"/api/organizations/{hilltop.id}"

    answers = [
        client.get("/api/organizations"),
        client.post("/api/organizations", {"slug": "x"}, **form),
        client.get(path),
        client.patch(path, {"name": "Mine"}, **form),
    ]

    assert {problem(answer) for answer in answers} == {(403, "not-permitted")}
    assert Organization.objects.get(id=hilltop.id).name == "Hilltop"


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("create_organization", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def password_file(tmp_path: Path) -> str:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    return str(file)


@pytest.fixture
def slug() -> str:
    return f"o{new_id().hex[:30]}"


def test_the_command_makes_a_clinic_whose_admin_signs_in(
    fresh_organization: Any, slug: str, password_file: str
) -> None:
    name = f"admin-{slug}"

    said = run(slug, "--name", "Lakeside", "--time-zone", "Africa/Accra", "--admin-username", name,
               "--admin-password-file", password_file)  # fmt: skip

    organization = Organization.objects.get(slug=slug)
    assert said.splitlines() == [f"{slug} {organization.id}", f"admin {name}"]
    assert (organization.name, organization.time_zone) == ("Lakeside", "Africa/Accra")
    opened = post("/auth/login", {"username": name, "password": PASSWORD}).json()
    assert opened["user"]["roles"] == ["ADMIN"]
    assert with_token(opened["access"]).get("/api/patients").json() == {"patients": [], "next": None}
    drop_organization(organization)


def test_over_http_an_organization_is_made_once(fresh_organization: Any, slug: str) -> None:
    account = create_operator(by=Caller(operator=True), username=f"olga-{slug}", password=PASSWORD, now=now())
    client = with_token(begin(by=Caller(), account=account, membership=None, now=now()).access)
    body = {"slug": slug, "name": "Lakeside", "time_zone": "Africa/Accra"}

    made = client.post("/api/organizations", body, content_type="application/json")
    again = client.post("/api/organizations", body, content_type="application/json")

    assert made.status_code == 201, made.content
    organization = made.json()["organization"]
    assert made.headers["Location"] == f"/api/organizations/{organization['id']}"
    assert problem(again) == (409, "slug-taken")
    assert Organization.objects.filter(slug=slug).count() == 1
    drop_organization(Organization.objects.get(slug=slug))


def test_a_weak_password_leaves_no_organization_behind(db: None, slug: str, tmp_path: Path) -> None:
    weak = tmp_path / "weak"
    weak.write_text("password")

    with pytest.raises(CommandError, match="password is too common"):
        run(slug, "--admin-username", "yaa", "--admin-password-file", str(weak))

    assert not Organization.objects.filter(slug=slug).exists()
    assert not Account.objects.filter(username="yaa").exists()


def test_an_unknown_time_zone_is_refused_by_name(db: None, slug: str) -> None:
    with pytest.raises(CommandError, match="time_zone is not an IANA time zone"):
        run(slug, "--time-zone", "Mars/Olympus")

    assert not Organization.objects.filter(slug=slug).exists()


def test_somebody_known_becomes_the_admin_without_a_password(fresh_organization: Any, slug: str) -> None:
    account = new_account()

    run(slug, "--admin-username", account.username)

    membership = Membership.objects.select_related("organization").get(account=account)
    assert (membership.organization.slug, membership.roles) == (slug, ["ADMIN"])
    drop_organization(membership.organization)
