"""Words that occur nowhere else, and every form in which a leak of one would show itself."""

from base64 import b64encode
from collections.abc import Iterator

WORD = "Qzvxkwjpfh"
CYRILLIC = "Щюжфыъэцж"
NUMBER = "9041735528164"
EVERY = (WORD, CYRILLIC, NUMBER)


def forms(word: str) -> Iterator[bytes]:
    """The word as written, folded, escaped, in other encodings, in hexadecimal, and in base64 wherever it begins."""
    for written in {word, word.lower(), word.upper()}:
        for encoded in {written.encode(), written.encode("utf-16-le"), written.encode("unicode_escape")}:
            yield encoded
            yield encoded.hex().encode()
            yield encoded.hex().upper().encode()
            yield from (_in_base64(encoded, offset) for offset in range(3))


def found(content: bytes) -> list[bytes]:
    """The forms of any of the words that lie in the content."""
    return sorted({form for word in EVERY for form in forms(word) if form in content})


def _in_base64(encoded: bytes, offset: int) -> bytes:
    """What base64 makes of the word that begins at that offset of its group, without the ends its neighbours touch."""
    text = b64encode(bytes(offset) + encoded)
    first = 0 if offset == 0 else 4
    return text[first : len(text) // 4 * 4 - 4]
