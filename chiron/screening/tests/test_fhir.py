"""A screening as FHIR R4, held against what the specification says of each resource."""

import json
import re
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings

from chiron.kernel.ids import new_id
from chiron.screening.blood.analytes import ANALYTES, NAME_BY_LOINC
from chiron.screening.fhir import PROPOSING, bundle_of, observations, proposals, risk_assessment
from chiron.screening.models import Screening
from chiron.screening.tests.factories import FEATURES, HASH, NOW
from chiron.screening.texts import texts
from chiron.screening.words import ResultClass

LABEL = {"cutoffs": [200.0, 300.0], "assay": "an assay"}
AMA = UUID("01977a2c-0000-7000-8000-00000000000a")

REFERENCE = {"reference", "type", "identifier", "display"}
CONCEPT = {"coding", "text"}
MEMBERS: dict[str, set[str]] = {
    "Observation": {
        "resourceType", "id", "status", "category", "code", "subject", "effectiveDateTime", "valueQuantity",
    },
    "RiskAssessment": {
        "resourceType", "id", "status", "method", "subject", "occurrenceDateTime", "performer", "basis", "prediction",
        "note",
    },
    "ServiceRequest": {
        "resourceType", "id", "status", "intent", "priority", "code", "subject", "authoredOn", "requester",
        "reasonCode", "supportingInfo", "note",
    },
    "prediction": {"outcome", "probabilityDecimal", "qualitativeRisk", "rationale"},
}  # fmt: skip
"""What R4 (4.0.1) knows by these names, of what is used here."""
STATUSES = {"registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown"}
"""The required value set observation-status, which RiskAssessment uses too."""
REQUEST_STATUSES = {"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"}
REQUEST_INTENTS = {
    "proposal", "plan", "directive", "order", "original-order", "reflex-order", "filler-order", "instance-order",
    "option",
}  # fmt: skip
REQUESTERS = {"Practitioner", "PractitionerRole", "Organization", "Patient", "RelatedPerson", "Device"}
DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def made(**said: Any) -> Screening:
    row = {
        "id": new_id(),
        "patient_id": AMA,
        "made_at": NOW,
        "mode": "research",
        "bundle_hash": HASH,
        "bundle_version": "1",
        "outcome": "classified",
        "result_class": "BORDERLINE",
        "risk_class": "raised",
        "p_normal": 0.6,
        "p_borderline": 0.35,
        "p_deficient": 0.05,
        "features": list(FEATURES),
    }
    return Screening(**row | said)


def assert_r4(resource: dict[str, Any]) -> None:
    """Raises AssertionError for what R4 does not have, or requires: by hand, from the definitions of 4.0.1."""
    assert resource.keys() <= MEMBERS[resource["resourceType"]]
    assert ID.fullmatch(resource["id"])
    if resource["resourceType"] == "ServiceRequest":
        assert_request(resource)
        return
    assert resource["status"] in STATUSES
    if resource["resourceType"] == "Observation":
        assert resource["code"].keys() <= CONCEPT  # 1..1
        assert DATE_TIME.fullmatch(resource["effectiveDateTime"])
        quantity = resource["valueQuantity"]
        assert quantity["system"] == "http://unitsofmeasure.org"  # qty-3: a code has its system
        assert isinstance(quantity["value"], float)
    else:
        assert resource["subject"].keys() <= REFERENCE  # 1..1
        assert DATE_TIME.fullmatch(resource["occurrenceDateTime"])
        for each in resource.get("prediction", []):
            assert each.keys() <= MEMBERS["prediction"]
            assert 0 <= each["probabilityDecimal"] <= 100  # ras-2


def assert_request(resource: dict[str, Any]) -> None:
    """Raises AssertionError for what R4 does not have of a ServiceRequest, or requires of one."""
    assert resource["status"] in REQUEST_STATUSES  # 1..1
    assert resource["intent"] in REQUEST_INTENTS  # 1..1
    assert resource["priority"] in {"routine", "urgent", "asap", "stat"}
    assert resource["subject"].keys() <= REFERENCE  # 1..1
    assert resource["requester"].keys() <= REFERENCE
    assert resource["requester"]["type"] in REQUESTERS
    assert DATE_TIME.fullmatch(resource["authoredOn"])
    assert all(each.keys() <= CONCEPT for each in (resource["code"], *resource["reasonCode"]))
    assert all(each.keys() <= REFERENCE for each in resource["supportingInfo"])  # of any resource, unlike reasons
    assert all(each.keys() == {"text"} for each in resource["note"])  # 1..1


def test_what_was_measured_becomes_observations_with_loinc_and_ucum() -> None:
    screening = made()

    found = observations(screening)

    assert [NAME_BY_LOINC[each["code"]["coding"][0]["code"]] for each in found] == list(ANALYTES)
    assert found[0] == {
        "resourceType": "Observation",
        "id": f"{screening.id}-hemoglobin",
        "status": "final",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}
        ],
        "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}], "text": "Hemoglobin"},
        "subject": {"reference": f"Patient/{AMA}", "type": "Patient"},
        "effectiveDateTime": "2031-03-03T12:00:00+00:00",
        "valueQuantity": {"value": 13.5, "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"},
    }


def test_what_was_not_measured_is_no_observation() -> None:
    features: list[float | None] = [*FEATURES]
    features[9:14] = [None] * 5

    found = observations(made(features=features))

    assert [each["id"][37:] for each in found] == list(ANALYTES)[:9]


