"""Rows on their way out, as CSV, lines of JSON or an Excel workbook: written while they are read, never on a disk.

Each form says who took the rows out, when and of which organization. The line that says so comes last in CSV and
NDJSON and counts the rows, so that a file which broke off on its way is told from a whole one; a workbook that broke
off does not open.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Literal, TypeAlias
from uuid import UUID

import orjson

from chiron.kernel.spreadsheets import inert
from chiron.screening.workbook import write_workbook

Name = Literal["csv", "xlsx", "ndjson"]
Cell: TypeAlias = "str | int | float | bool | datetime | UUID | list[str] | None"
Cells: TypeAlias = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Mark:
    """Who takes rows out, when, and of which organization; it travels with them."""

    organization: str
    account: str
    at: datetime

    def said(self) -> dict[str, str]:
        """For people, in the order in which it is read."""
        return {
            "organization": self.organization,
            "exported by": self.account,
            "exported at": self.at.isoformat(timespec="seconds"),
            "contains": "health data; for the purpose it was exported for, and nobody else",
        }


def as_csv(mark: Mark, columns: Sequence[str], rows: Iterable[Cells]) -> Iterator[bytes]:
    """RFC 4180 in UTF-8 with a header; what a spreadsheet would compute stands behind an apostrophe."""
    number = 0
    yield _line(columns)
    for row in rows:
        number += 1
        yield _line([_text(cell) for cell in row])
    yield _line(["# " + "; ".join(f"{name}: {value}" for name, value in mark.said().items()) + f"; rows: {number}"])


def as_lines(mark: Mark, columns: Sequence[str], rows: Iterable[Cells]) -> Iterator[bytes]:
    """One JSON object a line; the last is `{"export": …}`."""
    number = 0
    for row in rows:
        number += 1
        yield orjson.dumps(dict(zip(columns, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE)
    said = {name.replace(" ", "_"): value for name, value in mark.said().items()}
    yield orjson.dumps({"export": {**said, "rows": number}}, option=orjson.OPT_APPEND_NEWLINE)


def as_workbook(mark: Mark, columns: Sequence[str], rows: Iterable[Cells]) -> Iterator[bytes]:
    """An Excel workbook: the rows on one sheet, who took them out on another. Text in it is never a formula."""
    yield from write_workbook("Screenings", columns, ([_shown(cell) for cell in row] for row in rows), mark.said())


@dataclass(frozen=True, slots=True)
class Form:
    """How rows are written, what the answer calls it, and how the file ends."""

    written: Callable[[Mark, Sequence[str], Iterable[Cells]], Iterator[bytes]]
    content_type: str
    ending: str


FORMS: dict[Name, Form] = {
    "csv": Form(as_csv, "text/csv; charset=utf-8", "csv"),
    "xlsx": Form(as_workbook, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    "ndjson": Form(as_lines, "application/x-ndjson", "ndjson"),
}


def _shown(cell: Cell) -> str | float | bool | None:
    """What a sheet keeps as a number stays one; everything else is text."""
    match cell:
        case None | bool() | int():
            return cell
        case float():
            return cell if isfinite(cell) else None
        case datetime():
            return cell.isoformat()
        case list():
            return " ".join(cell)
        case _:
            return str(cell)


def _text(cell: Cell) -> str:
    shown = _shown(cell)
    match shown:
        case None:
            return ""
        case bool():
            return "true" if shown else "false"
        case str():
            return inert(shown)
        case _:
            return repr(shown)


def _line(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
