"""Which bytes a Range header asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.files.errors import RangeNotSatisfiable
from chiron.files.ranges import Span, asked


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", Span(0, 0)),
        ("bytes=0-", Span(0, 999)),
        ("bytes=500-599", Span(500, 599)),
        ("bytes=990-2000", Span(990, 999)),
        ("bytes=-10", Span(990, 999)),
        ("bytes=-5000", Span(0, 999)),
        ("BYTES= 7-8 ", Span(7, 8)),
        ("bytes=999-99999999999999999999", Span(999, 999)),
    ],
)
def test_one_range_is_cut_at_the_end_of_the_file(header: str, span: Span) -> None:
    assert asked(header, 1000) == span


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=99999999999999999999-"])
def test_a_range_without_a_byte_of_the_file_is_refused(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        asked(header, 1000)


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=", "bytes=-", "bytes=a-b", "items=0-1", "bytes=5-2", "bytes=0-1,5-6", "bytes=٣-٤",
     "bytes=" + "9" * 30 + "-"],
)  # fmt: skip
def test_what_is_no_range_or_several_is_answered_by_the_whole(header: str) -> None:
    assert asked(header, 1000) is None


@given(size=st.integers(1, 200), first=st.integers(0, 250), length=st.integers(1, 250))
def test_a_range_holds_the_bytes_that_a_slice_holds(size: int, first: int, length: int) -> None:
    content = bytes(range(size))

    try:
        span = asked(f"bytes={first}-{first + length - 1}", size)
    except RangeNotSatisfiable:
        assert content[first : first + length] == b""
        return

    assert span is not None
    assert content[span.first : span.last + 1] == content[first : first + length]
    assert span.length == len(content[first : first + length])
