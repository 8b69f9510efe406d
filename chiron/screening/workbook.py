"""Excel workbooks of any length, in little memory and without a file: the library makes the book, rows are put in.

XlsxWriter on its own keeps either all rows in memory or their plaintext in a folder for temporary files, where a
process that is killed leaves it. So it makes the workbook with no more than the header, and the rows are written into
that sheet on its way out (ECMA-376 part 1, 18.3.1: `sheetData`, inline strings).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.utility import xl_col_to_name  # type: ignore[import-untyped]

Shown = str | float | bool | None

SHEET = "xl/worksheets/sheet1.xml"
END_OF_ROWS = b"</sheetData>"
DIMENSION = re.compile(rb"<dimension [^>]*/>")  # says how far the rows go, which nobody knows yet; it may be absent
NO_LETTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LONGEST_CELL = 32_767
PIECE = 64 * 1024


def write_workbook(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Shown]], about: Mapping[str, str]
) -> Iterator[bytes]:
    """A workbook in pieces: a sheet of rows under their header, and a sheet that says what the workbook is.

    Text is text and never a formula. What XML cannot hold is left out of it, and what no cell holds cut off.
    """
    letters = [xl_col_to_name(number) for number in range(len(columns))]
    sink = _Sink()
    with ZipFile(BytesIO(_empty(title, columns, about))) as made, ZipFile(sink, "w", ZIP_DEFLATED) as book:  # type: ignore[call-overload]
        for member in made.namelist():
            if member != SHEET:
                book.writestr(member, made.read(member))
        before, _, after = DIMENSION.sub(b"", made.read(SHEET)).partition(END_OF_ROWS)
        with book.open(SHEET, "w") as sheet:
            sheet.write(before)
            for number, row in enumerate(rows, start=2):
                sheet.write(_row(number, letters, row))
                if sink.size > PIECE:
                    yield sink.taken()
            sheet.write(END_OF_ROWS + after)
    yield sink.taken()


def _empty(title: str, columns: Sequence[str], about: Mapping[str, str]) -> bytes:
    """The workbook before there is anything in it."""
    whole = BytesIO()
    with Workbook(whole, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet(title)
        sheet.write_row(0, 0, columns, bold)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(columns) - 1, 16)
        sheet.set_footer("&L" + "  ".join(about.values()).replace("&", "&&")[:240])
        said = book.add_worksheet("About")
        said.set_column(0, 1, 40)
        for number, line in enumerate(about.items()):
            said.write_row(number, 0, line)
    return whole.getvalue()


def _row(number: int, letters: Sequence[str], cells: Sequence[Shown]) -> bytes:
    written = (_cell(f"{letter}{number}", cell) for letter, cell in zip(letters, cells, strict=True))
    return f'<row r="{number}">{"".join(written)}</row>'.encode()


def _cell(place: str, cell: Shown) -> str:
    match cell:
        case None | "":
            return ""
        case bool():
            return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
        case str():
            text = escape(NO_LETTER.sub("", cell)[:LONGEST_CELL])
            return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
        case _:
            return f'<c r="{place}"><v>{cell!r}</v></c>'


class _Sink:
    """Where the archive is written to: it cannot go back, so that what is written can be sent."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    @property
    def size(self) -> int:
        return len(self._waiting)

    def write(self, piece: bytes) -> int:
        self._waiting += piece
        return len(piece)

    def flush(self) -> None:
        """Nothing lies elsewhere."""

    def taken(self) -> bytes:
        """What waits, which is gone from here."""
        piece = bytes(self._waiting)
        self._waiting.clear()
        return piece
