"""What leaves as a file: CSV, NDJSON and Excel say the same rows, and nothing in them is ever computed."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl  # type: ignore[import-untyped]
import pytest

from chiron.screening.sheets import FORMS, Cells, Mark, Name, as_csv, as_lines, as_workbook

AT = datetime(2031, 3, 4, 9, 30, tzinfo=UTC)
MARK = Mark("Hilltop", "hilltop-lab", AT)
ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
COLUMNS = ("id", "at", "risk", "p", "reasons", "released")
ROWS: list[Cells] = [
    (ID, AT, "raised", 0.25, ["age-out-of-range", "pregnant"], True),
    (ID, AT, None, None, [], False),
]


def whole(name: Name, rows: list[Cells] = ROWS) -> bytes:
    return b"".join(FORMS[name].written(MARK, COLUMNS, rows))


def read_back(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def test_csv_has_a_header_and_ends_with_who_took_it_out() -> None:
    lines = list(csv.reader(io.StringIO(whole("csv").decode(), newline="")))

    assert lines == [
        list(COLUMNS),
        [str(ID), "2031-03-04T09:30:00+00:00", "raised", "0.25", "age-out-of-range pregnant", "true"],
        [str(ID), "2031-03-04T09:30:00+00:00", "", "", "", "false"],
        [
            "# organization: Hilltop; exported by: hilltop-lab; exported at: 2031-03-04T09:30:00+00:00; contains: "
            "health data; for the purpose it was exported for, and nobody else; rows: 2"
        ],
    ]


def test_lines_of_json_end_with_who_took_them_out() -> None:
    first, second, last = map(json.loads, whole("ndjson").splitlines())

    assert first == {
        "id": str(ID),
        "at": "2031-03-04T09:30:00+00:00",
        "risk": "raised",
        "p": 0.25,
        "reasons": ["age-out-of-range", "pregnant"],
        "released": True,
    }
    assert (second["risk"], second["p"], second["reasons"]) == (None, None, [])
    assert last["export"] == {
        "organization": "Hilltop",
        "exported_by": "hilltop-lab",
        "exported_at": "2031-03-04T09:30:00+00:00",
        "contains": "health data; for the purpose it was exported for, and nobody else",
        "rows": 2,
    }


def test_a_workbook_has_the_rows_on_one_sheet_and_who_took_them_out_on_another() -> None:
    book = read_back(whole("xlsx"))

    assert book.sheetnames == ["Screenings", "About"]
    assert list(book["Screenings"].values) == [
        COLUMNS,
        (str(ID), "2031-03-04T09:30:00+00:00", "raised", 0.25, "age-out-of-range pregnant", True),
        (str(ID), "2031-03-04T09:30:00+00:00", None, None, None, False),
    ]
    assert dict(book["About"].values) == MARK.said()
    assert "hilltop-lab" in book["Screenings"].oddFooter.left.text


@pytest.mark.parametrize("name", ["csv", "xlsx", "ndjson"])
def test_nothing_to_export_is_a_file_without_rows(name: Name) -> None:
    content = whole(name, [])

    if name == "xlsx":
        assert list(read_back(content)["Screenings"].values) == [COLUMNS]
    else:
        assert b"0" in content.splitlines()[-1]


FORMULAS = ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_text_is_never_a_formula(formula: str) -> None:
    rows: list[Cells] = [(formula, -1.5, None, None, None, None)]

    [_, line, _] = csv.reader(io.StringIO(b"".join(as_csv(MARK, COLUMNS, rows)).decode(), newline=""))
    cell = read_back(b"".join(as_workbook(MARK, COLUMNS, rows)))["Screenings"]["A2"]

    assert line[:2] == [f"'{formula}", "-1.5"]
    assert (cell.data_type, cell.value) == ("s", formula)


def test_a_name_of_an_organization_is_no_formula_either() -> None:
    mark = Mark('=1;"\r\n=2', "=3", AT)

    lines = list(csv.reader(io.StringIO(b"".join(as_csv(mark, COLUMNS, [])).decode(), newline="")))
    about = read_back(b"".join(as_workbook(mark, COLUMNS, [])))["About"]

    assert [line[0][:2] for line in lines] == ["id", "# "]
    assert (about["B1"].data_type, about["B2"].data_type) == ("s", "s")


def test_letters_that_xml_cannot_hold_are_left_out_of_a_workbook() -> None:
    rows: list[Cells] = [("a\x00\x0b<&>\ud800\uffffb" + "x" * 40_000, None, None, None, None, None)]

    value = read_back(b"".join(as_workbook(MARK, COLUMNS, rows)))["Screenings"]["A2"].value

    assert value[:6] == "a<&>bx"
    assert len(value) == 32_767


def test_a_number_that_is_none_is_an_empty_cell() -> None:
    rows: list[Cells] = [(None, None, None, float("nan"), None, None), (None, None, None, float("inf"), None, None)]

    [_, first, second, _] = csv.reader(io.StringIO(b"".join(as_csv(MARK, COLUMNS, rows)).decode(), newline=""))
    lines = list(map(json.loads, b"".join(as_lines(MARK, COLUMNS, rows)).splitlines()))

    assert first == second == [""] * 6
    assert [line["p"] for line in lines[:2]] == [None, None]
    assert list(read_back(b"".join(as_workbook(MARK, COLUMNS, rows)))["Screenings"].values) == [COLUMNS]


@pytest.mark.parametrize("name", ["csv", "xlsx", "ndjson"])
def test_rows_are_written_while_they_are_read(name: Name) -> None:
    read = 0

    def rows() -> Iterator[Cells]:
        nonlocal read
        for read in range(20_000):
            yield (ID, AT, f"{read * 7919 % 20_011}", read / 7, [], None)

    pieces = FORMS[name].written(MARK, COLUMNS, rows())
    next(pieces)
    next(pieces)

    assert read < 10_000


@pytest.mark.parametrize("name", ["csv", "xlsx", "ndjson"])
def test_a_long_export_takes_no_more_memory_than_a_short_one(name: Name) -> None:
    def peak(number: int) -> int:
        tracemalloc.start()
        for _ in FORMS[name].written(MARK, COLUMNS, ((ID, AT, "x", each / 7, [], None) for each in range(number))):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)

    assert peak(4_000) < peak(400) + 300_000


def test_no_workbook_lies_on_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))

    assert whole("xlsx")[:2] == b"PK"
