"""Documents of JSON, read resource by resource together with the very text they were written in.

A resource is kept byte for byte, and decimals keep their digits: 7.20 stays 7.20, as FHIR asks for.
"""

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any, BinaryIO

from chiron.interop.errors import Fault
from chiron.interop.fhir.references import TOO_DEEP
from chiron.interop.fhir.text import Original, Text
from chiron.kernel.parsing import UNSTORABLE

WINDOW = 2**18
LONGEST = 16 * 2**20

Members = dict[str, Original]
Take = Callable[[Members, int, bytes], None]


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON object whose `entry` array was read entry by entry: members beside it, and each entry's members."""

    members: Members
    entries: list[Members] | None
    text: str


def read_document(raw: bytes) -> Document:
    """The object in these bytes (UTF-8, a byte order mark is passed over).

    Raises Fault when it breaks off, is no JSON object, or nests too deep to be read at all.
    """
    try:
        text = Text(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Fault(NOT_UTF_8) from None
    entries: list[Members] = []
    with telling(text):
        begins = text.skip()
        members, listed = document(text, lambda each, *_: entries.append(each))
        return Document(members, entries if listed else None, text.text[begins : text.at])


def read_resource(raw: bytes, line: int) -> Original:
    """The object in one line of a file. Raises Fault as `read_document` does."""
    try:
        text = Text(raw.decode("utf-8-sig").rstrip())
    except UnicodeDecodeError:
        raise Fault("The line is not written in UTF-8.") from None
    text.lines = line - 1
    with telling(text):
        if not text.text.startswith("{", text.skip()):
            text.malformed("Expecting an object")
        resource = text.original()
        if text.skip() != len(text.text):
            text.malformed("Extra data")
        return resource


def read_through(file: BinaryIO, take: Take) -> Members:
    """The members of the object in a file beside its `entry` array, whose entries go to `take` one by one.

    `take` is given each entry's members, its first byte and its bytes. No more of the file is held than a window and
    one entry. Raises Fault as `read_document` does, and for a value longer than 16 MiB.
    """
    window = Window(file)
    text = Text("", window.more)
    text.bytes = window.mark

    def passing(members: Members, begins: int, raw: bytes) -> None:
        take(members, begins, raw)
        window.held = 0
        if text.at > WINDOW:
            text.forget()

    with telling(text):
        return document(text, passing)[0]


class Window:
    """The text of a file, part by part; UTF-8, after its byte order mark. `held` counts the bytes of one value."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.held = 0
        self.mark = len(codecs.BOM_UTF8) if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0
        file.seek(self.mark)

    def more(self) -> str:
        """Raises Fault where it is not UTF-8, or 16 MiB were read and no entry came to its end."""
        if self.held > LONGEST:
            raise Fault(f"A value is longer than {LONGEST // 2**20} MiB.")
        raw = self.file.read(max(WINDOW, self.held))
        self.held += len(raw)
        try:
            return self.decoder.decode(raw, final=not raw)
        except UnicodeDecodeError:
            raise Fault(NOT_UTF_8) from None


NOT_UTF_8 = "The file is not written in UTF-8."


@contextmanager
def telling(text: Text) -> Iterator[None]:
    """Turns what is wrong with a text into a Fault that says where."""
    try:
        yield
    except JSONDecodeError as error:
        if text.text.startswith("<", text.at) and text.lines == 0:
            raise Fault("The file is XML; only JSON is read.") from None
        line, column = text.place_of(error)
        raise Fault(f"The JSON breaks off or is malformed at line {line}, column {column} ({error.msg}).") from None
    except RecursionError:
        raise Fault(TOO_DEEP) from None
    except ValueError:
        raise Fault("The JSON holds a number that cannot be read.") from None


def document(text: Text, take: Take) -> tuple[Members, bool]:
    """The members of an object beside its `entry` array, and whether it has one; entries go to `take`."""
    members: Members = {}
    listed = False
    for name in text.names():
        if name in members or (name == "entry" and listed):
            raise Fault("A member of the file stands there twice.")
        text.skip()
        if name == "entry" and text.text.startswith("[", text.at):
            listed = True
            for _ in text.items():
                begins, first = text.skip(), text.bytes_before()
                entry = members_of(text)
                take(entry, first, text.text[begins : text.at].encode())
        else:
            members[name] = text.original()
    ends = text.at
    if text.skip() != len(text.text):
        text.malformed("Extra data")
    text.at = ends
    return members, listed


def members_of(text: Text) -> Members:
    """The members of an object; none where something else stands."""
    text.skip()
    if not text.text.startswith("{", text.at):
        text.original()
        return {}
    members: Members = {}
    for name in text.names():
        if name in members:
            raise Fault("A member of an entry stands there twice.")
        members[name] = text.original()
    return members


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
