"""Where each type of resource keeps what a record needs: one line a type."""

from dataclasses import dataclass

from chiron.records.public import RecordType


@dataclass(frozen=True, slots=True)
class Shape:
    """What a resource becomes; element names are tried in order. `ends` closes what a single moment began."""

    record_type: RecordType
    concepts: tuple[str, ...]
    times: tuple[str, ...]
    ends: str = ""


CLINICAL_TIME = ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued")
GIVEN = ("medicationCodeableConcept", "medicationReference")

ANYTHING = Shape(
    RecordType.OTHER,
    ("code", "type", "category", "description", "name"),
    (
        *("period", "billablePeriod", "occurrenceDateTime", "occurrencePeriod", "performedDateTime", "performedPeriod"),
        *(*CLINICAL_TIME, "occurredDateTime", "occurredPeriod", "started", "startDate", "date", "authoredOn"),
        *("authored", "sent", "created", "recorded", "recordedDate"),
    ),
)

SHAPES = {
    "Observation": Shape(RecordType.OBSERVATION, ("code",), CLINICAL_TIME),
    "Condition": Shape(
        RecordType.DIAGNOSIS, ("code",), ("onsetDateTime", "onsetPeriod", "recordedDate"), "abatementDateTime"
    ),
    "AllergyIntolerance": Shape(RecordType.ALLERGY, ("code",), ("onsetDateTime", "onsetPeriod", "recordedDate")),
    "Immunization": Shape(RecordType.IMMUNIZATION, ("vaccineCode",), ("occurrenceDateTime", "recorded")),
    "Procedure": Shape(RecordType.PROCEDURE, ("code",), ("performedDateTime", "performedPeriod")),
    "DiagnosticReport": Shape(RecordType.REPORT, ("code",), CLINICAL_TIME),
    "DocumentReference": Shape(RecordType.DOCUMENT, ("type", "category"), ("date",)),
    "ImagingStudy": Shape(RecordType.IMAGING, ("procedureCode",), ("started",)),
    "MedicationRequest": Shape(RecordType.PRESCRIPTION, GIVEN, ("authoredOn",)),
    "MedicationStatement": Shape(
        RecordType.MEDICATION, GIVEN, ("effectiveDateTime", "effectivePeriod", "dateAsserted")
    ),
    "MedicationAdministration": Shape(RecordType.MEDICATION, GIVEN, ("effectiveDateTime", "effectivePeriod")),
    "MedicationDispense": Shape(RecordType.MEDICATION, GIVEN, ("whenHandedOver", "whenPrepared")),
    "Appointment": Shape(RecordType.OTHER, ("serviceType", "appointmentType", "description"), ("start",), "end"),
}

PATIENTS = ("subject", "patient", "beneficiary", "for", "individual")
AUTHORS = (
    "performer",
    "author",
    "recorder",
    "requester",
    "asserter",
    "provider",
    "participant",
    "agent",
    "informationSource",
)
ACTORS = ("actor", "individual", "who")
