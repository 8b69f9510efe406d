"""The list of a day on paper: a PDF that looks the same wherever it is printed.

Its letters are those of DejaVu Sans: Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic without its ligatures.
Whatever else a name is written in, as Chinese or Devanagari, shows as boxes; there the page itself is printed, by the
browser and with the fonts of the desk.
"""

from collections.abc import Container, Sequence
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import TTFFont
from typing_extensions import override

FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
FAMILY = "DejaVu"
BOX = "\N{WHITE SQUARE}"
WIDTHS = (14, 14, 62, 40, 30, 25)
"""Of the columns, as parts of the whole."""


class Sheet(FPDF):
    """A4 pages that are numbered."""

    @override
    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(FAMILY, size=8)
        self.cell(0, 6, f"{self.page_no()} / {{nb}}", align="C")


def printable(text: str, letters: Container[int]) -> str:
    """The text with a box for each letter that the font lacks, which would be left out without a word."""
    return "".join(each if ord(each) in letters or each.isspace() else BOX for each in text)


def sheet(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """A table under a title, as a PDF; its head is repeated on every page."""
    pages = Sheet(format="A4")
    pages.add_font(FAMILY, fname=FONT)
    font = pages.fonts[FAMILY.lower()]
    letters = font.cmap if isinstance(font, TTFFont) else ()
    pages.set_title("Day list")
    pages.set_font(FAMILY, size=12)
    pages.add_page()
    pages.multi_cell(0, 8, printable(title, letters), new_x="LMARGIN", new_y="NEXT")
    pages.ln(2)
    pages.set_font(FAMILY, size=9)
    emphasis = pages.font_face()
    with pages.table(col_widths=WIDTHS, text_align="LEFT", headings_style=emphasis, line_height=6) as table:
        for line in (heads, *rows):
            row = table.row()
            for each in line:
                row.cell(printable(each, letters))
    return bytes(pages.output())
