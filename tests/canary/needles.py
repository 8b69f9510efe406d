"""Words that occur nowhere else, and every form in which a leak of one would show itself."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from itertools import count

WORD = "Qzvxkwjpfh"
CYRILLIC = "Щюжфыъэцж"
NUMBER = "9041735528164"
EVERY = (WORD, CYRILLIC, NUMBER)
CLEAR = "Wkzjqvxgbf"
"""The beginning of words that lie in clear on purpose: names of departments, codes, user names."""

PLANTED = "Xjgkqwvzbh"
"""A word that is leaked on purpose."""


class Words:
    """Canaries, each another, that begin alike: looking for the beginnings finds whichever leaked."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._next = count()

    def word(self) -> str:
        """A word of letters, to be sealed wherever it is said."""
        return self._say(WORD, "abcdefghij")

    def cyrillic(self) -> str:
        """A word of letters beyond ASCII."""
        return self._say(CYRILLIC, "абвгдежзик")

    def number(self) -> str:
        """A word of digits."""
        return self._say(NUMBER, "0123456789")

    def clear(self) -> str:
        """A word for what is kept in clear."""
        return CLEAR + self._ending("abcdefghij")

    def _say(self, beginning: str, letters: str) -> str:
        self.said.append(beginning + self._ending(letters))
        return self.said[-1]

    def _ending(self, letters: str) -> str:
        return "".join(letters[int(digit)] for digit in f"{next(self._next):05}")


def forms(word: str) -> Iterator[bytes]:
    """The word as written, folded, escaped, in other encodings, in hexadecimal, and in base64 wherever it begins."""
    for written in {word, word.lower(), word.upper()}:
        for encoded in {written.encode(), written.encode("utf-16-le"), written.encode("unicode_escape")}:
            yield encoded
            yield encoded.hex().encode()
            yield encoded.hex().upper().encode()
            yield from (_in_base64(encoded, offset) for offset in range(3))


def _in_base64(encoded: bytes, offset: int) -> bytes:
    """What base64 makes of the word that begins at that offset of its group, without the ends its neighbours touch."""
    text = b64encode(bytes(offset) + encoded)
    first = 0 if offset == 0 else 4
    return text[first : len(text) // 4 * 4 - 4]


FORMS = sorted({form for word in EVERY for form in forms(word)})


def found(content: bytes, among: Iterable[bytes] = FORMS) -> list[bytes]:
    """The forms of any of the words that lie in the content."""
    return [form for form in among if form in content]
