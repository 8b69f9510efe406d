"""About whom a count is: what the registry knows, what is said besides, and what neither says."""

from datetime import date

import pytest

from chiron.kernel.errors import Invalid
from chiron.registry.public import Patient, Precision, Sex
from chiron.screening.persons import person_of, years

TODAY = date(2031, 3, 3)


def patient(born: date | None = None, precision: Precision = Precision.DAY, sex: Sex = Sex.FEMALE) -> Patient:
    """Somebody of the registry, not saved."""
    return Patient(birth_date=born, birth_precision=precision, sex=sex)


@pytest.mark.parametrize(
    ("born", "on", "completed"),
    [
        (date(1964, 3, 3), TODAY, 67),
        (date(1964, 3, 4), TODAY, 66),
        (date(1964, 3, 2), TODAY, 67),
        (date(1964, 2, 29), date(2031, 2, 28), 66),
        (date(1964, 2, 29), date(2031, 3, 1), 67),
    ],
)
def test_a_year_is_completed_on_the_birthday(born: date, on: date, completed: int) -> None:
    assert years(born, on) == completed


@pytest.mark.parametrize("age", [None, 67])
def test_of_a_patient_the_registry_knows_age_and_sex(age: int | None) -> None:
    assert person_of(patient(date(1964, 3, 3)), age, None, TODAY) == (67, "female")
    assert person_of(patient(date(1964, 3, 3)), age, "female", TODAY) == (67, "female")


@pytest.mark.parametrize(("said", "age"), [(None, 66), (66, 66), (67, 67)])
def test_of_a_year_of_birth_the_age_that_is_certain_or_one_that_it_allows(said: int | None, age: int) -> None:
    assert person_of(patient(date(1964, 1, 1), Precision.YEAR), said, None, TODAY) == (age, "female")


def test_who_is_born_in_a_year_that_goes_on_is_no_younger_than_none() -> None:
    assert person_of(patient(date(2031, 1, 1), Precision.YEAR), None, None, TODAY) == (0, "female")


@pytest.mark.parametrize(
    ("of", "age", "sex", "fields"),
    [
        (patient(date(1964, 3, 3)), 66, None, ["age"]),
        (patient(date(1964, 3, 3)), 68, None, ["age"]),
        (patient(date(1964, 1, 1), Precision.YEAR), 65, None, ["age"]),
        (patient(date(1964, 1, 1), Precision.YEAR), 68, None, ["age"]),
        (patient(date(1964, 3, 3)), None, "male", ["sex"]),
        (patient(), None, None, ["age"]),
        (patient(date(1964, 3, 3), sex=Sex.UNKNOWN), None, None, ["sex"]),
        (None, None, "female", ["age"]),
        (None, 67, None, ["sex"]),
        (None, None, None, ["age", "sex"]),
    ],
)
def test_what_contradicts_the_registry_or_is_said_by_nobody_is_named(
    of: Patient | None, age: int | None, sex: str | None, fields: list[str]
) -> None:
    with pytest.raises(Invalid) as refusal:
        person_of(of, age, sex, TODAY)

    assert [fault["loc"] for fault in refusal.value.errors] == [["body", field] for field in fields]


def test_what_the_registry_does_not_know_is_taken_as_it_is_said() -> None:
    assert person_of(patient(sex=Sex.UNKNOWN), 67, "male", TODAY) == (67, "male")
    assert person_of(None, 0, "other", TODAY) == (0, "other")
