"""Where the words that an annotation is about stand after the text was changed (REC-04).

An anchor is never silently wrong: it points to exactly the words that were quoted, or it is an orphan. Whether two
texts differ by one change or by several cannot be seen from them; so words that occur once are found wherever they
went, and words that occur more than once are followed only where the change lies wholly on one side of them.
"""

from dataclasses import dataclass, replace
from os.path import commonprefix

from chiron.records.words import Part


@dataclass(frozen=True, slots=True)
class Passage:
    """The words of a record's title or description from `start` up to `end` (Unicode code points, end excluded).

    An orphan has no place any more, only its quote.
    """

    part: Part
    start: int | None
    end: int | None
    quote: str

    @property
    def orphaned(self) -> bool:
        return self.start is None

    def stands_in(self, text: str) -> bool:
        return self.start is not None and self.start >= 0 and text[self.start : self.end] == self.quote

    def at(self, start: int | None) -> "Passage":
        return replace(self, start=start, end=None if start is None else start + len(self.quote))


def follow(passage: Passage, before: str, after: str) -> Passage:
    """The passage of one text in the text that it became; an orphan stays one.

    For one change outside the passage, of any length, the answer is the same occurrence of the same words or an
    orphan. For any changes at all, it is the same words or an orphan.
    """
    if passage.start is None or before == after:
        return passage
    return passage.at(_followed(passage.start, passage.quote, before, after))


def _followed(start: int, quote: str, before: str, after: str) -> int | None:
    """The one place to which the words can have gone, or None.

    A change beside a repetition can have happened at several places ("ab ab" to "ab"). Only what lies before the first
    or after the last of them is certain to be untouched.
    """
    shorter = min(len(before), len(after))
    same_at_first = len(commonprefix([before, after]))
    same_at_last = len(commonprefix([before[::-1], after[::-1]]))
    if start + len(quote) <= min(same_at_first, shorter - same_at_last):
        return start
    if start >= len(before) - min(same_at_last, shorter - same_at_first):
        return start + len(after) - len(before)
    return after.find(quote) if occurs_once(quote, before) and occurs_once(quote, after) else None


def occurs_once(quote: str, text: str) -> bool:
    """Whether the words stand in a text exactly once, overlapping occurrences counted."""
    found = text.find(quote)
    return found >= 0 and text.find(quote, found + 1) < 0
