"""Which bytes of a file are asked for (RFC 9110, section 14)."""

import re
from typing import NamedTuple

from chiron.files.errors import RangeNotSatisfiable

ONE_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,20})-([0-9]{0,20})[ \t]*", re.IGNORECASE)


class Span(NamedTuple):
    """The bytes from `first` up to and including `last`, counted from 0."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def whole(size: int) -> Span:
    """All bytes of a file of that size."""
    return Span(0, size - 1)


def asked(header: str, size: int) -> Span | None:
    """The one range that a `Range` header asks for, cut at the end of the file; None where the whole is the answer.

    That is so for several ranges, another unit and what is no range, as the standard allows. Raises RangeNotSatisfiable
    for a range that begins behind the last byte or has none.
    """
    match = ONE_RANGE.fullmatch(header.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        first, last = max(size - int(match[2]), 0), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
        if match[2] and int(match[2]) < first:
            return None
    if first >= size:
        raise RangeNotSatisfiable
    return Span(first, last)
