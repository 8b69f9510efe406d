"""JSON values together with the very text they were written in.

A resource is kept byte for byte, and decimals keep their digits: 7.20 stays 7.20, as FHIR asks for.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from json import JSONDecodeError, JSONDecoder
from typing import Any, NoReturn

from chiron.interop.errors import Fault
from chiron.interop.fhir.references import TOO_DEEP
from chiron.kernel.parsing import UNSTORABLE

SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Original:
    """A JSON value and its text."""

    value: Any
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON object whose `entry` array was read entry by entry: members beside it, and each entry's members."""

    members: dict[str, Original]
    entries: list[dict[str, Original]] | None
    text: str


def read_document(raw: bytes) -> Document:
    """The object in these bytes (UTF-8, a byte order mark is passed over).

    Raises Fault when it breaks off, is no JSON object, or nests too deep to be read at all.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Fault("The file is not written in UTF-8.") from None
    if text.lstrip().startswith("<"):
        raise Fault("The file is XML; only JSON is read.")
    try:
        return Text(text).document()
    except JSONDecodeError as error:
        raise Fault(
            f"The JSON breaks off or is malformed at line {error.lineno}, column {error.colno} ({error.msg})."
        ) from None
    except RecursionError:
        raise Fault(TOO_DEEP) from None
    except ValueError:
        raise Fault("The JSON holds a number that cannot be read.") from None


class Text:
    """A place in a JSON text that moves on as values are read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def document(self) -> Document:
        members: dict[str, Original] = {}
        entries: list[dict[str, Original]] | None = None
        begins = self.skip()
        for name in self.names():
            if name in members or (name == "entry" and entries is not None):
                raise Fault("A member of the file stands there twice.")
            if name == "entry" and self.text.startswith("[", self.skip()):
                entries = [self.members() for _ in self.items()]
            else:
                members[name] = self.original()
        ends = self.at
        if self.skip() != len(self.text):
            self.malformed("Extra data")
        return Document(members, entries, self.text[begins:ends])

    def members(self) -> dict[str, Original]:
        """The members of an object; none where something else stands."""
        if not self.text.startswith("{", self.skip()):
            self.original()
            return {}
        members: dict[str, Original] = {}
        for name in self.names():
            if name in members:
                raise Fault("A member of an entry stands there twice.")
            members[name] = self.original()
        return members

    def original(self) -> Original:
        begins = self.skip()
        value, self.at = DECODER.raw_decode(self.text, begins)
        return Original(value, self.text[begins : self.at])

    def names(self) -> Iterator[str]:
        """The names of an object; whoever asks reads the value before the next."""
        self.expect("{", "Expecting an object")
        if self.follows("}"):
            return
        while True:
            if not self.text.startswith('"', self.skip()):
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
        space = SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at
        return self.at

    def follows(self, mark: str) -> bool:
        found = self.text.startswith(mark, self.skip())
        self.at += found
        return found

    def expect(self, mark: str, otherwise: str) -> None:
        if not self.follows(mark):
            self.malformed(otherwise)

    def malformed(self, message: str) -> NoReturn:
        raise JSONDecodeError(message, self.text, self.at)


def no_number(name: str) -> NoReturn:
    raise ValueError(name)


DECODER = JSONDecoder(parse_float=Decimal, parse_constant=no_number)


def is_storable(original: Original) -> bool:
    """Whether no string in it holds NUL or half a surrogate pair, which only an escape can bring in."""
    return "\\u" not in original.text or all(not UNSTORABLE.search(text) for text in strings(original.value))


def strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value, names of members included."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            yield from each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
