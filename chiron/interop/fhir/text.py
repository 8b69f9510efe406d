"""A walk through JSON text that keeps the very words of each value, over a whole text or over a window on a file.

The standard library reads each value. Streaming parsers give values or events, but neither the words a value was
written in nor where it stands, and both are needed: originals are kept character by character.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from json import JSONDecodeError, JSONDecoder
from typing import Any, NoReturn

SPACE = re.compile(r"[ \t\n\r]*")
LONGEST_MARK = 16  # what may stand cut off at the end of a window: a literal, an escape, a sign

LONGEST_TAIL = 2  # what may stand behind a number that is cut off: 7 of 7.2, of 7e+2


@dataclass(frozen=True, slots=True)
class Original:
    """A JSON value and its text."""

    value: Any
    text: str


def nothing_more() -> str:
    return ""


class Text:
    """A place in a JSON text that moves on as values are read.

    `more` gives the next part of the text, "" at its end; what was passed is let go by `forget`.
    """

    def __init__(self, text: str, more: Callable[[], str] = nothing_more) -> None:
        self.text = text
        self.more = more
        self.at = 0
        self.bytes = 0
        self.counted = 0  # the place up to which `bytes` counts
        self.lines = 0
        self.columns = 0

    def original(self) -> Original:
        begins = self.skip()
        while True:
            try:
                value, end = DECODER.raw_decode(self.text, begins)
            except JSONDecodeError as error:
                cut_off = error.msg.startswith("Unterminated") or len(self.text) - error.pos < LONGEST_MARK
                if cut_off and self.extend():
                    continue
                raise
            if len(self.text) - end > LONGEST_TAIL or not self.extend():
                self.at = end
                return Original(value, self.text[begins:end])

    def names(self) -> Iterator[str]:
        """The names of an object; whoever asks reads the value before the next."""
        self.expect("{", "Expecting an object")
        if self.follows("}"):
            return
        while True:
            self.skip()
            if not self.text.startswith('"', self.at):
                self.malformed("Expecting property name enclosed in double quotes")
            name = self.original().value
            self.expect(":", "Expecting ':' delimiter")
            yield name
            if self.follows("}"):
                return
            self.expect(",", "Expecting ',' delimiter")

    def items(self) -> Iterator[None]:
        """A step for each item of an array; whoever asks reads the item before the next."""
        self.expect("[", "Expecting an array")
        if self.follows("]"):
            return
        while True:
            yield
            if self.follows("]"):
                return
            self.expect(",", "Expecting ',' delimiter")

    def skip(self) -> int:
        """Pass over white space; the place after it."""
        while True:
            space = SPACE.match(self.text, self.at)
            self.at = space.end() if space else self.at
            if self.at < len(self.text) or not self.extend():
                return self.at

    def follows(self, mark: str) -> bool:
        self.skip()
        found = self.text.startswith(mark, self.at)
        self.at += found
        return found

    def expect(self, mark: str, otherwise: str) -> None:
        if not self.follows(mark):
            self.malformed(otherwise)

    def malformed(self, message: str) -> NoReturn:
        raise JSONDecodeError(message, self.text, self.at)

    def extend(self) -> bool:
        """Whether there was more text to take in."""
        part = self.more()
        self.text += part
        return part != ""

    def bytes_before(self) -> int:
        """How many bytes of UTF-8 stand before this place."""
        self.bytes += len(self.text[self.counted : self.at].encode())
        self.counted = self.at
        return self.bytes

    def forget(self) -> None:
        """Let go of what was passed; lines, columns and bytes go on being counted."""
        self.bytes_before()
        passed = self.text[: self.at]
        self.lines += passed.count("\n")
        last = passed.rfind("\n")
        self.columns = len(passed) - last - 1 if last >= 0 else self.columns + len(passed)
        self.text = self.text[self.at :]
        self.at = self.counted = 0

    def place_of(self, error: JSONDecodeError) -> tuple[int, int]:
        """Line and column of an error in the text from its beginning."""
        return self.lines + error.lineno, error.colno + (self.columns if error.lineno == 1 else 0)


def no_number(name: str) -> NoReturn:
    raise ValueError(name)


DECODER = JSONDecoder(parse_float=Decimal, parse_constant=no_number)
