"""The concepts a clinic writes down, with their codes in LOINC, SNOMED CT, RxNorm, CVX and HL7, and UCUM units."""

from dataclasses import dataclass
from typing import Any

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
RXNORM, CVX = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://hl7.org/fhir/sid/cvx"
UCUM = "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Term:
    """A concept of one terminology."""

    system: str
    code: str
    words: str

    def concept(self) -> Json:
        return {"coding": [{"system": self.system, "code": self.code, "display": self.words}], "text": self.words}


@dataclass(frozen=True, slots=True)
class Measure:
    """Something measured: its term, UCUM unit, the digits it is reported with, and what is usual."""

    term: Term
    unit: str
    digits: int
    low: float | None = None
    high: float | None = None
    category: str = "laboratory"


def measure(
    code: str, words: str, unit: str, digits: int, *usual: float | None, category: str = "laboratory"
) -> Measure:
    low, high = usual or (None, None)
    return Measure(Term(LOINC, code, words), unit, digits, low, high, category)


VITAL = "vital-signs"
HEIGHT = measure("8302-2", "Body height", "cm", 0, category=VITAL)
WEIGHT = measure("29463-7", "Body weight", "kg", 1, category=VITAL)
BMI = measure("39156-5", "Body mass index (BMI)", "kg/m2", 1, category=VITAL)
PULSE = measure("8867-4", "Heart rate", "/min", 0, 60, 100, category=VITAL)
TEMPERATURE = measure("8310-5", "Body temperature", "Cel", 1, category=VITAL)
BREATHS = measure("9279-1", "Respiratory rate", "/min", 0, category=VITAL)
OXYGEN = measure("2708-6", "Oxygen saturation in Arterial blood", "%", 0, category=VITAL)
PRESSURE = Term(LOINC, "85354-9", "Blood pressure panel with all children optional")
SYSTOLIC = measure("8480-6", "Systolic blood pressure", "mm[Hg]", 0, category=VITAL)
DIASTOLIC = measure("8462-4", "Diastolic blood pressure", "mm[Hg]", 0, category=VITAL)

CBC = Term(LOINC, "58410-2", "CBC panel - Blood by Automated count")
HEMOGLOBIN = measure("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 1, 12, 17.5)
HEMATOCRIT = measure("4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count", "%", 1, 36, 52)
RED_CELLS = measure("789-8", "Erythrocytes [#/volume] in Blood by Automated count", "10*6/uL", 2, 4, 6)
MCV = measure("787-2", "MCV [Entitic volume] by Automated count", "fL", 1, 80, 100)
MCH = measure("785-6", "MCH [Entitic mass] by Automated count", "pg", 1, 27, 33)
MCHC = measure("786-4", "MCHC [Mass/volume] by Automated count", "g/dL", 1, 32, 36)
RDW = measure("788-0", "Erythrocyte distribution width [Ratio] by Automated count", "%", 1, 11.5, 14.5)
WHITE_CELLS = measure("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL", 1, 4, 11)
PLATELETS = measure("777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL", 0, 150, 400)

HBA1C = measure("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", 1, 4, 5.6)
CREATININE = measure("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 2, 0.5, 1.2)
CHOLESTEROL = measure("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "mg/dL", 0, None, 200)
HDL = measure("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", "mg/dL", 0, 40, None)
TRIGLYCERIDES = measure("2571-8", "Triglyceride [Mass/volume] in Serum or Plasma", "mg/dL", 0, None, 150)
TSH = measure("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma", "m[IU]/L", 2, 0.4, 4)
FERRITIN = measure("2276-4", "Ferritin [Mass/volume] in Serum or Plasma", "ng/mL", 0, 15, 300)

SMOKING = Term(LOINC, "72166-2", "Tobacco smoking status")
SMOKES = (
    Term(SNOMED, "266919005", "Never smoked tobacco"),
    Term(SNOMED, "266919005", "Never smoked tobacco"),
    Term(SNOMED, "8517006", "Ex-smoker"),
    Term(SNOMED, "77176002", "Smoker"),
)
CHECK_UP = Term(SNOMED, "185349003", "Encounter for check up")
COMPLAINT = Term(SNOMED, "185345009", "Encounter for symptom")
NOTE = Term(LOINC, "11506-3", "Progress note")
ECG = Term(SNOMED, "29303009", "Electrocardiographic procedure")

ALLERGIES = (
    (Term(SNOMED, "91936005", "Allergy to penicillin"), "medication", Term(SNOMED, "126485001", "Urticaria")),
    (Term(SNOMED, "91935009", "Allergy to peanuts"), "food", Term(SNOMED, "39579001", "Anaphylaxis")),
    (Term(SNOMED, "232350006", "House dust mite allergy"), "environment", Term(SNOMED, "70076002", "Rhinitis")),
)
CHILD_VACCINES = (Term(CVX, "20", "DTaP"), Term(CVX, "10", "IPV"), Term(CVX, "03", "MMR"))
ADULT_VACCINES = (Term(CVX, "115", "Tdap"), Term(CVX, "43", "Hep B, adult"))
FLU_VACCINE = Term(CVX, "140", "Influenza, seasonal, injectable, preservative free")
OLD_VACCINES = (Term(CVX, "33", "pneumococcal polysaccharide PPV23"), Term(CVX, "187", "zoster recombinant"))
