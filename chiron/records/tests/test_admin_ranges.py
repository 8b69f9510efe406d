"""The administration of reference ranges: listed, said, said anew and removed as through the API."""

from decimal import Decimal

import pytest
from django.test import Client

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.records.models import UsualRange
from chiron.tenancy.public import inside
from tests.desk import faults, filled
from tests.town import Clinic

RANGES = "/admin/records/usualrange/"
SAID = {"code": "718-7", "unit": "g/dL", "age_unit": "a", "age_from": "18", "low": "12", "high": "15.5"}


@pytest.fixture
def browser(hilltop: Clinic) -> Client:
    return hilltop.desk(Role.ADMIN)


def stored(clinic: Clinic) -> list[UsualRange]:
    with inside(clinic.id):
        return list(UsualRange.objects.order_by("id"))


def actions(clinic: Clinic) -> list[str]:
    with inside(clinic.id):
        about = Event.objects.using("clinical").filter(resource="reference-ranges").order_by("id")
        return list(about.values_list("action", flat=True))


def test_a_range_is_said_shown_said_anew_and_removed_by_the_verbs(browser: Client, hilltop: Clinic) -> None:
    assert browser.post(f"{RANGES}add/", SAID).status_code == 302
    [made] = stored(hilltop)
    at = f"{RANGES}{made.id}"

    shown = browser.get(f"{at}/change/").content.decode()
    assert "12–15.5" in shown
    assert "any sex, 18– Years" in shown
    assert "718-7" in browser.get(RANGES, {"code": "718-7"}).content.decode()
    assert "718-7</a>" not in browser.get(RANGES, {"code": "4548-4"}).content.decode()
    assert browser.post(f"{at}/edit/", filled(browser.get(f"{at}/edit/"), high="16")).status_code == 302
    [changed] = stored(hilltop)
    assert (changed.id, changed.high, changed.low, changed.version) == (made.id, Decimal(16), Decimal(12), 2)
    assert browser.post(f"{at}/remove/", filled(browser.get(f"{at}/remove/"))).status_code == 302

    assert stored(hilltop) == []
    words = ["saved", "read", "listed", "listed", "read", "saved", "removed"]
    assert actions(hilltop) == [f"reference_range.{word}" for word in words]


@pytest.mark.parametrize(
    ("said", "status", "field"),
    [({"unit": "beans"}, 422, None), ({"low": "20"}, 422, None), ({"code": ""}, 422, "code")],
)
def test_what_is_no_range_is_refused_and_nothing_is_written(
    said: dict[str, str], status: int, field: str | None, browser: Client, hilltop: Clinic
) -> None:
    answer = browser.post(f"{RANGES}add/", SAID | said)

    assert answer.status_code == status
    assert field is None or field in faults(answer)
    assert stored(hilltop) == []


def test_of_two_who_change_it_the_second_is_told(browser: Client, hilltop: Clinic) -> None:
    browser.post(f"{RANGES}add/", SAID)
    edit = f"{RANGES}{stored(hilltop)[0].id}/edit/"
    form = browser.get(edit)
    browser.post(edit, filled(form, high="16"))

    answer = browser.post(edit, filled(form, high="17"))

    assert answer.status_code == 412
    assert [each.high for each in stored(hilltop)] == [Decimal(16)]
