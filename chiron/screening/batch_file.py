"""Blood counts in a file of comma-separated values: read row by row, and refused by line and field, never by value.

The first row names the columns. An analyte goes by its name or a LOINC code, with its unit behind it in brackets
(`hemoglobin [g/dL]`, `718-7 (g/L)`) or in a column of its own (`hemoglobin_unit`). Beside them there are `patient_id`,
`specimen_id`, `age`, `sex`, `pregnant` and `treated_with_b12`, and nothing else: what a screening does not need is not
sent. Columns are divided by commas, semicolons, tabs or bars, and a number has a point or a comma before its fraction;
a `Layout` says which. Where it does not, what divides is what the header has most of (read with another it would not be
understood), and a comma may stand for a point where it divides nothing.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from uuid import UUID

from typing_extensions import Buffer, override

from chiron.kernel.errors import Fault, Invalid
from chiron.screening.blood.analytes import ANALYTES, NAME_BY_LOINC, Analyte
from chiron.screening.blood.reading import Measured
from chiron.screening.words import DecimalMark, Delimiter

MOST_ROWS = 20_000
MOST_COLUMNS, LONGEST_HEADING = 100, 100
DIVIDERS = {Delimiter.COMMA: ",", Delimiter.SEMICOLON: ";", Delimiter.TAB: "\t", Delimiter.BAR: "|"}
MARKS = {DecimalMark.POINT: ".", DecimalMark.COMMA: ","}
FACTS = ("patient_id", "specimen_id", "age", "sex", "pregnant", "treated_with_b12")
HEADING = re.compile(r"(?P<name>[^\[\](),]+?)\s*(?:\[(?P<one>[^\[\]]+)\]|\((?P<other>[^()]+)\))?")
NUMBER = re.compile(r"[+-]?[0-9]{1,9}(?:(?P<mark>[.,])[0-9]{1,9})?")
OLDEST = 150
SEXES = {"": "", "f": "female", "m": "male", "female": "female", "male": "male", "other": "other", "unknown": "unknown"}
ANSWERS = {"": False, "0": False, "no": False, "false": False, "1": True, "yes": True, "true": True}


@dataclass(frozen=True, slots=True)
class Layout:
    """What a sender says of a file: what divides its columns, and what stands before the fraction of a number."""

    delimiter: Delimiter | None = None
    decimal: DecimalMark | None = None

    def divider(self, header: str) -> str:
        """What divides the columns below this header."""
        return DIVIDERS[self.delimiter] if self.delimiter else max(DIVIDERS.values(), key=header.count)

    def marks(self, divider: str) -> str:
        """What may stand before the fraction of a number."""
        if self.decimal:
            return MARKS[self.decimal]
        return "." if divider == "," else ".,"


AS_IT_COMES = Layout()


@dataclass(frozen=True, slots=True)
class Row:
    """One count with what belongs to it. Where it is not whole, ``errors`` are pairs of a field and what is wrong."""

    line: int
    errors: list[tuple[str, str]] = field(default_factory=list)
    cbc: dict[str, Measured] = field(default_factory=dict)
    patient_id: UUID | None = None
    specimen_id: UUID | None = None
    age: int | None = None
    sex: str = ""
    pregnant: bool = False
    treated_with_b12: bool = False


def rows_of(pieces: Iterable[bytes], layout: Layout = AS_IT_COMES, *, at_most: int = MOST_ROWS) -> Iterator[Row]:
    """The rows of a file in UTF-8, in their order; empty lines are passed over.

    Raises Invalid for what is wrong with the whole: a header that is not understood, bytes that are no UTF-8, quotes
    that never close, no row or more rows than are taken. What is wrong with one row stands in it.
    """
    text = io.TextIOWrapper(io.BufferedReader(_Bytes(pieces)), encoding="utf-8-sig", newline="")
    number = 0
    try:
        first = text.readline()
        divider = layout.divider(first)
        marks = layout.marks(divider)
        lines = csv.reader(chain([first], text), delimiter=divider, strict=True)
        columns = _columns(next(lines, []))
        begins = lines.line_num + 1
        for cells in lines:
            if any(cell.strip() for cell in cells):
                number += 1
                if number > at_most:
                    raise _refused(f"has more than {at_most} rows")
                yield _row(begins, columns, cells, marks)
            begins = lines.line_num + 1
    except UnicodeDecodeError:
        raise _refused("is not text in UTF-8") from None
    except csv.Error:
        raise _refused("cannot be read as comma-separated values: look for quotes that do not close") from None
    if not number:
        raise _refused("has no rows below its header")


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where things stand in a row: facts by name, analytes with the unit of all rows or the column of each row's."""

    width: int
    facts: dict[str, int]
    analytes: dict[str, int]
    units: dict[str, str | int]


