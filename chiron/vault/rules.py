"""How a name becomes words that can be compared: without case, accents or punctuation, in any script."""

import re
from unicodedata import category, normalize

SHORTEST_PREFIX, LONGEST_PREFIX = 3, 12

# Accents (U+0300-U+036F) and the signs that Hebrew and Arabic writers may leave out; vowel signs of other scripts stay.
LEFT_OUT = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c7\u0640\u064b-\u0655\u0670]")
# Letters whose stroke or ligature is not an accent to Unicode.
PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ƀ": "b", "ɨ": "i", "ŋ": "n"}
    | {"æ": "ae", "œ": "oe", "þ": "th"}
)
APOSTROPHES = frozenset("'`´‘’‛ʹʻʼʽˈ׳")
HYPHENS = frozenset("-‐‑‒–—―−־")


def stored_words(*texts: str) -> set[str]:
    """Every word under which these texts can be found: ``O'Brien`` by o, brien and obrien, ``Anne-Marie`` likewise."""
    words = set[str]()
    for chunk in (chunk for text in texts for chunk in _chunks(text)):
        words.update(re.split("['-]", chunk))
        words.update(chunk.replace("'", "").split("-"))
        words.add(re.sub("['-]", "", chunk))
    return words - {""}


def query_words(query: str) -> list[str]:
    """The words that all must be found: an apostrophe is left out, a hyphen is a space."""
    words = [word for chunk in _chunks(query) for word in chunk.replace("'", "").split("-")]
    return sorted({word for word in words if word})


def answers(query: str, *texts: str) -> bool:
    """Whether every word of the query begins a word of the texts; words of one or two letters must be whole.

    A query without any letter or digit is answered by nobody.
    """
    wanted, words = query_words(query), stored_words(*texts)
    return bool(wanted) and all(any(_answers(word, want) for word in words) for want in wanted)


def stored_labels(*texts: str) -> set[str]:
    """What the index holds of these texts: short words whole, of longer ones each beginning of 3 to 12 letters."""
    return {label for word in stored_words(*texts) for label in _beginnings(word)}


def query_labels(query: str) -> set[str]:
    """What the index must hold of a text that answers the query; a superset of the answers may hold it too."""
    return {word[:LONGEST_PREFIX] for word in query_words(query)}


def folded(text: str) -> str:
    """The text without case, accents, strokes and invisible characters (NFKC, then casefolded)."""
    text = normalize("NFKC", normalize("NFKC", text).casefold())
    return normalize("NFC", LEFT_OUT.sub("", normalize("NFD", text)).translate(PLAIN))


def _chunks(text: str) -> list[str]:
    return "".join(_letter(character) for character in folded(text)).split()


def _letter(character: str) -> str:
    if character in APOSTROPHES:
        return "'"
    if character in HYPHENS:
        return "-"
    kind = category(character)
    if kind == "Cf":  # joiners and soft hyphens are inside words
        return ""
    return character if kind[0] in "LMN" else " "


def _answers(word: str, want: str) -> bool:
    return word == want if len(want) < SHORTEST_PREFIX else word.startswith(want)


def _beginnings(word: str) -> list[str]:
    if len(word) < SHORTEST_PREFIX:
        return [word]
    return [word[:end] for end in range(SHORTEST_PREFIX, min(len(word), LONGEST_PREFIX) + 1)]
