"""Files too large to hold: where each resource stands, and one resource at a time."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from chiron.interop.errors import Fault, Refused
from chiron.interop.fhir.bundle import (
    MAX_ENTRIES,
    METHODS,
    TOO_MANY,
    UNASKED,
    Entry,
    entry_of,
    kind_of_bundle,
    method_of,
    word,
)
from chiron.interop.fhir.originals import LONGEST, Members, members_of, read_resource, read_through
from chiron.interop.fhir.text import Text

LARGE = 8 * 2**20
CHANGED = "The file was changed while it was read."


@dataclass(frozen=True, slots=True)
class Piece:
    """Where a resource stands: its file (by position), line or entry, first byte and length; `mark` knows it again."""

    file: int
    number: int
    begins: int
    length: int
    mark: bytes


@dataclass(frozen=True, slots=True)
class Source:
    """A file of many resources: NDJSON, where each line stands for itself, or one bundle, which is kept as a whole."""

    path: Path
    lines: bool

    def refused(self, number: int | None, reason: str) -> Refused:
        """A refusal of one line or entry, or of the whole file."""
        entry, line = (None, number) if self.lines else (number, None)
        return Refused(self.path.name, entry, reason, line)

    def opened(self) -> BufferedReader:
        """Raises Refused where it cannot be read."""
        try:
            return self.path.open("rb")
        except OSError as error:
            raise self.refused(None, f"The file cannot be read ({error.strerror}).") from None

    def digest(self) -> bytes:
        """SHA-256 of its bytes. Raises Refused where it cannot be read."""
        with self.opened() as file:
            return file_digest(file, "sha256").digest()

    def read(self, at: int, take: Callable[[Piece, Entry], None], refuse: Callable[[Refused], None]) -> None:
        """Every resource in its order, one by one; a line that cannot be read goes to `refuse`, a bundle is refused.

        Raises Refused for the file itself, also when it cannot be read at all.
        """
        with self.opened() as file:
            if self.lines:
                self._read_lines(file, at, take, refuse)
            else:
                self._read_bundle(file, at, take)

    def _read_lines(
        self, file: BinaryIO, at: int, take: Callable[[Piece, Entry], None], refuse: Callable[[Refused], None]
    ) -> None:
        for number, begins, raw in lines_in(file):
            try:
                entry = self.entry_in(raw, number)
            except Refused as refusal:
                refuse(refusal)
            else:
                take(Piece(at, number, begins, len(raw), mark_of(raw)), entry)

    def _read_bundle(self, file: BinaryIO, at: int, take: Callable[[Piece, Entry], None]) -> None:
        count = 0
        wrong: list[Refused] = []  # what the Bundle is comes first, and may be said last
        unasked: list[Refused] = []

        def each(members: Members, begins: int, raw: bytes) -> None:
            nonlocal count
            if not unasked and method_of(members) not in METHODS:
                unasked.append(self.refused(count, UNASKED))
            try:
                if not wrong:
                    take(Piece(at, count, begins, len(raw), mark_of(raw)), entry_of(members, count, self.path.name))
            except Refused as refusal:
                wrong.append(refusal)
            count += 1

        try:
            members = read_through(file, each)
            if word(members, "resourceType") != "Bundle":
                raise Fault(f"A file of more than {LARGE // 2**20} MiB must be a Bundle.")
            kind = kind_of_bundle(members)
            if count > MAX_ENTRIES:
                raise Fault(TOO_MANY)
        except Fault as fault:
            raise self.refused(None, str(fault)) from None
        for refusal in [*(unasked if kind == "transaction" else []), *wrong]:
            raise refusal

    def entry_at(self, file: BinaryIO, piece: Piece, index: int) -> Entry:
        """A resource read again, as the entry of that index. Raises Refused where it is not what it was."""
        raw = os.pread(file.fileno(), piece.length, piece.begins)
        if mark_of(raw) != piece.mark:
            raise self.refused(None, CHANGED)
        return self.entry_in(raw, piece.number, index)

    def entry_in(self, raw: bytes, number: int, index: int = 0) -> Entry:
        """The resource in a line, or in an entry of a bundle. Raises Refused."""
        try:
            if not self.lines:
                return entry_of(members_of(Text(raw.decode())), index, self.path.name)
            if len(raw) > LONGEST:
                raise Fault(f"The line is longer than {LONGEST // 2**20} MiB.")
            return entry_of({"resource": read_resource(raw, number)}, index, self.path.name)
        except Fault as fault:
            raise self.refused(number, str(fault)) from None
        except Refused as refusal:
            raise self.refused(number, refusal.reason) from None


def lines_in(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """The lines that are not blank: number from 1, first byte, bytes. Of one that is too long, only the beginning."""
    number = begins = 0
    while raw := file.readline(LONGEST + 1):
        number += 1
        rest = raw
        while not rest.endswith(b"\n") and (rest := file.readline(LONGEST)):
            pass
        if not raw.isspace():
            yield number, begins, raw
        begins = file.tell()


def mark_of(raw: bytes) -> bytes:
    return blake2b(raw, digest_size=8).digest()
