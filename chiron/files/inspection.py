"""Looking at a file while it passes by: what it is, and whether it pretends. Nothing is decoded or unpacked."""

import codecs
from io import BytesIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from chiron.files.errors import UnsupportedFile
from chiron.files.kinds import ARCHIVES, BINARY, OFFICE_DOCUMENTS, OPEN_DOCUMENTS, TEXT, Kind, kind_of_beginning

END = 2**20
"""How much of the end is looked at; the list of members of an office document must lie in it."""
MOST_MEMBERS, MOST_UNPACKED, MOST_RATIO = 10_000, 2**30, 100
END_OF_ARCHIVE, MEMBER = b"PK\x05\x06", b"PK\x01\x02"


class Inspector:
    """Sees the parts of one file in their order. `kind` is known for good after the last."""

    def __init__(self) -> None:
        self.kind: Kind = TEXT
        self._parts = 0
        self._end = b""
        self._size = 0
        self._text = codecs.getincrementaldecoder("utf-8")()

    def look_at(self, part: bytes, *, last: bool) -> None:
        """The next part. Raises UnsupportedFile as soon as it is clear that the file is not kept."""
        if self._parts == 0:
            self.kind = _accepted(kind_of_beginning(part))
        self._parts += 1
        self._size += len(part)
        self._end = (self._end + part)[-END:]
        if self.kind is TEXT:
            self._read(part, last=last)
        if last and self.kind in ARCHIVES:
            self.kind = _accepted(self._document())
        elif last and _hides_archive(self._end):
            raise UnsupportedFile

    def _read(self, part: bytes, *, last: bool) -> None:
        try:
            self._text.decode(part, final=last)
        except UnicodeDecodeError:
            raise UnsupportedFile from None
        if BINARY.search(part):
            raise UnsupportedFile

    def _document(self) -> Kind | None:
        """Which office document it is, by the list of members at its end.

        None for bombs by that list, for macros, for members that would be unpacked elsewhere, and for other archives.
        """
        try:
            with ZipFile(BytesIO(self._end)) as archive:
                members = archive.infolist()
        except (BadZipFile, NotImplementedError, ValueError, OSError):
            return None
        if _is_bomb(members, self._size) or any(_is_foul(member.filename) for member in members):
            return None
        if self.kind in OPEN_DOCUMENTS:
            return self.kind
        names = {member.filename for member in members}
        return next((kind for name, kind in OFFICE_DOCUMENTS.items() if name in names), None)


def _accepted(kind: Kind | None) -> Kind:
    if kind is None:
        raise UnsupportedFile
    return kind


def _hides_archive(end: bytes) -> bool:
    """Whether programs that read archives from their end would find one here: a file of two kinds."""
    found = end.rfind(END_OF_ARCHIVE)
    length = int.from_bytes(end[found + 12 : found + 16], "little")
    return found >= length and end[found - length :].startswith(MEMBER)


def _is_bomb(members: list[ZipInfo], size: int) -> bool:
    unpacked = sum(member.file_size for member in members)
    return len(members) > MOST_MEMBERS or unpacked > min(MOST_UNPACKED, 2**20 + MOST_RATIO * size)


def _is_foul(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in name or ":" in name or name.lower().endswith("vbaproject.bin")
