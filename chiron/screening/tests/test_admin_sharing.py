"""The administration of files of blood counts, and of who does not want to be screened."""

import pytest
from django.test import Client

from chiron.identity.public import Role
from chiron.screening import tasks
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import OptOut
from chiron.screening.tests.factories import batch_of, counts_of
from chiron.tenancy.public import inside
from tests.town import Clinic

BATCHES, OPT_OUTS = (f"/admin/screening/{name}/" for name in ("batch", "optout"))


@pytest.fixture
def browser(hilltop: Clinic) -> Client:
    return hilltop.desk(Role.ADMIN)


def test_a_file_shows_how_far_it_has_come_and_which_lines_were_refused(
    browser: Client, hilltop: Clinic, bundle: Bundle
) -> None:
    with inside(hilltop.id):
        batch = batch_of(None, hilltop.who[Role.LAB], counts_of(1, "xyzzy"))
        tasks.run_batch(batch_id=batch.id, after=0)

    listed = browser.get(BATCHES).content.decode()
    shown = browser.get(f"{BATCHES}{batch.id}/change/").content.decode()

    assert str(batch.id) in listed
    assert "finished" in shown
    assert "has 1 cells, and the header 11" in shown
    assert "xyzzy" not in shown


def test_who_does_not_want_to_be_screened_is_listed_and_comes_back(browser: Client, hilltop: Clinic) -> None:
    said = {"patient_id": str(hilltop.patient_id)}
    assert browser.post(f"{OPT_OUTS}add/", said).status_code == 302
    with inside(hilltop.id):
        row = OptOut.objects.get()
    at = f"{OPT_OUTS}{row.id}/"

    assert row.patient_id == hilltop.patient_id
    assert "Mensah" in browser.get(OPT_OUTS).content.decode()
    assert "Mensah" in browser.get(f"{at}change/").content.decode()
    assert browser.post(f"{at}end/").status_code == 302
    with inside(hilltop.id):
        assert not OptOut.objects.exists()


def test_somebody_elses_patient_is_not_there(browser: Client, hilltop: Clinic, riverside: Clinic) -> None:
    answer = browser.post(f"{OPT_OUTS}add/", {"patient_id": str(riverside.patient_id)})

    assert answer.status_code == 404
    for clinic in (hilltop, riverside):
        with inside(clinic.id):
            assert not OptOut.objects.exists()
