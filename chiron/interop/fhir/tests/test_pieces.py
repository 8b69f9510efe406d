"""Reading a file part by part says what reading it at once says."""

import json
from io import BytesIO
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.interop.errors import Fault
from chiron.interop.fhir import originals
from chiron.interop.fhir.catalogue import digest
from chiron.interop.fhir.originals import Members, read_document, read_through
from chiron.interop.fhir.pieces import lines_in
from chiron.interop.fhir.references import Index

LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    LEAVES.map(lambda leaf: leaf if isinstance(leaf, str | int | bool | None) else float(leaf)),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below, max_size=3),
    max_leaves=8,
)
ENTRIES = st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=3) | VALUES, max_size=8)
BOM = b"\xef\xbb\xbf"


class Parts(BytesIO):
    """A file that gives a few bytes at a time."""

    def __init__(self, raw: bytes, most: int) -> None:
        super().__init__(raw)
        self.most = most

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(self.most, self.most if size is None or size < 0 else size))


@pytest.fixture(autouse=True)
def small_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(originals, "WINDOW", 8)


def parts(raw: bytes, most: int) -> tuple[Members, list[tuple[Members, bytes]]]:
    """The members beside the entries, and each entry with the bytes at its place."""
    found: list[tuple[Members, bytes]] = []

    def take(members: Members, begins: int, own: bytes) -> None:
        assert raw[begins : begins + len(own)] == own
        found.append((members, own))

    return read_through(cast(BinaryIO, Parts(raw, most)), take), found


@given(
    entries=ENTRIES,
    before=st.sampled_from([b"", BOM, b" \n"]),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
    most=st.integers(min_value=4, max_value=40),
)
def test_a_file_read_in_parts_is_the_file_read_at_once(
    entries: list[Any], before: bytes, indent: int | None, ascii_only: bool, most: int
) -> None:
    document = {"type": "collection", "entry": entries, "total": 12345}
    raw = before + json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    at_once = read_document(raw)

    members, found = parts(raw, most)

    assert members == at_once.members
    assert [each for each, _ in found] == at_once.entries
    assert [json.loads(own) for _, own in found] == entries


@given(raw=st.binary(max_size=60) | VALUES.map(lambda value: json.dumps({"entry": [value]}).encode()[:-1]))
def test_what_is_refused_at_once_is_refused_in_parts_for_the_same_reason(raw: bytes) -> None:
    with pytest.raises(Fault) as at_once:
        read_document(raw)
    with pytest.raises(Fault) as in_parts:
        parts(raw, 7)

    if "UTF-8" not in str(at_once.value):  # in parts, what is malformed before it is found first
        assert str(in_parts.value) == str(at_once.value)


def test_a_value_without_an_end_is_not_held_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(originals, "LONGEST", 2**12)
    raw = b'{"entry":[{"resource":{"x":"' + b"x" * 2**16

    with pytest.raises(Fault, match="A value is longer than"):
        parts(raw, 2**9)


@given(lines=st.lists(st.binary(max_size=30).map(lambda raw: raw.replace(b"\n", b"")), max_size=8), last=st.booleans())
def test_lines_are_found_where_they_stand(lines: list[bytes], last: bool) -> None:
    raw = b"\n".join(lines) + b"\n" * last

    found = list(lines_in(BytesIO(raw)))

    assert [raw[begins : begins + len(line)] for _, begins, line in found] == [line for _, _, line in found]
    assert [(number, line.rstrip(b"\n")) for number, _, line in found] == [
        (number, line) for number, line in enumerate(lines, 1) if line.strip()
    ]


NAMES = st.from_regex(r"[A-Z][a-z]{1,4}/[a-z0-9.\-]{1,6}", fullmatch=True)
SEARCHES = st.from_regex(r"[A-Z][a-z]{1,4}\?identifier=[a-z:]{1,4}\|[0-9a-z]{1,4}", fullmatch=True)


@given(name=NAMES | SEARCHES, other=NAMES | SEARCHES, version=st.from_regex(r"[0-9]{1,2}", fullmatch=True))
def test_a_reference_leads_where_the_index_of_a_bundle_leads_it(name: str, other: str, version: str) -> None:
    index = Index[str]()
    index.add(name, name)
    ways = [other, name, f"{other}/_history/{version}" if "?" not in other else other.replace("|", "%7C")]

    for reference in ways:
        assert (digest(b"key", reference) == digest(b"key", name)) == (index.found(reference) == name)
