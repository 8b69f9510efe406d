"""A screening as FHIR R4: what was measured as Observations, the answer as a RiskAssessment, and never a Condition.

A probability is not a diagnosis, so nothing here may end up on a problem list. Where the recommendation proposes a
confirming test, that is a ServiceRequest of the intent `proposal`. Pure: from a row to plain documents.
"""

from collections.abc import Mapping
from typing import Any
from uuid import uuid5

from chiron.screening.blood.analytes import ANALYTES
from chiron.screening.models import Screening
from chiron.screening.words import Decision, Mode, ResultClass

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
NO_DIAGNOSIS = "A screening result, not a diagnosis: serum B12 is to be measured before anything is decided by it."
BANNER = "Made in research mode by a model that is not validated here: not for care."
B12 = "2132-9"
OPTION = "An option, not an order. Where it is borderline: methylmalonic acid or holotranscobalamin."
PROPOSING = (ResultClass.BORDERLINE, ResultClass.DEFICIENT)
"""The classes whose recommendation (`texts/`) proposes a confirming test; the others name it for other reasons only."""
Resource = dict[str, Any]


def bundle_of(screening: Screening, label: Mapping[str, Any] | None) -> Resource:
    """All of a screening as a Bundle of the type collection, its entries named by URNs that stay the same."""
    resources = [*observations(screening), risk_assessment(screening, label), *proposals(screening)]
    entries = [{"fullUrl": _urn(screening, each["id"]), "resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def observations(screening: Screening) -> list[Resource]:
    """One Observation for each analyte that was measured, in its canonical UCUM unit, by its first LOINC code."""
    return [
        {
            "resourceType": "Observation",
            "id": f"{screening.id}-{name}",
            "status": "final",
            "category": [{"coding": [{"system": CATEGORY, "code": "laboratory"}]}],
            "code": {"coding": [{"system": LOINC, "code": analyte.loincs[0]}], "text": analyte.title},
            **_subject(screening),
            "effectiveDateTime": screening.made_at.isoformat(),
            "valueQuantity": {"value": value, "unit": analyte.unit, "system": UCUM, "code": analyte.unit},
        }
        for (name, analyte), value in zip(ANALYTES.items(), screening.features, strict=False)
        if value is not None
    ]


def risk_assessment(screening: Screening, label: Mapping[str, Any] | None) -> Resource:
    """The answer. It is preliminary until somebody who treats has decided; an abstention predicts nothing.

    In R4 `probabilityDecimal` is a percentage: "Decimal values are expressed as percentages as well (max = 100)", and
    the invariant ras-2 keeps it at 100 or below (hl7.org/fhir/R4/riskassessment-definitions.html). So 0.05 is 5 here;
    R4's own example leaves open which of the two it means. A subject is required: an anonymous one has no reference.
    """
    found: Resource = {
        "resourceType": "RiskAssessment",
        "id": str(screening.id),
        "status": "preliminary" if screening.decision == Decision.NONE else "final",
        "method": {"text": f"Vitamin B12 screening from a blood count, model version {screening.bundle_version}"},
        **(_subject(screening) or {"subject": {"type": "Patient", "display": "Anonymous"}}),
        "occurrenceDateTime": screening.made_at.isoformat(),
        "performer": _model(screening),
        "basis": [{"reference": _urn(screening, each["id"])} for each in observations(screening)],
        "note": [{"text": text} for text in _notes(screening)],
    }
    if predictions := _predictions(screening, label):
        found["prediction"] = predictions
    return found


def proposals(screening: Screening) -> list[Resource]:
    """Measuring serum B12, where a clinical answer about a patient proposes it; revoked where it was overridden.

    R4 (hl7.org/fhir/R4) has a ServiceRequest for asking for a diagnostic investigation; its intent `proposal` has "no
    intention to ensure it occurs" and gives no authority to act, and as a draft it is not ready for action. A Task
    would follow the work on what somebody had ordered. A DetectedIssue is about an existing or proposed clinical
    activity that may do harm (interactions, duplicates): here is none, and what is uncertain the RiskAssessment says.
    """
    wanted = screening.mode == Mode.CLINICAL and screening.result_class in PROPOSING
    if not wanted or screening.patient_id is None:
        return []
    return [
        {
            "resourceType": "ServiceRequest",
            "id": f"{screening.id}-b12",
            "status": "revoked" if screening.decision == Decision.OVERRIDDEN else "draft",
            "intent": "proposal",
            "priority": "routine",
            "code": {"coding": [{"system": LOINC, "code": B12}], "text": "Vitamin B12 in serum or plasma"},
            **_subject(screening),
            "authoredOn": screening.made_at.isoformat(),
            "requester": _model(screening),
            "reasonCode": [{"text": f"Vitamin B12 screening from a blood count: {screening.result_class.lower()}"}],
            "supportingInfo": [{"reference": _urn(screening, str(screening.id)), "type": "RiskAssessment"}],
            "note": [{"text": text} for text in (OPTION, NO_DIAGNOSIS)],
        }
    ]


def _model(screening: Screening) -> Resource:
    return {
        "type": "Device",
        "identifier": {"value": screening.bundle_hash},
        "display": f"Model with the SHA-256 {screening.bundle_hash}",
    }


def _predictions(screening: Screening, label: Mapping[str, Any] | None) -> list[Resource]:
    probabilities = {
        ResultClass.NORMAL: screening.p_normal,
        ResultClass.BORDERLINE: screening.p_borderline,
        ResultClass.DEFICIENT: screening.p_deficient,
    }
    found = []
    for outcome, probability in probabilities.items():
        if probability is None:
            continue
        prediction: Resource = {
            "outcome": {"text": _outcome(outcome, label)},
            "probabilityDecimal": round(100 * probability, 10),
        }
        if outcome is ResultClass.DEFICIENT and screening.risk_class:
            prediction["qualitativeRisk"] = {"text": screening.risk_class}
        if outcome == screening.result_class:
            prediction["rationale"] = "The class that the model's thresholds give."
        found.append(prediction)
    return found


def _outcome(outcome: ResultClass, label: Mapping[str, Any] | None) -> str:
    """What is predicted, in the cutoffs of the model where it is known."""
    if label is None:
        return f"Serum vitamin B12: {outcome.lower()}"
    low, high = label["cutoffs"]
    ranges = {
        ResultClass.NORMAL: f"of {high:g} pg/mL or more",
        ResultClass.BORDERLINE: f"from {low:g} to below {high:g} pg/mL",
        ResultClass.DEFICIENT: f"below {low:g} pg/mL",
    }
    return f"Serum vitamin B12 {ranges[outcome]}"


def _notes(screening: Screening) -> list[str]:
    said = [NO_DIAGNOSIS]
    if screening.mode == Mode.RESEARCH:
        said.append(BANNER)
    if screening.reasons:
        said.append(f"No probability is given: {', '.join(screening.reasons)}.")
    return said


def _subject(screening: Screening) -> Resource:
    if screening.patient_id is None:
        return {}
    return {"subject": {"reference": f"Patient/{screening.patient_id}", "type": "Patient"}}


def _urn(screening: Screening, resource_id: str) -> str:
    return f"urn:uuid:{uuid5(screening.id, resource_id)}"
