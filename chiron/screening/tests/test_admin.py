"""The administration of screening: asked, shown and let answer by the verbs of the API."""

import pytest
from django.test import Client

from chiron.identity.public import Role
from chiron.kernel.ids import new_id
from chiron.screening.admin_models import id_of
from chiron.screening.errors import BundleMissing
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import BundleChange, Prevalence, Screening
from chiron.screening.services.arrivals import ScreeningArrival, admit_screenings
from chiron.screening.services.reproduce import reproduces
from chiron.screening.shapes import COUNT
from chiron.screening.tests.factories import NOW
from chiron.screening.words import ResultClass
from chiron.tenancy.public import inside
from tests.desk import faults, filled
from tests.town import Clinic

SCREENINGS, MODELS, PREVALENCE = (f"/admin/screening/{name}/" for name in ("screening", "bundlestate", "prevalence"))
LINES = "\n".join(f"{name} | {line['value']} | {line['unit']}" for name, line in COUNT.items())
SAID = {"age": "67", "sex": "female", "cbc": LINES, "mode": "research"}


@pytest.fixture
def browser(hilltop: Clinic) -> Client:
    return hilltop.desk(Role.ADMIN)


def kept(clinic: Clinic) -> list[Screening]:
    with inside(clinic.id):
        return list(Screening.objects.order_by("id"))


def test_a_count_is_asked_about_listed_and_shown(browser: Client, hilltop: Clinic, bundle: Bundle) -> None:
    form = browser.get(f"{SCREENINGS}add/")
    assert "hemoglobin |  | g/dL" in form.content.decode()
    assert browser.post(f"{SCREENINGS}add/", SAID | {"patient_id": str(hilltop.patient_id)}).status_code == 302
    [made] = kept(hilltop)
    at = f"{SCREENINGS}{made.id}/"

    shown = browser.get(f"{at}change/").content.decode()
    assert "This is screening, not diagnosis." in shown
    assert "Green-King" in shown
    assert str(made.id) in browser.get(SCREENINGS, {"outcome": "classified"}).content.decode()
    assert str(made.id) not in browser.get(SCREENINGS, {"outcome": "abstained"}).content.decode()


def test_what_an_older_system_answered_is_shown_as_far_as_it_goes(browser: Client, hilltop: Clinic) -> None:
    arrival = ScreeningArrival(id=new_id(), label="v1", made_at=NOW, result_class=ResultClass.BORDERLINE)
    with inside(hilltop.id):
        admit_screenings(by=hilltop.who[Role.ADMIN], arrivals=[arrival], now=NOW)

    shown, asked = browser.get(f"{SCREENINGS}{arrival.id}/change/"), f"/api/screening/{arrival.id}"
    served = {at: hilltop.client(Role.ADMIN).get(asked + at).status_code for at in ("", "/fhir")}

    assert shown.status_code == 200
    assert "BORDERLINE" in shown.content.decode()
    assert served[""] == 200
    assert served["/fhir"] < 500
    with inside(hilltop.id), pytest.raises(BundleMissing):
        reproduces(by=hilltop.who[Role.ADMIN], screening_id=arrival.id)


def test_a_count_that_cannot_be_comes_back_and_nothing_is_kept(
    browser: Client, hilltop: Clinic, bundle: Bundle
) -> None:
    answer = browser.post(f"{SCREENINGS}add/", SAID | {"cbc": LINES.replace("13.9 | g/dL", "139 | g/dL")})

    assert answer.status_code == 422
    assert "is outside 1.5-26 g/dL" in str(faults(answer))
    assert kept(hilltop) == []


def test_a_model_is_shown_with_its_card_and_made_to_stand_elsewhere(
    browser: Client, hilltop: Clinic, bundle: Bundle
) -> None:
    at = f"{MODELS}{id_of(bundle.content_hash)}/"

    shown = browser.get(f"{at}change/").content.decode()
    stand = filled(browser.get(f"{at}stand/"), state="validated", person="Dr Mensah", reason="Our own patients")
    changed, again = browser.post(f"{at}stand/", stand), browser.post(f"{at}stand/", stand)

    assert "Intended use" in shown
    assert (changed.status_code, again.status_code) == (302, 412)
    assert "Dr Mensah" in browser.get(f"{at}change/").content.decode()
    with inside(hilltop.id):
        assert BundleChange.objects.count() == 1


def test_how_common_it_is_is_said_with_its_source(browser: Client, hilltop: Clinic) -> None:
    refused = browser.post(f"{PREVALENCE}add/", {"share": "1", "source": "A guess"})
    said = browser.post(f"{PREVALENCE}add/", {"share": "0.052", "source": "Measured here"})

    assert (refused.status_code, said.status_code) == (422, 302)
    with inside(hilltop.id):
        assert [each.share for each in Prevalence.objects.all()] == [0.052]
    assert "5.20%" in browser.get(PREVALENCE).content.decode()
