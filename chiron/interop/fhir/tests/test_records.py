from base64 import b64encode
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from chiron.interop.fhir.reading.records import RecordSeen
from chiron.interop.fhir.tests.factories import LOINC, Resource, ama, document, pulse, read, refusal, resource
from chiron.records.public import Code, Precision, Quantity, RecordType, ReferenceRange, Sensitivity, Statement, Status


def seen(one: Resource, *others: Resource) -> RecordSeen:
    """What a resource about Ama becomes."""
    [first, *_] = read(ama(), {"subject": {"reference": "Patient/ama"}} | one, *others).records[0]
    return first


def test_an_observation_becomes_a_statement_with_its_codes_time_and_quantity() -> None:
    laboratory = {"coding": [{"code": "laboratory"}]}
    hemoglobin = pulse(
        category=[laboratory],
        code={"coding": [{"system": LOINC, "code": "718-7", "display": "Hemoglobin"}], "text": "Hb in blood"},
        valueQuantity={"value": 13.5, "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"},
        referenceRange=[{"low": {"value": 12, "unit": "g/dL"}, "high": {"value": 16, "unit": "g/dL"}}],
        performer=[{"reference": "https://lab.example/Practitioner/1"}],
        note=[{"text": "drawn fasting"}],
    )

    found = seen(hemoglobin)

    assert found.statement == Statement(
        record_type=RecordType.LAB_RESULT,
        title="Hb in blood",
        description="13.5 g/dL\ndrawn fasting",
        resource_type="Observation",
        clinical_status="final",
        codes=(Code(LOINC, "718-7", "Hemoglobin"),),
        occurred_at=datetime(2024, 3, 1, 8, 30, tzinfo=UTC),
        quantity=Quantity(Decimal("13.5"), "g/dL", "g/dL"),
        reference_range=ReferenceRange(Decimal(12), Decimal(16)),
        content=found.entry.original.encode(),
    )
    assert (found.patient, found.authors) == ("Patient/ama", ("https://lab.example/Practitioner/1",))


@pytest.mark.parametrize(
    ("kind", "members", "becomes"),
    [
        ("Observation", {"code": {"text": "Mood"}}, RecordType.OBSERVATION),
        ("Condition", {}, RecordType.DIAGNOSIS),
        ("MedicationRequest", {}, RecordType.PRESCRIPTION),
        ("MedicationStatement", {}, RecordType.MEDICATION),
        ("MedicationAdministration", {}, RecordType.MEDICATION),
        ("AllergyIntolerance", {}, RecordType.ALLERGY),
        ("Immunization", {}, RecordType.IMMUNIZATION),
        ("Procedure", {}, RecordType.PROCEDURE),
        ("DiagnosticReport", {}, RecordType.REPORT),
        ("DocumentReference", {}, RecordType.DOCUMENT),
        ("ImagingStudy", {}, RecordType.IMAGING),
        ("Encounter", {}, RecordType.OTHER),
        ("Claim", {}, RecordType.OTHER),
        ("NeverHeardOf", {}, RecordType.OTHER),
    ],
)
def test_each_type_has_its_place_and_keeps_its_name(kind: str, members: Any, becomes: RecordType) -> None:
    found = seen(resource(kind, **members)).statement

    assert (found.record_type, found.resource_type) == (becomes, kind)


def test_a_value_with_a_comparator_is_told_but_not_measured() -> None:
    found = seen(pulse(valueQuantity={"value": 5, "comparator": "<", "unit": "ng/L"})).statement

    assert (found.quantity, found.description) == (None, "< 5 ng/L")


def test_a_range_in_another_unit_is_left_to_the_original() -> None:
    found = seen(pulse(referenceRange=[{"low": {"value": 1, "unit": "Hz"}}])).statement

    assert found.reference_range is None


def test_the_parts_of_an_observation_are_told() -> None:
    parts = [
        {"code": {"text": "Systolic"}, "valueQuantity": {"value": 120, "unit": "mmHg"}},
        {"code": {"text": "Posture"}, "valueCodeableConcept": {"text": "sitting"}},
        {"code": {"text": "Fasting"}, "valueBoolean": False},
    ]

    found = seen(pulse(valueQuantity=None, component=parts)).statement

    assert found.description == "Systolic: 120 mmHg\nPosture: sitting\nFasting: no"


