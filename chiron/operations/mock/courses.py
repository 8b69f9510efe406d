"""Conditions, whom they befall, and what they bring along."""

from dataclasses import dataclass

from chiron.operations.mock import codes
from chiron.operations.mock.codes import RXNORM, SNOMED, Measure, Term


@dataclass(frozen=True, slots=True)
class Drug:
    """A medicine by its ingredient, and how it is taken."""

    term: Term
    dosage: str


@dataclass(frozen=True, slots=True)
class Course:
    """A condition: from which age and how often it occurs, its drugs, and the measures it moves to (mean, spread)."""

    term: Term
    earliest: int
    chance: float
    drugs: tuple[Drug, ...] = ()
    follows: tuple[tuple[Measure, float, float], ...] = ()
    remark: str = ""


def drug(code: str, words: str, dosage: str) -> Drug:
    return Drug(Term(RXNORM, code, words), dosage)


COURSES = (
    Course(
        Term(SNOMED, "44054006", "Diabetes mellitus type 2"),
        *(38, 0.18, (drug("6809", "metformin", "500 mg twice a day with meals"),)),
        ((codes.HBA1C, 7.4, 0.7), (codes.CREATININE, 0.95, 0.15)),
        "Feet without lesions, sensation intact. Diet was discussed.",
    ),
    Course(
        Term(SNOMED, "38341003", "Hypertensive disorder"),
        *(35, 0.3, (drug("29046", "lisinopril", "10 mg once a day"), drug("17767", "amlodipine", "5 mg once a day"))),
        ((codes.CREATININE, 0.95, 0.15),),
        "Keeps a diary of blood pressure at home.",
    ),
    Course(
        Term(SNOMED, "55822004", "Hyperlipidemia"),
        *(40, 0.25, (drug("83367", "atorvastatin", "20 mg in the evening"),)),
        ((codes.CHOLESTEROL, 228, 22), (codes.HDL, 44, 7), (codes.TRIGLYCERIDES, 178, 38)),
        "No muscle pain under treatment.",
    ),
    Course(
        Term(SNOMED, "195967001", "Asthma"),
        *(5, 0.09, (drug("435", "albuterol", "two puffs when short of breath"),)),
        (),
        "Inhaler technique was shown and repeated.",
    ),
    Course(
        Term(SNOMED, "40930008", "Hypothyroidism"),
        *(25, 0.07, (drug("10582", "levothyroxine", "75 ug once a day, fasting"),)),
        ((codes.TSH, 4.6, 1.1),),
        "Less tired than before.",
    ),
    Course(
        Term(SNOMED, "87522002", "Iron deficiency anemia"),
        *(12, 0.08, (drug("24947", "ferrous sulfate", "one tablet every other day"),)),
        ((codes.FERRITIN, 10, 3),),
        "Tolerates iron better in the evening.",
    ),
    Course(
        Term(SNOMED, "235595009", "Gastroesophageal reflux disease"),
        *(25, 0.12, (drug("7646", "omeprazole", "20 mg before breakfast"),)),
        (),
        "Sleeps with the head raised.",
    ),
    Course(
        Term(SNOMED, "35489007", "Depressive disorder"),
        *(16, 0.1, (drug("36437", "sertraline", "50 mg once a day"),)),
        (),
        "Mood is brighter, sleep is better; goes for walks again.",
    ),
    Course(
        Term(SNOMED, "37796009", "Migraine"),
        *(14, 0.1, (drug("37418", "sumatriptan", "50 mg at the first sign of an attack"),)),
        (),
        "Two attacks a month, less with regular sleep.",
    ),
    Course(
        Term(SNOMED, "49436004", "Atrial fibrillation"),
        *(60, 0.1, (drug("1364430", "apixaban", "5 mg twice a day"),)),
        ((codes.CREATININE, 1.0, 0.2),),
        "No bleeding under treatment.",
    ),
    Course(
        Term(SNOMED, "396275006", "Osteoarthritis"),
        *(50, 0.25, (drug("161", "acetaminophen", "500 mg when in pain, at most four times a day"),)),
        (),
        "Stairs are the hardest; exercises were shown.",
    ),
)
ANEMIA, PRESSURE_HIGH = "87522002", "38341003"
