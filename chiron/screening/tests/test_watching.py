"""What became of a model in use, over HTTP: drift by week, measured predictive values, and FHIR for others."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.db import CLINICAL
from chiron.kernel.ids import new_id
from chiron.records.public import Record, RecordType, Statement, Status, write_record
from chiron.registry.public import Patient
from chiron.screening.confirmations import wilson
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import Drift, Screening
from chiron.screening.tests.factories import FEATURES, NOW, screened
from chiron.tenancy.public import inside
from tests.town import Clinic

OUTSIDERS = (Role.PATIENT, Role.RECEPTIONIST, Role.BILLER, Role.RESEARCHER)


def drifted(bundle: Bundle, week: date, verdict: str = "stable", **indices: float) -> Drift:
    return Drift.objects.create(
        bundle_hash=bundle.content_hash, week=week, rows=400, verdict=verdict, indices=indices, at=NOW
    )


def confirmed(clinic: Clinic, bundle: Bundle, said: str, values: list[float], **more: Any) -> UUID:
    """Screenings that said so, each confirmed by that vitamin B12, all by one record."""
    statement = Statement(record_type=RecordType.LAB_RESULT, title="Vitamin B12")
    patient = Patient.objects.get(id=clinic.patient_id)
    record = write_record(by=clinic.who[Role.ADMIN], patient=patient, statement=statement, now=NOW)
    Screening.objects.bulk_create(
        Screening(
            **{
                "patient_id": clinic.patient_id, "made_at": NOW, "mode": "clinical", "outcome": "classified",
                "bundle_hash": bundle.content_hash, "bundle_version": "1", "result_class": said,
                "p_normal": 0.5, "p_borderline": 0.3, "p_deficient": 0.2, "features": FEATURES, "inputs": b"",
                "result": b"", "confirmed_record": record, "confirmed_value": value, "confirmed_at": NOW,
            } | more
        )
        for value in values
    )  # fmt: skip
    return record.id


def outcomes(clinic: Clinic, role: Role = Role.ADMIN) -> dict[str, Any]:
    answer = clinic.client(role).get("/api/screening/outcomes")
    assert answer.status_code == 200, answer.json()
    return {each["said"]: each for each in answer.json()["outcomes"]}


def test_drift_is_told_by_week_the_latest_first(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        drifted(bundle, date(2031, 2, 24), mcv=0.02)
        drifted(bundle, date(2031, 3, 3), "alarm", mcv=0.31, age=0.05)

    answer = hilltop.client(Role.ADMIN).get("/api/screening/drift").json()

    assert answer["drift"][0] == {
        "model_hash": bundle.content_hash,
        "week": "2031-03-03",
        "rows": 400,
        "verdict": "alarm",
        "worst": 0.31,
        "indices": {"mcv": 0.31, "age": 0.05},
        "at": "2031-03-03T12:00:00+00:00",
    }
    assert [each["week"] for each in answer["drift"]] == ["2031-03-03", "2031-02-24"]
    assert answer["next"] is None


def test_drift_comes_in_pages(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        for week in range(3):
            drifted(bundle, date(2031, 2, 3) + timedelta(weeks=week))
    client = hilltop.client(Role.DOCTOR)

    first = client.get("/api/screening/drift?limit=2").json()
    rest = client.get("/api/screening/drift", {"limit": 2, "cursor": first["next"]}).json()

    weeks = [each["week"] for each in first["drift"] + rest["drift"]]
    assert weeks == ["2031-02-17", "2031-02-10", "2031-02-03"]


@pytest.mark.parametrize("address", ["drift", "outcomes"])
def test_who_reads_no_models_reads_nothing_of_them(hilltop: Clinic, bundle: Bundle, address: str) -> None:
    for role in OUTSIDERS:
        assert hilltop.client(role).get(f"/api/screening/{address}").status_code == 403


def test_what_was_measured_agrees_or_not_computed_by_hand(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        confirmed(hilltop, bundle, "DEFICIENT", [150.0] * 6 + [199.9, 200.0, 250.0, 299.0, 300.0, 900.0])
        confirmed(hilltop, bundle, "BORDERLINE", [200.0] * 11 + [199.0])
        confirmed(hilltop, bundle, "NORMAL", [300.0] * 20, risk_class="low")

    found = outcomes(hilltop, Role.LAB)

    low, high = wilson(7, 12)
    assert found["DEFICIENT"] == {
        "model_hash": bundle.content_hash, "model_version": "1", "said": "DEFICIENT", "measured": 12, "agreeing": 7,
        "share": 7 / 12, "low": low, "high": high,
    }  # fmt: skip
    assert (low, high) == pytest.approx((0.3195, 0.8067), abs=5e-5)
    assert (found["BORDERLINE"]["agreeing"], found["BORDERLINE"]["measured"]) == (11, 12)
    assert (found["NORMAL"]["share"], found["low"]["share"]) == (1.0, 0.0)
    assert found.keys() == {"NORMAL", "BORDERLINE", "DEFICIENT", "low"}


def test_of_ten_nothing_is_told(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        confirmed(hilltop, bundle, "DEFICIENT", [150.0] * 10)

    told = outcomes(hilltop)["DEFICIENT"]

    assert {told[each] for each in ("measured", "agreeing", "share", "low", "high")} == {None}


def test_a_measurement_that_was_withdrawn_says_nothing(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        record_id = confirmed(hilltop, bundle, "DEFICIENT", [150.0] * 12)

        Record.objects.filter(id=record_id).update(status=Status.ENTERED_IN_ERROR)

    assert outcomes(hilltop) == {}


def test_a_screening_is_read_as_fhir_and_that_is_an_event(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        screening = screened(hilltop.patient_id, bundle_hash=bundle.content_hash)

    answer = hilltop.client(Role.DOCTOR).get(f"/api/screening/{screening.id}/fhir")

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/fhir+json"
    kinds = [each["resource"]["resourceType"] for each in answer.json()["entry"]]
    assert kinds == ["Observation"] * 14 + ["RiskAssessment"]
    with inside(hilltop.id):
        events = Event.objects.using(CLINICAL).filter(resource_id=screening.id)
        assert [(each.action, each.subjects) for each in events] == [("screening.read", [hilltop.patient_id])]


def test_a_screening_that_is_not_yours_and_one_that_is_not_are_the_same(
    hilltop: Clinic, riverside: Clinic, bundle: Bundle
) -> None:
    with inside(hilltop.id):
        screening = screened(hilltop.patient_id, bundle_hash=bundle.content_hash)

    answers = [
        clinic.client(role).get(f"/api/screening/{id}/fhir")
        for clinic, role, id in (
            (riverside, Role.ADMIN, screening.id),
            (hilltop, Role.PATIENT, screening.id),
            (hilltop, Role.ADMIN, new_id()),
        )
    ]

    assert {each.status_code for each in answers} == {404}
    assert len({each.json()["title"] for each in answers}) == 1


def test_a_model_that_is_away_has_no_cutoffs(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        screening = screened(hilltop.patient_id, bundle_hash="a" * 64)

    answer = hilltop.client(Role.DOCTOR).get(f"/api/screening/{screening.id}/fhir").json()

    predictions = answer["entry"][-1]["resource"]["prediction"]
    assert [each["outcome"]["text"] for each in predictions] == [
        "Serum vitamin B12: normal",
        "Serum vitamin B12: borderline",
        "Serum vitamin B12: deficient",
    ]


def test_the_administration_lists_drift_and_shows_what_was_measured_later(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        drift = drifted(bundle, date(2031, 3, 3), "alarm", mcv=0.31, age=0.05)
        confirmed(hilltop, bundle, "DEFICIENT", [150.0] * 6 + [250.0] * 6)
        confirmed(hilltop, bundle, "NORMAL", [350.0])
    desk = hilltop.desk(Role.ADMIN)

    pages = [desk.get(f"/admin/screening/drift/{path}") for path in ("", f"{drift.id}/change/")]

    assert [each.status_code for each in pages] == [200, 200]
    listed, shown = (each.content.decode() for each in pages)
    assert "0.31" in listed
    assert "chiron-tag-bad" in listed
    for text in ("0.310", "0.050", "50.0%", "25.4% to 74.6%", "fewer than 11"):
        assert text in shown


def test_who_is_told_of_drift_opens_its_page_and_nobody_of_another_organization(
    hilltop: Clinic, riverside: Clinic, bundle: Bundle
) -> None:
    with inside(hilltop.id):
        drift = drifted(bundle, date(2031, 3, 3))

    assert hilltop.desk(Role.PRIVACY_OFFICER).get("/admin/screening/drift/").status_code == 200
    assert riverside.desk(Role.ADMIN).get(f"/admin/screening/drift/{drift.id}/change/").status_code == 404
