"""The history of one patient: what befell them and what was done about it, visit by visit."""

from collections.abc import Iterator, Sequence
from datetime import date

from chiron.operations.mock import codes
from chiron.operations.mock.codes import HL7, Json, Term
from chiron.operations.mock.courses import COURSES, Course
from chiron.operations.mock.dice import Dice
from chiron.operations.mock.observing import blood_count, follow_up, smoking, vital_signs
from chiron.operations.mock.people import Figure, Staff
from chiron.operations.mock.visits import Visit, encounter, note, visits

GROWN, OLD = 18, 60


def history(seed: int, number: int, figure: Figure, staff: Staff) -> Iterator[Json]:
    """Every resource about a patient, the earliest visit first."""
    dice = Dice(seed, "history", number)
    begins = {course.term.code: dice.number(0, 3) for course in COURSES}
    age = figure.age(figure.last_day)
    befallen = [course for course in COURSES if age >= course.earliest and dice.chance(course.chance)]
    smokes = dice.one(codes.SMOKES)
    known: list[Course] = []
    for count, visit in enumerate(visits(dice, figure, staff)):
        yield encounter(visit, staff)
        if count == 0:
            yield from allergies(visit, dice)
        for course in befallen:
            if course not in known and count >= begins[course.term.code] and figure.age(visit.day) >= course.earliest:
                known.append(course)
                yield from diagnosis(visit, dice, course)
        yield from vital_signs(visit, dice, figure, known)
        if figure.age(visit.day) >= GROWN and count % 3 == 0:
            yield smoking(visit, dice, smokes)
        if (known and count % 2 == 0) or dice.chance(0.2):
            yield from blood_count(visit, dice, figure, known)
            yield from follow_up(visit, dice, known)
        yield from immunizations(visit, dice, figure, count)
        if figure.age(visit.day) >= OLD and dice.chance(0.15):
            yield procedure(visit, dice, codes.ECG)
        yield note(visit, dice, known)


def diagnosis(visit: Visit, dice: Dice, course: Course) -> Iterator[Json]:
    """The condition, and the medicines it is treated with."""
    links = {"subject": {"reference": visit.patient}, "encounter": {"reference": f"urn:uuid:{visit.encounter}"}}
    condition: Json = {
        "resourceType": "Condition",
        "id": dice.id(),
        "clinicalStatus": {"coding": [{"system": f"{HL7}/condition-clinical", "code": "active"}]},
        "verificationStatus": {"coding": [{"system": f"{HL7}/condition-ver-status", "code": "confirmed"}]},
        "code": course.term.concept(),
        "onsetDateTime": onset(dice, visit.day),
        "recordedDate": visit.start,
        "asserter": {"reference": visit.practitioner},
    }
    yield condition | links
    for drug in course.drugs:
        yield {
            "resourceType": "MedicationRequest",
            "id": dice.id(),
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": drug.term.concept(),
            "authoredOn": visit.start,
            "requester": {"reference": visit.practitioner},
            "reasonReference": [{"reference": f"urn:uuid:{condition['id']}"}],
            "dosageInstruction": [{"text": drug.dosage}],
        } | links


def onset(dice: Dice, day: date) -> str:
    """Conditions begin before they are diagnosed, and often only the month or the year is remembered."""
    return day.isoformat()[: dice.one((4, 7, 10))]


def allergies(visit: Visit, dice: Dice) -> Iterator[Json]:
    for term, category, shows in dice.some(codes.ALLERGIES, 0.08):
        yield {
            "resourceType": "AllergyIntolerance",
            "id": dice.id(),
            "clinicalStatus": {"coding": [{"system": f"{HL7}/allergyintolerance-clinical", "code": "active"}]},
            "verificationStatus": {
                "coding": [{"system": f"{HL7}/allergyintolerance-verification", "code": "confirmed"}]
            },
            "type": "allergy",
            "category": [category],
            "code": term.concept(),
            "patient": {"reference": visit.patient},
            "recordedDate": visit.start,
            "recorder": {"reference": visit.practitioner},
            "reaction": [{"manifestation": [shows.concept()]}],
        }


def immunizations(visit: Visit, dice: Dice, figure: Figure, count: int) -> Iterator[Json]:
    """The usual vaccines of each age; influenza in autumn."""
    for vaccine in vaccines(dice, figure.age(visit.day), visit.day, count):
        yield {
            "resourceType": "Immunization",
            "id": dice.id(),
            "status": "completed",
            "vaccineCode": vaccine.concept(),
            "patient": {"reference": visit.patient},
            "encounter": {"reference": f"urn:uuid:{visit.encounter}"},
            "occurrenceDateTime": visit.start,
            "primarySource": True,
            "performer": [{"actor": {"reference": visit.practitioner}}],
        }


def vaccines(dice: Dice, age: float, day: date, count: int) -> Sequence[Term]:
    if age < 2:
        return dice.some(codes.CHILD_VACCINES, 0.6)
    found = [codes.FLU_VACCINE] if day.month >= 9 and dice.chance(0.7) else []
    if age >= OLD:
        return found + (dice.some(codes.OLD_VACCINES, 0.5) if count == 1 else [])
    return found + (dice.some(codes.ADULT_VACCINES, 0.4) if count == 2 and age >= GROWN else [])


def procedure(visit: Visit, dice: Dice, term: Term) -> Json:
    return {
        "resourceType": "Procedure",
        "id": dice.id(),
        "status": "completed",
        "code": term.concept(),
        "subject": {"reference": visit.patient},
        "encounter": {"reference": f"urn:uuid:{visit.encounter}"},
        "performedPeriod": {"start": visit.start, "end": visit.end},
        "performer": [{"actor": {"reference": visit.practitioner}}],
    }
