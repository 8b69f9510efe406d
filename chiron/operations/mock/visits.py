"""Visits: when a patient comes, to whom, and what is written down about it."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from chiron.operations.mock import codes
from chiron.operations.mock.codes import HL7, Json
from chiron.operations.mock.courses import Course
from chiron.operations.mock.dice import Dice
from chiron.operations.mock.people import Figure, Staff

YEARS_BACK = 6
COMPLAINTS = (
    "a cough for a week",
    "pain in the lower back",
    "a sore throat",
    "tiredness for some weeks",
    "dizziness on standing up",
    "an itching rash on the arms",
)
FINDINGS = (
    "Lungs clear, heart sounds regular.",
    "Abdomen soft, no tenderness.",
    "Throat slightly red, no swollen glands.",
    "Muscles of the lower back tense, no signs of nerve involvement.",
)
PLANS = ("Rest and fluids; come back if it lasts.", "Watch and wait.", "Laboratory was drawn.", "Next check in a year.")


@dataclass(frozen=True, slots=True)
class Visit:
    """One encounter of a patient."""

    day: date
    start: str
    end: str
    patient: str
    encounter: str
    practitioner: str
    complaint: str
    """Empty at a check-up."""

    def links(self, when: str) -> Json:
        """What every resource of this visit has in common."""
        return {
            "subject": {"reference": self.patient},
            "encounter": {"reference": f"urn:uuid:{self.encounter}"},
            when: self.start,
            "performer": [{"reference": self.practitioner}],
        }

    def is_check_up(self) -> bool:
        return not self.complaint


def visits(dice: Dice, figure: Figure, staff: Staff) -> Iterator[Visit]:
    """The visits of the last years, the earliest first: check-ups, and now and then a complaint."""
    day = max(figure.born + timedelta(days=14), figure.last_day - timedelta(days=365 * YEARS_BACK))
    usual_practitioner = dice.one(staff.practitioners)
    while True:
        years = figure.age(day)
        day += timedelta(days=dice.number(25, 90) if years < 2 else dice.number(120, 420))
        if day >= figure.last_day:
            return
        hour, minute = dice.number(8, 16), dice.one((0, 15, 30, 45))
        yield Visit(
            day=day,
            start=f"{day.isoformat()}T{hour:02d}:{minute:02d}:00+01:00",
            end=f"{day.isoformat()}T{hour:02d}:{minute + 14:02d}:00+01:00",
            patient=f"urn:uuid:{figure.id}",
            encounter=dice.id(),
            practitioner=usual_practitioner if dice.chance(0.8) else dice.one(staff.practitioners),
            complaint="" if dice.chance(0.6) else dice.one(COMPLAINTS),
        )


def encounter(visit: Visit, staff: Staff) -> Json:
    return {
        "resourceType": "Encounter",
        "id": visit.encounter,
        "status": "finished",
        "class": {"system": f"{HL7}/v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "type": [(codes.CHECK_UP if visit.is_check_up() else codes.COMPLAINT).concept()],
        "subject": {"reference": visit.patient},
        "participant": [{"individual": {"reference": visit.practitioner}}],
        "period": {"start": visit.start, "end": visit.end},
        "serviceProvider": {"reference": staff.site},
    } | ({"reasonCode": [{"text": visit.complaint}]} if visit.complaint else {})


def note(visit: Visit, dice: Dice, courses: Sequence[Course]) -> Json:
    """The progress note of a visit, as attached plain text."""
    came = "Comes for the yearly check-up." if visit.is_check_up() else f"Comes with {visit.complaint}."
    known = [f"Known: {', '.join(course.term.words for course in courses)}."] if courses else []
    text = "\n".join([came, *known, dice.one(FINDINGS), *(course.remark for course in courses), dice.one(PLANS)])
    data = b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "id": dice.id(),
        "status": "current",
        "type": codes.NOTE.concept(),
        "subject": {"reference": visit.patient},
        "date": visit.end,
        "author": [{"reference": visit.practitioner}],
        "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": data}}],
        "context": {"encounter": [{"reference": f"urn:uuid:{visit.encounter}"}]},
    }
