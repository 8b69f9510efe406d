"""About whom a blood count is: an age in completed years, and a sex. Pure, but for the patient's row."""

from datetime import date

from chiron.kernel.errors import Invalid, invalid
from chiron.registry.public import BirthDate, Patient, Precision, Sex


def person_of(patient: Patient | None, age: int | None, sex: str | None, today: date) -> tuple[int, str]:
    """Age and sex, of a patient as the registry has them: what was said besides must agree with it.

    Of a birth date that is known in part, the age that is certainly completed, unless one is given that it allows.
    Raises Invalid for what contradicts, and for what neither the registry nor the caller says.
    """
    born = _born(patient)
    if born is not None:
        youngest, oldest = years(born.last, today), years(born.first, today)
        if age is not None and not youngest <= age <= oldest:
            raise invalid("is not the patient's age", "body", "age")
        age = max(youngest, 0) if age is None else age
    if patient is not None and patient.sex != Sex.UNKNOWN:
        if sex not in (None, patient.sex):
            raise invalid("is not the patient's sex", "body", "sex")
        sex = patient.sex
    missing = [name for name, value in (("age", age), ("sex", sex)) if value is None]
    if age is None or sex is None:
        raise Invalid(errors=[{"loc": ["body", name], "msg": "is required"} for name in missing])
    return age, sex


def years(born: date, on: date) -> int:
    """Completed years; who was born on February 29 is a year older on March 1."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _born(patient: Patient | None) -> BirthDate | None:
    if patient is None or patient.birth_date is None:
        return None
    return BirthDate(patient.birth_date, Precision(patient.birth_precision))