def test_a_probability_is_a_percentage() -> None:
    predictions = risk_assessment(made(), LABEL)["prediction"]

    assert [each["probabilityDecimal"] for each in predictions] == [60.0, 35.0, 5.0]
    assert [each["outcome"]["text"] for each in predictions] == [
        "Serum vitamin B12 of 300 pg/mL or more",
        "Serum vitamin B12 from 200 to below 300 pg/mL",
        "Serum vitamin B12 below 200 pg/mL",
    ]
    assert [each.get("rationale", "") != "" for each in predictions] == [False, True, False]
    assert predictions[2]["qualitativeRisk"] == {"text": "raised"}


def test_an_abstention_predicts_nothing_and_says_why() -> None:
    none = {"p_normal": None, "p_borderline": None, "p_deficient": None, "result_class": "", "risk_class": ""}

    found = risk_assessment(made(outcome="abstained", reasons=["pregnant"], **none), LABEL)

    assert "prediction" not in found
    assert found["note"][-1] == {"text": "No probability is given: pregnant."}


@pytest.mark.parametrize(
    ("decision", "status"), [("none", "preliminary"), ("accepted", "final"), ("overridden", "final")]
)
def test_it_is_preliminary_until_somebody_who_treats_has_decided(decision: str, status: str) -> None:
    assert risk_assessment(made(decision=decision), LABEL)["status"] == status


def test_research_says_that_it_is_not_for_care() -> None:
    notes = {
        mode: [each["text"] for each in risk_assessment(made(mode=mode), LABEL)["note"]]
        for mode in ("research", "clinical")
    }

    assert len(notes["research"]) == 2
    assert "not for care" in notes["research"][1]
    assert notes["clinical"] == notes["research"][:1]
    assert "not a diagnosis" in notes["clinical"][0]


@pytest.mark.parametrize("patient", [AMA, None])
@pytest.mark.parametrize("outcome", ["classified", "abstained"])
def test_every_resource_is_of_r4_and_none_is_a_condition(patient: UUID | None, outcome: str) -> None:
    none = dict.fromkeys(("p_normal", "p_borderline", "p_deficient")) if outcome == "abstained" else {}
    none |= {"result_class": ""} if none else {}
    found = bundle_of(made(patient_id=patient, outcome=outcome, mode="clinical", **none), LABEL)

    resources = [each["resource"] for each in found["entry"]]
    for each in resources:
        assert_r4(each)
    asked = {"ServiceRequest"} if patient and outcome == "classified" else set()
    assert {each["resourceType"] for each in resources} == {"Observation", "RiskAssessment"} | asked
    assert (found["resourceType"], found["type"]) == ("Bundle", "collection")
    assert "null" not in json.dumps(found)


def test_the_answer_refers_to_the_observations_beside_it() -> None:
    screening = made()

    found = bundle_of(screening, LABEL)

    urls = [each["fullUrl"] for each in found["entry"]]
    assert [each["reference"] for each in found["entry"][-1]["resource"]["basis"]] == urls[:-1]
    assert len(set(urls)) == 15
    assert found == bundle_of(screening, LABEL)


def test_nobody_is_named_where_nobody_was() -> None:
    found = bundle_of(made(patient_id=None), LABEL)

    assert "subject" not in found["entry"][0]["resource"]
    assert found["entry"][-1]["resource"]["subject"] == {"type": "Patient", "display": "Anonymous"}


def test_a_confirming_test_is_proposed_and_never_ordered() -> None:
    screening = made(mode="clinical", result_class="DEFICIENT")

    [found] = proposals(screening)

    assert_r4(found)
    assert (found["intent"], found["status"]) == ("proposal", "draft")
    assert found["code"]["coding"] == [{"system": "http://loinc.org", "code": "2132-9"}]
    assert found["subject"] == {"reference": f"Patient/{AMA}", "type": "Patient"}
    assert found["note"][0]["text"].startswith("An option, not an order.")
    entries = {each["fullUrl"]: each["resource"] for each in bundle_of(screening, LABEL)["entry"]}
    [because] = found["supportingInfo"]
    assert entries[because["reference"]]["resourceType"] == because["type"] == "RiskAssessment"


@pytest.mark.parametrize(
    "said",
    [
        {"mode": "research"},
        {"patient_id": None},
        {"result_class": "NORMAL"},
        {"result_class": ""},
    ],
)
def test_nothing_is_proposed_where_nothing_speaks_for_it(said: dict[str, Any]) -> None:
    assert proposals(made(**{"mode": "clinical"} | said)) == []


@pytest.mark.parametrize(("decision", "status"), [("none", "draft"), ("accepted", "draft"), ("overridden", "revoked")])
def test_a_proposal_is_revoked_where_who_treats_said_otherwise(decision: str, status: str) -> None:
    assert [each["status"] for each in proposals(made(mode="clinical", decision=decision))] == [status]


@pytest.mark.parametrize(("language", "words"), [("en", "Options to consider: serum"), ("fr", "Options à envisager")])
def test_a_test_is_proposed_exactly_where_the_recommendation_does(language: str, words: str) -> None:
    said = texts(language)

    proposing = {each for each in ResultClass if words in said[each.lower()]}

    assert proposing == set(PROPOSING)
    assert words not in said["unclassified"] + said["abstained"]


def test_every_member_of_a_proposal_is_in_an_official_example() -> None:
    files = sorted((settings.BASE_DIR.parent / "shared/data/fhir/official_r4_examples").glob("ServiceRequest-*.json"))
    if not files:
        pytest.skip("the outside data are not there: shared/data/fhir beside the project")

    known = {name for file in files for name in json.loads(file.read_bytes())}

    assert proposals(made(mode="clinical"))[0].keys() <= known
