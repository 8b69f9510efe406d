"""What nobody could store or read is refused before any app sees it."""

import pytest

from chiron.kernel.errors import Malformed
from chiron.kernel.parsing import MAX_DEPTH, loads, nests_deeper


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"NaN",
        b'{"a": Infinity}',
        b'"\\u0000"',
        b'{"\\u0000": 1}',
        b'[{"a": ["\\u0000"]}]',
        b'"\\ud800"',
        b'"\xff"',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
    ],
    ids=lambda raw: raw[:12].decode("latin-1"),
)
def test_what_is_no_storable_json_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        loads(raw)


def test_depth_counts_brackets_outside_strings_only() -> None:
    deepest = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH

    assert loads(deepest) is not None
    assert not nests_deeper(b'"' + b"[" * 1000 + b'"', MAX_DEPTH)
    assert not nests_deeper(b'["\\"' + b"[" * 1000 + b'"]', MAX_DEPTH)
    assert nests_deeper(b"[" + deepest + b"]", MAX_DEPTH)


def test_text_with_escapes_is_read_as_it_is() -> None:
    assert loads(b'{"a": "\\u00e4\\\\u0000"}') == {"a": "ä\\u0000"}
