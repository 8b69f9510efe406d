"""What a count may be sent as, and what is refused."""

from decimal import Decimal
from math import isnan

import pytest

from chiron.laboratory.rules import is_loinc
from chiron.screening.blood.analytes import ANALYTES, NAME_BY_LOINC, RDW_SD
from chiron.screening.blood.features import FEATURES, features_of
from chiron.screening.blood.reading import CountRefused, Measured, _possible, read_count

GIVEN = {
    "hemoglobin": ("13.5", "g/dL"), "hematocrit": ("40.5", "%"), "rbc": ("4.5", "10*6/uL"), "mcv": ("90", "fL"),
    "mch": ("30", "pg"), "mchc": ("33.3", "g/dL"), "rdw": ("13.2", "%"), "wbc": ("6.7", "10*3/uL"),
    "platelets": ("250", "10*3/uL"),
}  # fmt: skip
DIFFERENTIAL = {
    "neutrophils": ("60", "%"), "lymphocytes": ("28", "%"), "monocytes": ("8", "%"), "eosinophils": ("3", "%"),
    "basophils": ("1", "%"),
}  # fmt: skip


def count_of(**changed: tuple[str, str]) -> dict[str, Measured]:
    return {name: Measured(Decimal(value), unit) for name, (value, unit) in (GIVEN | changed).items()}


def refused(given: dict[str, Measured]) -> list[tuple[str, str]]:
    with pytest.raises(CountRefused) as refusal:
        read_count(given)
    return refusal.value.errors


def test_a_count_in_canonical_units_is_read_as_it_is() -> None:
    assert read_count(count_of(**DIFFERENTIAL)) == {
        "hemoglobin": 13.5, "hematocrit": 40.5, "rbc": 4.5, "mcv": 90, "mch": 30, "mchc": 33.3, "rdw": 13.2,
        "wbc": 6.7, "platelets": 250, "neutrophils": 60, "lymphocytes": 28, "monocytes": 8, "eosinophils": 3,
        "basophils": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "unit", "canonical"),
    [
        ("hemoglobin", "135", "g/L", 13.5),
        ("hemoglobin", "8.4", "mmol/L", 13.53618),
        ("hematocrit", "0.405", "L/L", 40.5),
        ("rbc", "4.5", "10*12/L", 4.5),
        ("mcv", "90", "um3", 90),
        ("mch", "1.86", "fmol", 29.97297),
        ("mchc", "333", "g/L", 33.3),
        ("mchc", "20.7", "mmol/L", 33.357015),
        ("rdw", "0.132", "1", 13.2),
        ("wbc", "6700", "/uL", 6.7),
        ("wbc", "6.7", "10*9/L", 6.7),
        ("platelets", "250000", "/uL", 250),
        ("neutrophils", "4.02", "10*9/L", 60),
        ("neutrophils", "4020", "/uL", 60),
        ("neutrophils", "0.6", "1", 60),
    ],
)
def test_every_unit_is_turned_into_the_canonical_one(name: str, value: str, unit: str, canonical: float) -> None:
    assert read_count(count_of(**DIFFERENTIAL | {name: (value, unit)}))[name] == canonical


def test_a_line_may_be_named_by_its_loinc_code() -> None:
    given = count_of()
    by_code = {ANALYTES[name].loincs[0]: measured for name, measured in given.items()}

    assert read_count(by_code) == read_count(given)
    assert len(NAME_BY_LOINC) == sum(len(each.loincs) for each in ANALYTES.values())


def test_every_missing_line_is_named_at_once() -> None:
    assert refused({"mcv": Measured(Decimal(90), "fL")}) == [
        (name, "is missing") for name in ("hemoglobin", "hematocrit", "rbc", "mch", "mchc", "rdw", "wbc", "platelets")
    ]


@pytest.mark.parametrize("unit", ["", "g/dl", "mg/dL", "mmol", "%"])
def test_another_unit_is_refused_with_those_that_are_taken(unit: str) -> None:
    assert refused(count_of(hemoglobin=("13.5", unit))) == [
        ("hemoglobin", "must come in one of these UCUM units: g/dL, g/L, mmol/L.")
    ]


def test_the_width_as_a_standard_deviation_is_refused() -> None:
    said = "RDW-SD, in fL, is another measure and cannot stand for it."
    coded = count_of()
    coded["21000-5"] = Measured(Decimal(43), "fL")

    assert refused(count_of(rdw=("43", "fL"))) == [("rdw", f"must come in one of these UCUM units: %, 1. {said}")]
    assert refused(coded) == [("rdw", f"must be the coefficient of variation. {said}")]


