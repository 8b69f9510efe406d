"""Files of blood counts as text: what Excel and laboratories save is turned into UTF-8 while it arrives.

A byte order mark says for sure what a file is. Without one it is UTF-8, or what its sender says that it is; nothing is
guessed from what stands in it.
"""

import codecs
from collections.abc import Callable

from chiron.kernel.errors import Invalid, invalid
from chiron.screening.words import Encoding

MARKS = {
    codecs.BOM_UTF8: Encoding.UTF_8,
    codecs.BOM_UTF16_LE: Encoding.UTF_16LE,
    codecs.BOM_UTF16_BE: Encoding.UTF_16BE,
}
LONGEST_MARK = max(map(len, MARKS))
OTHERS = ", ".join(each for each in Encoding if each is not Encoding.UTF_8)


class Utf8:
    """Takes the bytes of one file in pieces of any size and hands the same text on in UTF-8, without a mark."""

    def __init__(self, write: Callable[[bytes], None], said: Encoding | None = None) -> None:
        self._write, self._said = write, said
        self._encoding = said or Encoding.UTF_8
        self._decoder = codecs.getincrementaldecoder(self._encoding)()
        self._begun: bytes | None = b""  # until it is long enough for a mark

    def write(self, piece: bytes) -> None:
        """The next bytes. Raises Invalid where they are not text in its encoding, and what handing on raises."""
        if self._begun is not None:
            self._begun += piece
            if len(self._begun) < LONGEST_MARK:
                return
            piece = self._begin(self._begun)
        self._hand_on(piece)

    def finish(self) -> None:
        """All has arrived. Raises Invalid where it ends within a letter."""
        self._hand_on(b"" if self._begun is None else self._begin(self._begun), last=True)

    def _begin(self, begun: bytes) -> bytes:
        """The encoding is known from here on; what remains of the beginning."""
        mark = next((mark for mark in MARKS if begun.startswith(mark)), b"")
        self._encoding = MARKS.get(mark, self._encoding)
        if self._said not in (None, self._encoding):
            raise invalid(f"is {self._encoding} by its byte order mark, and not what `encoding` says", "body", "file")
        self._decoder, self._begun = codecs.getincrementaldecoder(self._encoding)(), None
        return begun.removeprefix(mark)

    def _hand_on(self, piece: bytes, *, last: bool = False) -> None:
        try:
            text = self._decoder.decode(piece, last)
        except UnicodeDecodeError:
            raise self._refused() from None
        if "\0" in text:
            raise self._refused()
        if text:
            self._write(text.encode())

    def _refused(self) -> Invalid:
        if self._said is None and self._encoding is Encoding.UTF_8:
            return invalid(
                f"is not text in UTF-8: save it so, or say what it is by `encoding` ({OTHERS})", "body", "file"
            )
        return invalid(f"is not text in {self._encoding}", "body", "file")
