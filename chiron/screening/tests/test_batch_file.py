"""Blood counts in a file: what is understood, and what is refused by line and field without saying what was there."""

from collections.abc import Iterator
from decimal import Decimal
from time import monotonic
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.kernel.errors import Invalid
from chiron.screening.batch_file import Row, rows_of
from chiron.screening.blood.analytes import ANALYTES
from chiron.screening.blood.reading import Measured, read_count

PATIENT = "01890a5d-ac96-774b-bcce-b302099a8057"
COUNT = {
    "hemoglobin": "13.5", "hematocrit": "40.5", "rbc": "4.5", "mcv": "90", "mch": "30", "mchc": "33.3", "rdw": "13.1",
    "wbc": "6.2", "platelets": "250",
}  # fmt: skip
HEADER = ["age", "sex", *(f"{name} [{ANALYTES[name].unit}]" for name in COUNT)]
CELLS = ["45", "female", *COUNT.values()]


def text_of(*rows: list[str], divider: str = ",", end: str = "\r\n") -> bytes:
    return "".join(divider.join(row) + end for row in rows).encode()


def read(content: bytes) -> list[Row]:
    return list(rows_of([content]))


def refused(content: bytes) -> list[tuple[str | int, str]]:
    with pytest.raises(Invalid) as refusal:
        read(content)
    return [(fault["loc"][-1], fault["msg"]) for fault in refusal.value.errors]


def test_a_row_is_a_count_with_age_and_sex() -> None:
    [row] = read(text_of(HEADER, CELLS))

    assert (row.line, row.errors, row.age, row.sex, row.patient_id) == (2, [], 45, "female", None)
    assert row.cbc["hemoglobin"] == Measured(Decimal("13.5"), "g/dL")
    assert read_count(row.cbc)["platelets"] == 250.0
    assert (row.pregnant, row.treated_with_b12) == (False, False)