def test_a_diagnosis_lasts_until_it_abates() -> None:
    found = seen(resource("Condition", onsetDateTime="2020-05", abatementDateTime="2021")).statement

    assert found.occurred_at == datetime(2020, 5, 1, tzinfo=UTC)
    assert found.occurred_precision is Precision.MONTH
    assert found.occurred_end == datetime(2021, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize(
    "members", [{"status": "entered-in-error"}, {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}}]
)
def test_what_its_source_entered_in_error_comes_in_as_such(members: Any) -> None:
    assert seen(resource("Condition", **members)).status is Status.ENTERED_IN_ERROR


def test_what_its_source_labels_as_delicate_comes_in_labelled() -> None:
    act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    said = [("HIV", act), ("PSY", act), ("PSY", act), ("ETH", "http://elsewhere.example"), ("NOAUTH", act)]

    found = seen(pulse(meta={"security": [{"system": system, "code": code} for code, system in said]}))

    assert found.statement.labels == (Sensitivity.HIV, Sensitivity.PSY)
    assert seen(pulse()).statement.labels == ()


def test_a_medication_is_named_inside_beside_or_only_in_words() -> None:
    aspirin = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "1191"}], "text": "Aspirin"}
    inside = resource("Medication", id="m", code=aspirin)

    def title(reference: dict[str, str], *others: Resource, **members: Any) -> str:
        given = resource("MedicationRequest", medicationReference=reference, **members)
        return seen(given, *others).statement.title

    assert title({"reference": "#m"}, contained=[inside]) == "Aspirin"
    assert title({"reference": "Medication/m"}, inside) == "Aspirin"
    assert title({"display": "Aspirin 100"}) == "Aspirin 100"


def test_narrative_is_read_as_text_and_never_as_markup() -> None:
    div = (
        "<div><p>Take <b>care</b></p><script>alert(1)</script><ul><li>rest &amp; tea</li></ul><style>p{}</style></div>"
    )

    found = seen(resource("CarePlan", text={"status": "generated", "div": div})).statement

    assert found.description == "Take care\nrest & tea"
    assert found.title == "Care plan"


def test_attached_plain_text_is_read_and_other_content_is_not() -> None:
    note = {"contentType": "text/plain; charset=utf-8", "data": b64encode("Schmerz läßt nach".encode()).decode()}
    scan = {"contentType": "application/pdf", "data": "AAAA"}

    found = seen(resource("DocumentReference", content=[{"attachment": note}, {"attachment": scan}])).statement

    assert found.description == "Schmerz läßt nach"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (pulse(code="718-7"), "Observation.code is not an object."),
        (pulse(component={}), "Observation.component is not an array."),
        (pulse(component=[1]), "Observation.component is not an array of objects."),
        (pulse(valueQuantity={"value": "72"}), "Observation.valueQuantity.value is not a number."),
        (pulse(valueQuantity={"value": 1e40}), "Observation.valueQuantity.value has more digits than can be stored."),
        (pulse(effectiveDateTime="2024-03-01T09:30:00"), "Observation.effectiveDateTime has a time of day"),
        (pulse(issued="soon"), "Observation.issued is not a FHIR date or time."),
        (
            resource("Condition", onsetDateTime="2020", abatementDateTime="2019"),
            "Condition.abatementDateTime is before",
        ),
        (
            resource("DocumentReference", content=[{"attachment": {"contentType": "text/plain", "data": "no!"}}]),
            "DocumentReference.content.attachment.data is not base64 of plain text.",
        ),
        (
            pulse(referenceRange=[{"low": {"value": 9}, "high": {"value": 1}}]),
            "Observation.referenceRange goes downward.",
        ),
    ],
)
def test_what_cannot_be_read_refuses_the_file_and_its_path_is_named(broken: Resource, reason: str) -> None:
    entry, told = refusal(document(ama(), broken))

    assert entry == 1
    assert told.startswith(reason)
