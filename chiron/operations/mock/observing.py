"""What is measured at a visit: vital signs, blood counts and what a condition asks for."""

from collections.abc import Iterable

from chiron.operations.mock import codes
from chiron.operations.mock.codes import HL7, UCUM, Json, Measure
from chiron.operations.mock.courses import ANEMIA, PRESSURE_HIGH, Course
from chiron.operations.mock.dice import Dice
from chiron.operations.mock.people import Figure
from chiron.operations.mock.visits import Visit

GROWN = 18


def observation(visit: Visit, dice: Dice, measure: Measure, value: float) -> Json:
    """One measured value, with its unit and usual range."""
    return about(visit, dice, measure) | {"valueQuantity": quantity(measure, value)} | usual(measure)


def about(visit: Visit, dice: Dice, measure: Measure) -> Json:
    return {
        "resourceType": "Observation",
        "id": dice.id(),
        "status": "final",
        "category": [{"coding": [{"system": f"{HL7}/observation-category", "code": measure.category}]}],
        "code": measure.term.concept(),
    } | visit.links("effectiveDateTime")


def quantity(measure: Measure, value: float) -> Json:
    rounded = round(value, measure.digits) if measure.digits else round(value)
    return {"value": rounded, "unit": measure.unit, "system": UCUM, "code": measure.unit}


def usual(measure: Measure) -> Json:
    ends = {name: quantity(measure, end) for name, end in (("low", measure.low), ("high", measure.high)) if end}
    return {"referenceRange": [ends]} if ends else {}


def vital_signs(visit: Visit, dice: Dice, figure: Figure, courses: Iterable[Course]) -> list[Json]:
    """Height, weight, body mass index, blood pressure, pulse and temperature, by age and condition."""
    age = figure.age(visit.day)
    grown = min(1.0, 0.3 + 0.7 * age / GROWN)
    height = figure.height * grown
    build = (16 + (figure.build - 16) * max(0.0, grown - 0.3) / 0.7) * dice.around(1, 0.015)
    weight = build * (height / 100) ** 2
    found = [
        observation(visit, dice, codes.HEIGHT, height),
        observation(visit, dice, codes.WEIGHT, weight),
        observation(visit, dice, codes.BMI, build),
        observation(visit, dice, codes.PULSE, dice.around(72 + 45 * (1 - grown), 8)),
        observation(visit, dice, codes.TEMPERATURE, dice.around(36.7, 0.25)),
    ]
    if age >= 10:
        found.append(pressure(visit, dice, age, high=any(course.term.code == PRESSURE_HIGH for course in courses)))
    if age >= 60:
        found += [
            observation(visit, dice, codes.OXYGEN, min(100, dice.around(96.5, 1))),
            observation(visit, dice, codes.BREATHS, dice.around(15, 1.5)),
        ]
    return found


def pressure(visit: Visit, dice: Dice, age: float, *, high: bool) -> Json:
    systolic = dice.around((138 if high else 110) + age / 5, 8)
    diastolic = dice.around(systolic * 0.62, 4)
    parts = [
        {"code": measure.term.concept(), "valueQuantity": quantity(measure, value)}
        for measure, value in ((codes.SYSTOLIC, systolic), (codes.DIASTOLIC, diastolic))
    ]
    return about(visit, dice, codes.SYSTOLIC) | {"code": codes.PRESSURE.concept(), "component": parts}


def blood_count(visit: Visit, dice: Dice, figure: Figure, courses: Iterable[Course]) -> list[Json]:
    """A complete blood count whose values fit each other, with its report."""
    anemic = any(course.term.code == ANEMIA for course in courses)
    hemoglobin = dice.around(10.2 if anemic else 13.6 if figure.female else 15.1, 0.6)
    volume = dice.around(74 if anemic else 90, 2.5)
    hematocrit = hemoglobin * dice.around(2.98, 0.03)
    cells = hematocrit / volume * 10
    values = (
        (codes.HEMOGLOBIN, hemoglobin),
        (codes.HEMATOCRIT, hematocrit),
        (codes.RED_CELLS, cells),
        (codes.MCV, volume),
        (codes.MCH, hemoglobin / cells * 10),
        (codes.MCHC, hemoglobin / hematocrit * 100),
        (codes.RDW, dice.around(16.8 if anemic else 13, 0.6)),
        (codes.WHITE_CELLS, dice.around(7, 1.2)),
        (codes.PLATELETS, dice.around(255, 42)),
    )
    found = [observation(visit, dice, measure, value) for measure, value in values]
    report = {
        "resourceType": "DiagnosticReport",
        "id": dice.id(),
        "status": "final",
        "category": [{"coding": [{"system": f"{HL7}/v2-0074", "code": "LAB", "display": "Laboratory"}]}],
        "code": codes.CBC.concept(),
        "result": [{"reference": f"urn:uuid:{each['id']}"} for each in found],
        "conclusion": "Microcytic anemia." if anemic else "No abnormality of the blood count.",
    } | visit.links("effectiveDateTime")
    return [*found, report]


def follow_up(visit: Visit, dice: Dice, courses: Iterable[Course]) -> list[Json]:
    """What the conditions ask to be measured again, each measure once."""
    wanted = {
        measure.term.code: (measure, mean, spread) for course in courses for measure, mean, spread in course.follows
    }
    return [observation(visit, dice, measure, dice.around(mean, spread)) for measure, mean, spread in wanted.values()]


def smoking(visit: Visit, dice: Dice, answer: codes.Term) -> Json:
    asked = codes.Measure(codes.SMOKING, "", 0, category="social-history")
    return about(visit, dice, asked) | {"valueCodeableConcept": answer.concept()}
