"""Anchors under random edit scripts (REC-04): the same words, or an orphan, never silently wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.records.anchors import Passage, follow
from chiron.records.words import Part

FEW = st.text("ab ", max_size=8)  # few letters, so that words repeat all the time
TEXT = st.text("ab ", min_size=1, max_size=20) | st.text(min_size=1, max_size=20)


@st.composite
def marked(draw: st.DrawFn) -> tuple[str, int, int]:
    """A text, and a range of it."""
    text = draw(TEXT)
    start = draw(st.integers(0, len(text) - 1))
    return text, start, draw(st.integers(start + 1, len(text)))


Edit = tuple[int, int, str]
EDITS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6), FEW | st.text(max_size=6)), min_size=1, max_size=6)


def passage_of(text: str, start: int, end: int) -> Passage:
    return Passage(Part.DESCRIPTION, start, end, text[start:end])


def spliced(text: str, edit: Edit) -> tuple[str, int, int]:
    """The text after one edit, and from where to where it took text away."""
    place, length, put = edit
    place = min(place, len(text))
    until = min(place + length, len(text))
    return text[:place] + put + text[until:], place, until


@given(marked(), EDITS)
def test_after_every_edit_an_anchor_points_to_the_quoted_words_or_is_an_orphan(
    mark: tuple[str, int, int], edits: list[Edit]
) -> None:
    text, passage = mark[0], passage_of(*mark)

    for edit in edits:
        changed, *_ = spliced(text, edit)
        passage = follow(passage, text, changed)
        text = changed
        assert passage.orphaned or passage.stands_in(text)
        assert passage.quote == mark[0][mark[1] : mark[2]]


@given(marked(), EDITS)
def test_edits_outside_the_quoted_words_never_move_an_anchor_to_another_occurrence(
    mark: tuple[str, int, int], edits: list[Edit]
) -> None:
    (text, start, end), passage = mark, passage_of(*mark)

    for edit in edits:
        changed, taken_from, taken_until = spliced(text, edit)
        if taken_from < end and taken_until > start or start < taken_from < end:
            continue
        if taken_until <= start:
            start, end = start + len(changed) - len(text), end + len(changed) - len(text)
        passage = follow(passage, text, changed)
        text = changed
        assert passage.orphaned or (passage.start, passage.end) == (start, end)


@given(marked(), EDITS)
def test_of_many_edits_at_once_the_words_that_occur_once_are_found(
    mark: tuple[str, int, int], edits: list[Edit]
) -> None:
    before, quote = "⟨" + mark[0] + "⟩", mark[0][mark[1] : mark[2]]
    after = before
    for edit in edits:
        after, *_ = spliced(after, edit)

    passage = follow(passage_of(before, mark[1] + 1, mark[2] + 1), before, after)

    assert passage.orphaned or after[passage.start : passage.end] == quote
    places = [[i for i in range(len(text)) if text.startswith(quote, i)] for text in (before, after)]
    if [len(found) for found in places] == [1, 1]:
        assert passage.start == places[1][0]


@pytest.mark.parametrize(
    ("before", "quote", "after", "expected"),
    [
        ("Pain on the left.", "left", "Severe pain on the left.", 19),
        ("Pain on the left.", "left", "Pain on the left, at night.", 12),
        ("Pain on the left.", "left", "Strong pain on the left side.", 19),
        ("Pain on the left.", "left", "Pain on the right.", None),
        ("Pain on the left.", "left", "", None),
        ("left, left", "left", "left", None),
        ("left. left.", "left", "left. So left.", 0),
        ("Pain. Left.", "Left.", "Pain. Left. Here.", 6),
        ("left arm, left leg", "left", "left arm, then leg", 0),
        ("left arm, left leg", "left", "My left arm and left leg", None),
        ("👩‍⚕️ naïve", "naïve", "👩‍⚕️ 👩‍⚕️ naïve", 10),
    ],
)
def test_what_becomes_of_quoted_words(before: str, quote: str, after: str, expected: int | None) -> None:
    start = before.index(quote)

    assert follow(passage_of(before, start, start + len(quote)), before, after).start == expected
