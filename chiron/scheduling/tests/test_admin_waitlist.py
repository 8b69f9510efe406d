"""The administration of the waitlist: who waits is listed in line, put first, and taken off, as through the API."""

import pytest
from django.test import Client

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.scheduling.models import WaitlistEntry
from chiron.scheduling.tests.factories import receives, waits
from chiron.tenancy.public import inside
from tests.desk import filled
from tests.town import Clinic

LIST = "/admin/scheduling/waitlistentry/"


@pytest.fixture
def browser(hilltop: Clinic) -> Client:
    return hilltop.desk(Role.ADMIN)


def test_who_waits_is_shown_put_first_and_taken_off_by_the_verbs(browser: Client, hilltop: Clinic) -> None:
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        first, second = waits(hilltop), waits(hilltop, patient_id=hilltop.other_patient_id)
    at = f"{LIST}{second.id}"

    assert browser.post(f"{at}/priority/", filled(browser.get(f"{at}/priority/"), priority="1")).status_code == 302
    listed, shown = browser.get(LIST).content.decode(), browser.get(f"{at}/change/").content.decode()
    assert browser.post(f"{at}/leave/", filled(browser.get(f"{at}/leave/"))).status_code == 302

    assert listed.index(str(second.id)) < listed.index(str(first.id))
    assert "Esi Boateng" in listed
    assert "Kwame Osei" in shown
    assert "2031-03-04 – 2031-03-04" in shown
    with inside(hilltop.id):
        entry = WaitlistEntry.objects.get(id=second.id)
        assert (entry.priority, entry.status, entry.version) == (1, "left", 3)
        about = Event.objects.using("clinical").filter(resource="waitlist").order_by("id")
        said = list(about.values_list("action", flat=True))
    words = ["joined", "joined", "prioritized", "listed", "read", "left"]
    assert said == [f"waitlist.{word}" for word in words]


def test_who_waits_no_longer_is_only_shown(browser: Client, hilltop: Clinic) -> None:
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        entry = waits(hilltop)
        WaitlistEntry.objects.update(status="over")

    answer = browser.post(f"{LIST}{entry.id}/leave/", {"version": "1"})

    assert answer.status_code == 409
    assert str(entry.id) not in browser.get(LIST, {"status": "waiting"}).content.decode()
