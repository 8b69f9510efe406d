"""The way of a request through the administration: who has a seat, whose data it sees, and what is undone."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.template.response import SimpleTemplateResponse
from django.test import Client
from django.urls import path

from chiron.audit.models import Event
from chiron.identity.models import Account, Membership, Session
from chiron.identity.public import Role
from chiron.kernel import clock
from chiron.kernel.clock import now
from chiron.kernel.errors import Conflict
from chiron.kernel.ids import NIL, new_id
from chiron.registry.models import Department
from chiron.registry.services.people import save_department
from chiron.tenancy.public import Organization, Policies, inside
from config.urls import urlpatterns as ours
from tests.town import Clinic

PATIENTS = "/admin/registry/patient/"


def events(clinic: Clinic) -> list[tuple[str, str]]:
    with inside(clinic.id):
        return list(Event.objects.using("clinical").order_by("id").values_list("action", "outcome"))


def platform_events(clinic: Clinic, role: Role) -> list[tuple[str, str]]:
    own = Event.objects.using("accounts").filter(account_id=clinic.who[role].account_id, resource="admin")
    return list(own.order_by("id").values_list("action", "outcome"))


def joined(clinic: Clinic, role: Role, other: Clinic, *roles: Role) -> Membership:
    """Somebody of a clinic becomes a member next door, too."""
    member = Membership(
        account_id=clinic.who[role].account_id or NIL,
        organization=other.organization,
        roles=list(roles),
        approved_at=now(),
    )
    member.save(force_insert=True)
    return member


@pytest.mark.parametrize("role", [Role.ADMIN, Role.PRIVACY_OFFICER])
def test_who_answers_for_an_organization_has_a_seat(role: Role, hilltop: Clinic) -> None:
    answer = hilltop.desk(role).get("/admin/")

    assert answer.status_code == 200
    assert "Hilltop" in answer.content.decode()
    assert platform_events(hilltop, role) == [("admin.opened", "success")]


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.ADMIN, Role.PRIVACY_OFFICER)])
def test_nobody_else_is_let_in(role: Role, hilltop: Clinic) -> None:
    browser = hilltop.desk(role)

    assert browser.get("/admin/").status_code == 302
    assert browser.get(PATIENTS).headers["Location"].startswith("/admin/login/")
    assert platform_events(hilltop, role) == [("admin.refused", "denied")]


def test_an_admin_who_is_not_approved_is_not_let_in(hilltop: Clinic) -> None:
    Membership.objects.filter(id=hilltop.who[Role.ADMIN].membership_id or NIL).update(approved_at=None)

    assert hilltop.desk(Role.ADMIN).get("/admin/").status_code == 302


def test_a_suspended_organization_lets_nobody_in_and_whoever_sits_there_out(hilltop: Clinic) -> None:
    browser = hilltop.desk(Role.ADMIN)
    Organization.objects.filter(id=hilltop.id).update(suspended_at=now())

    assert browser.get(PATIENTS).headers["Location"] == "/admin/choose/"
    assert "is suspended" in browser.get("/admin/choose/").content.decode()
    assert browser.post("/admin/choose/", {"seat": str(hilltop.id)}).status_code == 200
    assert hilltop.desk(Role.ADMIN).get(PATIENTS).headers["Location"].startswith("/admin/login/")
    assert events(hilltop)[-1][0] != "patient.listed"


def test_an_organization_that_requires_a_second_factor_lets_nobody_in_without(hilltop: Clinic) -> None:
    browser = hilltop.desk(Role.ADMIN)
    Organization.objects.filter(id=hilltop.id).update(policies=Policies(mfa_required_roles=("ADMIN",)).as_stored())

    assert browser.get(PATIENTS).headers["Location"] == "/admin/choose/"
    assert "requires a second factor" in browser.get("/admin/choose/").content.decode()
    assert hilltop.desk(Role.ADMIN).get(PATIENTS).headers["Location"].startswith("/admin/login/")
    assert hilltop.desk(Role.PRIVACY_OFFICER).get("/admin/").status_code == 200


def test_of_several_organizations_one_is_chosen_and_can_be_changed(hilltop: Clinic, riverside: Clinic) -> None:
    joined(hilltop, Role.ADMIN, riverside, Role.ADMIN)
    browser = hilltop.desk(Role.ADMIN)
    assert browser.get(PATIENTS).headers["Location"] == "/admin/choose/"

    for clinic, other in ((hilltop, riverside), (riverside, hilltop)):
        browser.post("/admin/choose/", {"seat": str(clinic.id)})
        page = browser.get(PATIENTS).content.decode()

        assert str(clinic.patient_id) in page
        assert str(other.patient_id) not in page


def test_a_seat_that_is_not_ones_own_is_not_taken(hilltop: Clinic, riverside: Clinic) -> None:
    browser = hilltop.desk(Role.ADMIN)

    browser.post("/admin/choose/", {"seat": str(riverside.id)})
    browser.post("/admin/choose/", {"seat": "platform"})

    assert str(hilltop.patient_id) in browser.get(PATIENTS).content.decode()
    assert browser.get("/admin/identity/account/").status_code == 403


def test_a_role_counts_only_where_it_is_held(hilltop: Clinic, riverside: Clinic) -> None:
    joined(hilltop, Role.ADMIN, riverside, Role.RECEPTIONIST)
    browser = hilltop.desk(Role.ADMIN)

    browser.post("/admin/choose/", {"seat": str(riverside.id)})

    assert str(riverside.patient_id) not in browser.get(PATIENTS).content.decode()


def test_an_operator_without_a_membership_sees_nothing_clinical(hilltop: Clinic) -> None:
    Membership.objects.filter(id=hilltop.who[Role.ADMIN].membership_id or NIL).delete()
    Account.objects.filter(id=hilltop.who[Role.ADMIN].account_id or NIL).update(is_operator=True)
    before = events(hilltop)
    browser = hilltop.desk(Role.ADMIN)

    index = browser.get("/admin/").content.decode()

    assert "/admin/identity/account/" in index
    for page in ("registry/patient", "registry/provider", "registry/brokenglass", "records/record"):
        assert f"/admin/{page}/" not in index
        assert browser.get(f"/admin/{page}/").status_code == 403
    assert browser.get(f"{PATIENTS}{hilltop.patient_id}/change/").status_code == 403
    assert events(hilltop) == before


def test_the_privacy_officer_sees_oversight_and_no_patient(hilltop: Clinic) -> None:
    browser = hilltop.desk(Role.PRIVACY_OFFICER)

    index = browser.get("/admin/").content.decode()

    assert "/admin/registry/brokenglass/" in index
    assert "/admin/audit/event/" in index
    assert PATIENTS not in index
    assert browser.get(PATIENTS).status_code == 403
    assert events(hilltop)[-1] == ("patients.read", "denied")


@pytest.mark.parametrize("end", ["session", "role", "account", "password"])
def test_whoever_loses_the_right_is_out_at_once(end: str, hilltop: Clinic) -> None:
    browser, who = hilltop.desk(Role.ADMIN), hilltop.who[Role.ADMIN]
    assert browser.get(PATIENTS).status_code == 200

    match end:
        case "session":
            opened = Event.objects.using("accounts").filter(action="admin.opened").latest("id")
            Session.objects.filter(id=opened.resource_id or NIL).update(revoked_at=now())
        case "role":
            Membership.objects.filter(id=who.membership_id or NIL).update(roles=[Role.LAB])
        case "account":
            Account.objects.filter(id=who.account_id or NIL).update(is_active=False)
        case "password":
            account = Account.objects.get(id=who.account_id or NIL)
            account.set_password("another long sentence")
            account.save()

    assert browser.get(PATIENTS).headers["Location"].startswith("/admin/login/")


def test_signing_out_ends_the_session(hilltop: Clinic) -> None:
    browser = hilltop.desk(Role.ADMIN)
    [opened] = Event.objects.using("accounts").filter(action="admin.opened", resource="admin").order_by("-id")[:1]

    browser.post("/admin/logout/")

    assert Session.objects.get(id=opened.resource_id or NIL).revoked_at is not None
    assert browser.get(PATIENTS).status_code == 302


@pytest.mark.parametrize("page", ["registry/patient", "registry/provider", "records/record", "audit/event"])
def test_another_organizations_object_and_a_missing_one_are_the_same_page(
    page: str, hilltop: Clinic, riverside: Clinic
) -> None:
    riverside.desk(Role.ADMIN).get(PATIENTS)
    with inside(riverside.id):
        event = Event.objects.using("clinical").latest("id")
    theirs = {"registry/patient": riverside.patient_id, "registry/provider": riverside.doctor_id}.get(page, event.id)
    browser = hilltop.desk(Role.ADMIN)

    answers = [browser.get(f"/admin/{page}/{id}/change/") for id in (theirs, new_id())]

    assert [answer.status_code for answer in answers] == [404, 404]
    one, other = (blind(answer) for answer in answers)
    assert one == other
    assert str(theirs) not in one


def blind(answer: Any) -> str:
    """A page without the token that differs from answer to answer."""
    lines = answer.content.decode().splitlines()
    return "\n".join(line for line in lines if "csrfmiddlewaretoken" not in line)


def test_a_refusal_that_names_a_patient_is_told_to_that_patient(hilltop: Clinic) -> None:
    hilltop.desk(Role.PRIVACY_OFFICER).get(f"{PATIENTS}{hilltop.patient_id}/change/")

    with inside(hilltop.id):
        event = Event.objects.using("clinical").latest("id")
    assert (event.action, event.outcome, event.subjects) == ("patients.read", "denied", [hilltop.patient_id])


def test_a_form_without_its_token_changes_nothing(hilltop: Clinic) -> None:
    signed_in = hilltop.desk(Role.ADMIN)
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = signed_in.cookies

    answer = browser.post("/admin/registry/department/add/", {"name": "Heart", "kind": "department"})

    assert answer.status_code == 403
    with inside(hilltop.id):
        assert not Department.objects.filter(name="Heart").exists()


def test_every_page_has_the_policy_that_keeps_foreign_scripts_out(hilltop: Clinic) -> None:
    answer = hilltop.desk(Role.ADMIN).get("/admin/")

    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval';" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http://" not in answer.content.decode().replace("http://www.w3.org/", "")


@pytest.mark.parametrize("address", ["password_change/", "r/1/1/", "autocomplete/", "registry/patient/1/history/"])
def test_what_would_pass_by_the_verbs_is_closed(address: str, hilltop: Clinic) -> None:
    assert hilltop.desk(Role.ADMIN).get(f"/admin/{address}").status_code == 404


def test_times_are_shown_as_the_organizations_clocks_show_them(
    hilltop: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = now().replace(year=now().year + 1, month=1, day=15, hour=12, minute=0)  # what was counted lies before
    monkeypatch.setattr(clock, "now", lambda: noon)
    browser = hilltop.desk(Role.ADMIN)
    monkeypatch.setattr(clock, "now", lambda: noon + timedelta(minutes=1))
    Session.objects.filter(created_at=noon).update(expires_at=noon + timedelta(days=1))

    browser.post("/admin/registry/laboratory/add/", {"name": "Blood", "code": "b", "active": "on"})
    with inside(hilltop.id):
        made = Event.objects.using("clinical").get(action="laboratory.saved")
    page = browser.get(f"/admin/registry/laboratory/{made.resource_id}/change/").content.decode()

    assert "13:01</time>" in page  # Berlin in winter


def half_written(request: HttpRequest) -> None:
    save_department(
        by=request.caller, department_id=None, name="Half", kind="department", parent_id=None,  # type: ignore[attr-defined]
        active=True, if_match=None, now=now(),
    )  # fmt: skip


def refuses(request: HttpRequest) -> HttpResponse:
    half_written(request)
    raise Conflict


def breaks(request: HttpRequest) -> HttpResponse:
    half_written(request)
    raise ZeroDivisionError


def renders_late(request: HttpRequest) -> HttpResponse:
    """The rows are asked for by the template, when this function has long returned."""
    rows = Department.objects.order_by("name").values_list("name", flat=True)
    template = engines["django"].from_string("{% for name in rows %}{{ name }};{% endfor %}")
    return SimpleTemplateResponse(template, {"rows": rows})


urlpatterns = [
    path("admin/planted/refuses/", admin.site.admin_view(refuses)),
    path("admin/planted/breaks/", admin.site.admin_view(breaks)),
    path("admin/planted/late/", admin.site.admin_view(renders_late)),
    *ours,
]


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(("what", "status"), [("refuses", 409), ("breaks", 500)])
def test_what_is_half_written_when_it_fails_is_undone_and_the_failure_is_an_event(
    what: str, status: int, hilltop: Clinic
) -> None:
    browser = hilltop.desk(Role.ADMIN)
    browser.raise_request_exception = False

    answer = browser.get(f"/admin/planted/{what}/")

    assert answer.status_code == status
    with inside(hilltop.id):
        assert not Department.objects.filter(name="Half").exists()
    assert events(hilltop)[-1] == ("administration.open", "failure")


@pytest.mark.urls(__name__)
def test_what_a_template_asks_for_is_the_seats_organization(hilltop: Clinic, riverside: Clinic) -> None:
    for clinic, name in ((hilltop, "Heart"), (riverside, "Lung")):
        clinic.desk(Role.ADMIN).post("/admin/registry/department/add/", {"name": name, "kind": "department"})

    assert hilltop.desk(Role.ADMIN).get("/admin/planted/late/").content == b"Heart;"
    assert riverside.desk(Role.ADMIN).get("/admin/planted/late/").content == b"Lung;"


def test_the_log_of_djangos_admin_stays_empty(hilltop: Clinic) -> None:
    browser = hilltop.desk(Role.ADMIN)

    browser.post("/admin/registry/patient/add/", {"family": "Owusu", "sex": "female", "active": "on"})

    assert events(hilltop)[-1] == ("patient.created", "success")
    assert LogEntry.objects.count() == 0
