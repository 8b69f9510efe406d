"""Units of UCUM, and numbers from one into another (REC-09)."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chiron.records.ucum import convert, is_unit

GLUCOSE = Decimal("180.156")  # g/mol


@pytest.mark.parametrize(
    "code", ["mg/dL", "mm[Hg]", "10*9/L", "%{HbA1c}", "{cells}/uL", "[pH]", "/100{WBC}", "1", "Cel"]
)
def test_these_are_units(code: str) -> None:
    assert is_unit(code)


@pytest.mark.parametrize("code", ["", "mmHg", "banana", "mg//dL", "°C", "mg dL", "x\x00", "((g)", "g" * 64])
def test_these_are_none(code: str) -> None:
    assert not is_unit(code)


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        ("5.5", "mmol/L", "umol/L", "5500"),
        ("7.20", "mg/dL", "g/L", "0.072"),
        ("7.2", "10*9/L", "10*3/uL", "7.2"),
        ("120", "mm[Hg]", "kPa", "15.9986864898"),
        ("7.2", "U/L", "ukat/L", "0.12"),
        ("37.0", "Cel", "[degF]", "98.6"),
        ("98.6", "[degF]", "Cel", "37"),
        ("7.2", "{cells}/uL", "/L", "7200000"),
        ("7.2", "/100{WBC}", "%", "7.2"),
        ("24", "g/(24.h)", "g/d", "24"),
        ("1", "{#}/{platelet}", "1", "1"),
        ("7.4", "[pH]", "[pH]", "7.4"),
    ],
)
def test_a_value_is_the_same_in_another_unit(value: str, source: str, target: str, expected: str) -> None:
    assert convert(Decimal(value), source, target) == Decimal(expected)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("mg/dL", "mmol/L"), ("g/24.h", "g/d"), ("Cel", "g/L"), ("[pH]", "1"), ("B[SPL]", "1"), ("nonsense", "g"),
        ("g", "nonsense"), ("10*999999999", "1"), ("g2222222222", "g"), ("mg/dL", ""),
    ],
)  # fmt: skip
def test_what_measures_something_else_is_not_converted(source: str, target: str) -> None:
    assert convert(Decimal(1), source, target) is None


def test_a_molar_mass_turns_mass_into_amount_and_back_and_nothing_else() -> None:
    assert convert(Decimal(100), "mg/dL", "mmol/L", GLUCOSE) == Decimal("5.55074490996692")
    assert convert(Decimal("5.5"), "mmol/L", "mg/dL", GLUCOSE) == Decimal("99.0858")
    assert convert(Decimal(1), "Cel", "mmol/L", GLUCOSE) is None


SAME = st.sampled_from(["g/L", "mg/dL", "ug/mL", "ng/dL", "kg/m3", "pg/fL"])


@settings(deadline=None)
@given(st.decimals("0.001", "99999", places=3), SAME, SAME)
def test_there_and_back_is_the_same_number(value: Decimal, source: str, target: str) -> None:
    there = convert(value, source, target)

    assert there is not None
    assert convert(there, target, source) == value


@settings(deadline=None)  # the first one loads the table
@given(st.text(max_size=20) | st.text("mgdL/.()[]{}10*-9", max_size=20))
def test_no_text_breaks_the_table(text: str) -> None:
    is_unit(text)
    convert(Decimal(1), text, "g/L")
    convert(Decimal(1), "g/L", text)


def test_the_grammar_is_read_once_and_not_for_every_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    is_unit("g/dL")
    monkeypatch.setattr("ucumvert.get_ucum_parser", lambda: pytest.fail("read again"))
    monkeypatch.setattr("ucumvert.parser.get_ucum_parser", lambda: pytest.fail("read again"))

    assert [is_unit("fL"), is_unit("mmHg")] == [True, False]
