"""The demo organization: made once, made anew when asked, never touching anybody else."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from chiron.identity.models import Account, Membership, Session
from chiron.laboratory.models import LaboratoryReport
from chiron.operations.demo import PASSWORD, SLUG, USERS, remove_demo
from chiron.postgres.owner import as_owner
from chiron.registry.models import Patient
from chiron.screening.models import Screening
from chiron.tenancy.public import Organization, inside
from chiron.vault.models import OrganizationKey, PatientKey


@pytest.fixture
def free(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Everything is committed, and the demo is removed afterwards."""
    with django_db_blocker.unblock():
        yield
        remove_demo()
        with as_owner("accounts"):
            Membership.objects.filter(account__username__in=USERS).delete()
            Account.objects.filter(username__in=USERS).delete()


def seed(*options: str) -> None:
    call_command("seed_demo_data", "--clinic-patients", "2", *options)


def the_demo() -> Organization:
    return Organization.objects.get(slug=SLUG)


def patients() -> set[Any]:
    with inside(the_demo().id):
        return set(Patient.objects.values_list("id", flat=True))


def sign_in(username: str) -> Any:
    said = {"username": username, "password": PASSWORD}
    return Client().post("/api/auth/login", said, content_type="application/json")


def test_the_demo_is_made_once_and_its_users_sign_in(free: None, capsys: Any) -> None:
    seed()
    before = patients()
    seed()

    assert len(before) == 2
    assert patients() == before
    assert capsys.readouterr().out.endswith(f"{', '.join(USERS)}: {PASSWORD}\n")
    assert [sign_in(username).status_code for username in USERS] == [200] * len(USERS)
    token = sign_in("doctor_demo").json()["access"]
    mine = Client(headers={"authorization": f"Bearer {token}"}).get("/api/doctors/my_patients").json()["patients"]
    assert {each["id"] for each in mine} == {str(each) for each in before}


def test_the_demo_clinic_has_a_day_that_a_desk_can_work_on(free: None) -> None:
    seed()
    receptionist = Client()
    said = {"name": "reception_demo", "password": PASSWORD}
    receptionist.post(
        "/desk/sign-in", urlencode(said), content_type="application/x-www-form-urlencoded",
        headers={"origin": "http://testserver"},
    )  # fmt: skip

    shown = receptionist.get("/desk/")
    seed()
    again = receptionist.get("/desk/")

    [demo, *others] = sorted(shown.context["columns"], key=lambda each: "Dora Demo" not in each.name)
    assert demo.name == "Dr Dora Demo"
    assert [(line.time, line.type) for line in demo.entries if hasattr(line, "patient")] == [
        ("08:00", "Consultation"), ("08:30", "Consultation")
    ]  # fmt: skip
    assert len(others) == 2
    assert again.context["state"] == shown.context["state"]


def test_the_demo_laboratory_has_something_to_see_on_first_sign_in(free: None) -> None:
    seed()
    seed()
    token = sign_in("lab_demo").json()["access"]
    technician = Client(headers={"authorization": f"Bearer {token}"})

    specimens = technician.get("/api/specimens").json()["specimens"]
    reports = technician.get("/api/lab-reports").json()["lab_reports"]
    screenings = technician.get("/api/screening/history").json()["screenings"]

    assert [each["code"] for each in technician.get("/api/labs").json()["labs"]] == ["central"]
    assert Counter(each["state"] for each in specimens) == {
        "examined": 5, "received": 1, "rejected": 1, "registered": 1,
    }  # fmt: skip
    assert Counter(each["state"] for each in reports) == {"final": 4, "preliminary": 1}
    assert len(screenings) == 5
    assert {each["mode"] for each in screenings} == {"research"}


def test_screenings_are_left_out_where_that_is_said(free: None) -> None:
    seed("--skip-screenings")

    with inside(the_demo().id):
        assert LaboratoryReport.objects.count() == 5
        assert Screening.objects.count() == 0


@pytest.mark.stress
def test_each_number_of_the_first_page_has_something_to_tell(free: None) -> None:
    call_command("seed_demo_data")
    browser = Client()
    browser.post("/admin/login/", {"username": "admin_demo", "password": PASSWORD, "next": "/admin/"})

    plots = {plot.title: str(plot.drawing) for plot in browser.get("/admin/").context["plots"]}

    for title in ("Appointments booked by week", "No-show rate by month", "Screenings by week"):
        assert plots[title].count("chiron-series-0") >= 4, title


def test_clean_makes_it_anew_and_leaves_everybody_else_alone(free: None) -> None:
    seed()
    first, before = the_demo(), patients()
    others = set(Organization.objects.exclude(slug=SLUG).values_list("id", flat=True))
    members = Membership.objects.exclude(organization=first).count()
    sign_in("doctor_demo")

    seed("--clean")

    assert the_demo().id != first.id
    assert patients().isdisjoint(before)
    assert set(Organization.objects.exclude(slug=SLUG).values_list("id", flat=True)) == others
    assert Membership.objects.exclude(organization=the_demo()).count() == members
    for model in (OrganizationKey, PatientKey, Session, Membership):
        assert not model.objects.filter(organization_id=first.id).exists()
    assert sign_in("doctor_demo").status_code == 200


def test_an_account_that_belongs_elsewhere_too_stays(free: None) -> None:
    seed()
    account = Account.objects.get(username="lab_demo")
    elsewhere = Organization.objects.get(slug="riverside")
    membership = Membership(account=account, organization=elsewhere, roles=["LAB"])
    membership.save(force_insert=True)

    seed("--clean")
    kept = Account.objects.get(username="lab_demo")

    assert kept.id == account.id
    assert set(Membership.objects.filter(account=kept).values_list("organization__slug", flat=True)) == {
        "riverside", SLUG,
    }  # fmt: skip


def test_in_production_it_is_refused_unless_forced(db: None, settings: Any) -> None:
    settings.ENVIRONMENT = "production"

    with pytest.raises(CommandError, match="needs --force"):
        seed()

    assert not Organization.objects.filter(slug=SLUG).exists()
