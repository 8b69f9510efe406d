"""Who is in the clinic: its site, departments and practitioners, and its patients."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from chiron.operations.mock.codes import HL7, Json, Term
from chiron.operations.mock.dice import Dice
from chiron.operations.mock.names import CULTURES, STREETS, TOWNS, Culture

DEPARTMENTS = ("General practice", "Internal medicine", "Paediatrics", "Laboratory")
SPECIALTIES = (
    *("General practice", "General practice", "General practice", "Internal medicine", "Internal medicine"),
    *("Cardiology", "Paediatrics", "Paediatrics"),
)
STRIDE, NUMBERS = 7_919, 900_000  # without a common divisor, so that every patient's number is another
DAYS = 365.2425


@dataclass(frozen=True, slots=True)
class Figure:
    """A made-up patient, as far as the history depends on it."""

    id: str
    resource: Json
    born: date
    female: bool
    height: float  # cm, when grown up
    build: float  # kg/m2, when grown up
    last_day: date

    def age(self, on: date) -> float:
        return (on - self.born).days / DAYS

    @property
    def sex(self) -> str:
        return "female" if self.female else "male"


@dataclass(frozen=True, slots=True)
class Staff:
    """The clinic's own: the resources of its first bundle, and how patients' bundles refer to them."""

    resources: list[Json]
    practitioners: list[str]
    site: str


def system(seed: int, what: str) -> str:
    """The naming system of this clinic's own numbers."""
    return f"urn:chiron:made-up-clinic:{seed}:{what}"


def with_check_digit(number: int) -> str:
    """The number and its check digit (Luhn, ISO/IEC 7812-1, Annex B)."""
    total = 0
    for position, digit in enumerate(reversed(str(number))):
        doubled = int(digit) * (2 - position % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return f"{number}{-total % 10}"


def staff(seed: int) -> Staff:
    """The site with its departments, and a practitioner with a role for each post."""
    dice = Dice(seed, "staff")
    site = place(seed, dice, "site", "Made-up Clinic", Term(f"{HL7}/organization-type", "prov", "Healthcare Provider"))
    resources = [site]
    for number, name in enumerate(DEPARTMENTS, 1):
        kind = Term(f"{HL7}/organization-type", "dept", "Hospital Department")
        resources.append(
            place(seed, dice, f"department-{number}", name, kind) | {"partOf": {"reference": f"urn:uuid:{site['id']}"}}
        )
    links = []
    for number, specialty in enumerate(SPECIALTIES, 1):
        practitioner = practitioner_of(seed, dice, number)
        resources += [practitioner, role_of(dice, practitioner, site, specialty)]
        links.append(f"Practitioner?identifier={system(seed, 'practitioner')}|{number}")
    return Staff(resources, links, f"Organization?identifier={system(seed, 'place')}|site")


def place(seed: int, dice: Dice, value: str, name: str, kind: Term) -> Json:
    return {
        "resourceType": "Organization",
        "id": dice.id(),
        "identifier": [{"system": system(seed, "place"), "value": value}],
        "active": True,
        "type": [kind.concept()],
        "name": name,
    }


def practitioner_of(seed: int, dice: Dice, number: int) -> Json:
    culture, female = dice.one(CULTURES), dice.chance(0.5)
    return {
        "resourceType": "Practitioner",
        "id": dice.id(),
        "identifier": [{"system": system(seed, "practitioner"), "value": str(number)}],
        "active": True,
        "name": names(dice, culture, female, prefix="Dr."),
        "gender": "female" if female else "male",
    }


def role_of(dice: Dice, practitioner: Json, site: Json, specialty: str) -> Json:
    return {
        "resourceType": "PractitionerRole",
        "id": dice.id(),
        "practitioner": {"reference": f"urn:uuid:{practitioner['id']}"},
        "organization": {"reference": f"urn:uuid:{site['id']}"},
        "code": [Term(f"{HL7}/practitioner-role", "doctor", "Doctor").concept()],
        "specialty": [{"text": specialty}],
    }


def names(dice: Dice, culture: Culture, female: bool, prefix: str = "") -> list[Json]:
    """The official name in its own script, and its Latin form where that is another."""
    family = dice.one(culture.families)
    given = [dice.one(culture.women if female else culture.men)]
    own: Json = {"use": "official", "family": family, "given": given}
    written = [own | ({"prefix": [prefix]} if prefix else {})]
    if culture.latin:
        written.append({"use": "usual", "family": culture.in_latin(family), "given": [*map(culture.in_latin, given)]})
    return written


def figure(seed: int, number: int, now: date) -> Figure:
    """The patient of that number, who is the same however many patients the clinic has."""
    dice = Dice(seed, "patient", number)
    culture, female = dice.one(CULTURES), dice.chance(0.52)
    years = dice.one((dice.number(0, 17), dice.number(18, 50), dice.number(40, 70), dice.number(60, 94)))
    born = now - timedelta(days=int(years * DAYS) + dice.number(20, 364))
    died = years > 70 and dice.chance(0.12)
    last_day = now - timedelta(days=dice.number(30, 700)) if died else now
    patient_id = dice.id()
    resource = {
        "resourceType": "Patient",
        "id": patient_id,
        "identifier": [
            {
                "use": "official",
                "type": Term(f"{HL7}/v2-0203", "MR", "Medical record number").concept(),
                "system": system(seed, "mrn"),
                "value": with_check_digit(100_000 + number * STRIDE % NUMBERS),
            }
        ],
        "active": True,
        "name": names(dice, culture, female),
        "telecom": contacts(dice, years),
        "gender": "female" if female else "male",
        "birthDate": birth_date(dice, born, years),
        "address": [address(dice)],
        "communication": [
            {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": culture.language}]}, "preferred": True}
        ],
    } | ({"deceasedDateTime": last_day.isoformat()} if died else {})
    height = dice.around(164 if female else 177, 6.5)
    return Figure(patient_id, resource, born, female, height, max(17.5, dice.around(26, 4)), last_day)


def birth_date(dice: Dice, born: date, years: int) -> str:
    """Of a few old people only the year or the month is known."""
    known = dice.number(1, 40) if years > 60 else 40
    return born.isoformat()[: {1: 4, 2: 7}.get(known, 10)]


def contacts(dice: Dice, years: int) -> list[Json]:
    phone = f"555-01{dice.number(0, 99):02d}"  # reserved for fiction
    found: list[dict[str, Any]] = [{"system": "phone", "value": phone, "use": "home"}]
    if years > 15 and dice.chance(0.6):
        found.append({"system": "email", "value": f"{dice.id()[:8]}@patients.example"})
    return found


def address(dice: Dice) -> Json:
    town, code = dice.one(TOWNS)
    line = f"{dice.number(1, 180)} {dice.one(STREETS)}"
    return {"use": "home", "line": [line], "city": town, "postalCode": code, "country": "XA"}