def _columns(header: list[str]) -> _Columns:
    if len(header) > MOST_COLUMNS:
        raise _refused(f"has more than {MOST_COLUMNS} columns")
    columns, faults = _Columns(len(header), {}, {}, {}), []
    for place, heading in enumerate(header):
        if not _placed(columns, place, heading):
            faults.append(_fault("is not a column of a batch, or is there twice", place + 1))
    for name, analyte in ANALYTES.items():
        if lacks := _lacks(analyte, columns.analytes.get(name), columns.units.get(name)):
            faults.append(_fault(lacks, name))
    if not {"patient_id", "specimen_id"} & set(columns.facts) and not {"age", "sex"} <= set(columns.facts):
        faults.append(_fault("is missing, and so are specimen_id, or age and sex", "patient_id"))
    if faults:
        raise Invalid(errors=faults)
    return columns


def _lacks(analyte: Analyte, values: int | None, unit: str | int | None) -> str:
    """What is wrong with the columns of an analyte, or nothing."""
    if values is None:
        return "is missing" if analyte.required else "has a unit and no values" if unit is not None else ""
    if unit is None:
        return f"has no unit: call it `{analyte.name} [{analyte.unit}]` or add `{analyte.name}_unit`"
    if isinstance(unit, str) and unit not in {**analyte.units, **analyte.counted}:
        return f"must come in one of these UCUM units: {analyte.taken}.{analyte.hint}"
    return ""


def _placed(columns: _Columns, place: int, heading: str) -> bool:
    """Whether a heading is understood, and is the only one for what it names."""
    found = HEADING.fullmatch(heading.strip()) if len(heading) <= LONGEST_HEADING else None
    if found is None:
        return False
    name = re.sub(r"[\s_]+", "_", found["name"].casefold())
    unit = (found["one"] or found["other"] or "").strip()
    whose = _analyte(name.removesuffix("_unit"))
    if name in FACTS and not unit:
        return columns.facts.setdefault(name, place) == place
    if whose is None or (name.endswith("_unit") and unit):
        return False
    if name.endswith("_unit"):
        return columns.units.setdefault(whose, place) == place
    if unit and columns.units.setdefault(whose, unit) is not unit:
        return False
    return columns.analytes.setdefault(whose, place) == place


def _analyte(name: str) -> str | None:
    return name if name in ANALYTES else NAME_BY_LOINC.get(name)


def _row(line: int, columns: _Columns, cells: list[str], marks: str) -> Row:
    if len(cells) != columns.width:
        return Row(line, [("row", f"has {len(cells)} cells, and the header {columns.width}")])
    row = _facts(line, {name: cells[place].strip() for name, place in columns.facts.items()})
    for name, place in columns.analytes.items():
        value, unit = cells[place].strip(), columns.units[name]
        number = _number(value, marks)
        unit = cells[unit].strip() if isinstance(unit, int) else unit
        if value and number is None:
            row.errors.append((name, "is not a number"))
        elif number is not None and not unit:
            row.errors.append((name, "has no unit"))
        elif number is not None:
            row.cbc[name] = Measured(number, unit)
    return row


def _facts(line: int, said: dict[str, str]) -> Row:
    errors: list[tuple[str, str]] = []
    flags = {name: ANSWERS.get(said.get(name, "").casefold()) for name in ("pregnant", "treated_with_b12")}
    errors += [(name, "is neither yes nor no") for name, answer in flags.items() if answer is None]
    age, sex = said.get("age", ""), said.get("sex", "").casefold()
    ids = {name: _id(said[name]) for name in ("patient_id", "specimen_id") if said.get(name)}
    if age and not (re.fullmatch("[0-9]{1,3}", age) and int(age) <= OLDEST):
        errors.append(("age", "is not a number of whole years"))
    if sex not in SEXES:
        errors.append(("sex", "is none of female, male, other and unknown"))
    errors += [(name, "is not an id") for name, id in ids.items() if id is None]
    if errors:
        return Row(line, errors)
    return Row(
        line,
        patient_id=ids.get("patient_id"),
        specimen_id=ids.get("specimen_id"),
        age=int(age) if age else None,
        sex=SEXES[sex],
        pregnant=bool(flags["pregnant"]),
        treated_with_b12=bool(flags["treated_with_b12"]),
    )


def _number(value: str, marks: str) -> Decimal | None:
    found = NUMBER.fullmatch(value)
    if found is None or (found["mark"] or marks[0]) not in marks:
        return None
    return Decimal(value.replace(",", "."))


def _id(value: str) -> UUID | None:
    return UUID(value) if re.fullmatch("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value) else None


class _Bytes(io.RawIOBase):
    """Pieces as a file that is read forward."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._waiting = b""

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        while not self._waiting:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._waiting = piece
        taken, self._waiting = self._waiting[: len(view)], self._waiting[len(view) :]
        view[: len(taken)] = taken
        return len(taken)


def _fault(message: str, *place: str | int) -> Fault:
    return {"loc": ["body", "file", "header", *place], "msg": message}


def _refused(message: str) -> Invalid:
    return Invalid(errors=[{"loc": ["body", "file"], "msg": message}])