def test_cells_of_a_differential_need_a_leukocyte_count_that_can_be_read() -> None:
    told = "must come in one of these UCUM units: %, 1, 10*3/uL, 10*9/L, /uL."

    assert ("neutrophils", told) in refused(count_of(wbc=("0", "10*3/uL"), neutrophils=("4", "10*9/L")))
    without = count_of(neutrophils=("4", "10*9/L"))
    del without["wbc"]
    assert refused(without) == [("wbc", "is missing"), ("neutrophils", told)]
    assert read_count(count_of(wbc=("0.8", "10*3/uL"), neutrophils=("0.4", "10*9/L")))["neutrophils"] == 50


def test_what_is_no_line_of_a_count_is_refused_without_saying_it_again() -> None:
    given = count_of() | {"Vilma Räsänen": Measured(Decimal(1), "g/dL")}

    assert refused(given) == [("cbc", "has a line that is neither an analyte of a blood count nor its LOINC code")]


def test_a_line_by_its_name_and_by_its_code_is_refused() -> None:
    assert refused(count_of() | {"718-7": Measured(Decimal("13.5"), "g/dL")}) == [("hemoglobin", "is there twice")]


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("hemoglobin", 1.5, 26), ("hematocrit", 5, 80), ("rbc", 0.5, 9.5), ("mcv", 42, 160), ("mch", 10, 58),
        ("mchc", 20, 45), ("rdw", 8, 45), ("wbc", 0.1, 500), ("platelets", 1, 3000),
        *((name, 0, 100) for name in DIFFERENTIAL),
    ],
)  # fmt: skip
def test_at_its_limits_themselves_a_value_is_possible(name: str, low: float, high: float) -> None:
    assert (ANALYTES[name].low, ANALYTES[name].high) == (low, high)
    assert [_possible(name, value) for value in (low - 0.001, low, high, high + 0.001)] == [False, True, True, False]


def test_each_code_has_the_check_digit_of_loinc() -> None:
    assert [code for code in (*NAME_BY_LOINC, *RDW_SD) if not is_loinc(code)] == []


@pytest.mark.parametrize("name", list(GIVEN))
def test_values_outside_of_what_is_possible_are_refused_by_field(name: str) -> None:
    about = ANALYTES[name]
    for impossible in (about.low * 0.99 - 0.001, about.high * 1.01):
        errors = refused(count_of(**{name: (str(impossible), about.unit)}))

        assert [field for field, _ in errors] == [name]


def test_numbers_that_contradict_each_other_are_refused_with_the_names_of_the_pair() -> None:
    assert [field for field, _ in refused(count_of(mcv=("93.1", "fL")))] == ["mcv,hematocrit,rbc"]
    assert [field for field, _ in refused(count_of(mch=("31.1", "pg")))] == ["mch,hemoglobin,rbc"]
    assert [field for field, _ in refused(count_of(mchc=("34.9", "g/dL")))] == ["mchc,hemoglobin,hematocrit"]


def test_numbers_that_agree_up_to_rounding_are_taken() -> None:
    assert read_count(count_of(mcv=("93", "fL"), mch=("31", "pg"), mchc=("34.8", "g/dL")))["mcv"] == 93


@pytest.mark.parametrize(("mchc", "taken"), [("32.24", False), ("32.25", True), ("35.25", True), ("35.26", False)])
def test_a_concentration_may_be_off_by_just_its_tolerance(mchc: str, taken: bool) -> None:
    given = count_of(hematocrit=("40", "%"), mcv=("88.9", "fL"), mchc=(mchc, "g/dL"))

    if taken:
        assert read_count(given)["mchc"] == float(mchc)
    else:
        assert [field for field, _ in refused(given)] == ["mchc,hemoglobin,hematocrit"]


@pytest.mark.parametrize(("neutrophils", "taken"), [("57.9", False), ("58", True), ("62", True), ("62.1", False)])
def test_a_whole_differential_sums_to_a_hundred(neutrophils: str, taken: bool) -> None:
    given = count_of(**DIFFERENTIAL | {"neutrophils": (neutrophils, "%")})

    if taken:
        assert read_count(given)["neutrophils"] == float(neutrophils)
    else:
        assert refused(given) == [
            ("neutrophils,lymphocytes,monocytes,eosinophils,basophils", "the differential does not sum to 98-102 %")
        ]


def test_a_part_of_a_differential_may_be_less_than_a_hundred_and_not_more() -> None:
    assert read_count(count_of(neutrophils=("60", "%")))["neutrophils"] == 60
    assert len(refused(count_of(neutrophils=("60", "%"), lymphocytes=("43", "%")))) == 1


def test_what_was_not_measured_is_no_number_to_a_model() -> None:
    row = features_of(read_count(count_of(lymphocytes=("28", "%"))), 44, "female")

    assert FEATURES[9:11] + FEATURES[-2:] == ("neutrophils", "lymphocytes", "age", "sex")
    assert row[:9] == (13.5, 40.5, 4.5, 90, 30, 33.3, 13.2, 6.7, 250)
    assert isnan(row[9])
    assert row[10] == 28
    assert row[-2:] == (44, 1)
    assert isnan(features_of(read_count(count_of()), 44, "other")[-1])