@pytest.mark.parametrize("divider", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_files_of_other_programs_say_the_same(divider: str, end: str, mark: bytes) -> None:
    content = mark + text_of(HEADER, CELLS, divider=divider, end=end)

    assert read(content) == read(text_of(HEADER, CELLS))


def test_a_file_arrives_in_pieces_of_any_size() -> None:
    content = text_of([*HEADER, "pregnant"], [*CELLS, "no"], [*CELLS, "yes"])

    rows = list(rows_of(bytes([each]) for each in content))

    assert [(row.line, row.pregnant) for row in rows] == [(2, False), (3, True)]


def test_an_analyte_goes_by_its_loinc_code_and_has_its_unit_anywhere() -> None:
    header = ["Patient ID", "specimen_id", "718-7 (g/L)", "Hematocrit [L/L]", "rbc", "RBC_unit", *HEADER[5:]]
    cells = [PATIENT.upper(), PATIENT, "135", "0.405", "4.5", "10*12/L", *CELLS[5:]]

    [row] = read(text_of(header, cells))

    assert (row.patient_id, row.specimen_id) == (UUID(PATIENT), UUID(PATIENT))
    assert row.cbc["hemoglobin"] == Measured(Decimal(135), "g/L")
    assert row.cbc["rbc"] == Measured(Decimal("4.5"), "10*12/L")
    assert read_count(row.cbc)["hematocrit"] == 40.5


def test_a_comma_is_a_point_only_where_it_divides_nothing() -> None:
    [row] = read(text_of(HEADER, [*CELLS[:2], "13,5", *CELLS[3:]], divider=";"))
    [quoted] = read(text_of(HEADER, [*CELLS[:2], '"13,5"', *CELLS[3:]]))

    assert row.cbc["hemoglobin"].value == Decimal("13.5")
    assert quoted.errors == [("hemoglobin", "is not a number")]


def test_what_was_not_measured_is_absent() -> None:
    [row] = read(text_of([*HEADER, "neutrophils [%]"], [*CELLS, ""]))

    assert "neutrophils" not in row.cbc
    assert row.errors == []


@pytest.mark.parametrize(
    "cell", ["<13", "1e9", "13.5 g/dL", "NaN", "-", "0x10", "١٣", "1_3", "=1+1", "9" * 10, "1.2.3", "1,234.5"]
)
def test_what_is_no_number_is_said_by_line_and_field_and_not_repeated(cell: str) -> None:
    [good, bad] = read(text_of(HEADER, CELLS, [*CELLS[:2], f'"{cell}"', *CELLS[3:]]))

    assert good.errors == []
    assert (bad.line, bad.errors) == (3, [("hemoglobin", "is not a number")])


def test_every_mistake_of_a_row_is_said_at_once() -> None:
    header = [*HEADER, "patient_id", "pregnant", "wbc_unit"]
    header[header.index("wbc [10*3/uL]")] = "wbc"
    cells = ["forty", "woman", "low", *CELLS[3:], "Mensah", "perhaps", ""]

    [row] = read(text_of(header, cells))

    assert sorted(row.errors) == [
        ("age", "is not a number of whole years"),
        ("hemoglobin", "is not a number"),
        ("patient_id", "is not an id"),
        ("pregnant", "is neither yes nor no"),
        ("sex", "is none of female, male, other and unknown"),
        ("wbc", "has no unit"),
    ]


def test_a_row_of_another_length_is_a_mistake_of_that_row() -> None:
    rows = read(text_of(HEADER, CELLS[:-1], [*CELLS, ""], CELLS))

    assert [row.errors for row in rows] == [
        [("row", "has 10 cells, and the header 11")],
        [("row", "has 12 cells, and the header 11")],
        [],
    ]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    empty, spread = [""] * len(CELLS), [CELLS[0], '"female\n"', *CELLS[2:]]

    rows = read(text_of(HEADER, empty, CELLS, spread, CELLS))

    assert [row.line for row in rows] == [3, 4, 6]


def test_a_header_that_is_not_understood_is_refused_by_its_columns() -> None:
    wrong = [
        "name",
        "age",
        "sex",
        "hemoglobin [mg]",
        "rbc",
        "monocytes_unit",
        "wbc [10*3/uL]",
        "wbc [/uL]",
        *HEADER[5:9],
    ]

    assert refused(text_of(wrong, CELLS)) == [
        (1, "is not a column of a batch, or is there twice"),
        (8, "is not a column of a batch, or is there twice"),
        ("hemoglobin", "must come in one of these UCUM units: g/dL, g/L, mmol/L."),
        ("hematocrit", "is missing"),
        ("rbc", "has no unit: call it `rbc [10*6/uL]` or add `rbc_unit`"),
        ("platelets", "is missing"),
        ("monocytes", "has a unit and no values"),
    ]


def test_whose_count_it_is_must_be_told_by_a_patient_or_by_age_and_sex() -> None:
    assert refused(text_of(HEADER[1:], CELLS[1:])) == [
        ("patient_id", "is missing, and so are specimen_id, or age and sex")
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (text_of(HEADER), "has no rows below its header"),
        (b"," * 1_000_000 + b"\n1", "has more than 100 columns"),
        (text_of(HEADER, CELLS).replace(b"female", b"f\xe9male"), "is not text in UTF-8"),
        (text_of(HEADER, CELLS).decode().encode("utf-16"), "is not text in UTF-8"),
        (text_of(HEADER, CELLS, ['"45', *CELLS[1:]]), "look for quotes that do not close"),
        (text_of(HEADER, ['"' + "x" * 200_000, *CELLS[1:]]), "look for quotes that do not close"),
        (text_of(HEADER, ['"4"5', *CELLS[1:]]), "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(content: bytes, said: str) -> None:
    [(place, message)] = refused(content)

    assert place == "file"
    assert said in message


def test_a_file_of_more_rows_than_are_taken_is_refused() -> None:
    content = text_of(HEADER, CELLS, CELLS, CELLS)

    assert len(list(rows_of([content], at_most=3))) == 3
    with pytest.raises(Invalid) as refusal:
        list(rows_of([content], at_most=2))

    assert refusal.value.errors == [{"loc": ["body", "file"], "msg": "has more than 2 rows"}]


def test_a_long_heading_is_looked_at_no_further() -> None:
    long = "a" + " " * 100_000 + "b"
    before = monotonic()

    assert (1, "is not a column of a batch, or is there twice") in refused(text_of([long, *HEADER], ["", *CELLS]))

    assert monotonic() - before < 2


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b",,,\n1,2,3"])
def test_what_is_no_table_is_refused(content: bytes) -> None:
    assert refused(content)


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_whatever_is_sent_is_read_or_refused(pieces: list[bytes]) -> None:
    def whole() -> Iterator[bytes]:
        yield text_of(HEADER)
        yield from pieces

    try:
        rows = list(rows_of(whole()))
    except Invalid:
        return
    assert all(row.line > 1 for row in rows)
