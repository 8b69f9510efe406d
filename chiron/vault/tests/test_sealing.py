"""Promise E1: a sealed value is bound to its place."""

import pickle
from collections.abc import Callable
from itertools import permutations, product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.kernel.errors import DomainError
from chiron.vault.errors import OpeningFailed
from chiron.vault.safes import JSON, Safe
from chiron.vault.tests.factories import ESI, HILLTOP, KOFI, RIVERSIDE, note, safe_of

KOFIS_OLDER = UUID(int=0xA0)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


@given(values)
def test_a_value_opens_where_it_was_sealed(value: JSON) -> None:
    row: Any = note()
    row.text = safe_of().seal(row, "text", value)

    assert safe_of().open(row, "text") == value


def test_a_column_read_from_the_database_as_a_memoryview_opens() -> None:
    row: Any = note()
    row.text = memoryview(safe_of().seal(row, "text", "Kofi"))

    assert safe_of().open(row, "text") == "Kofi"


def test_an_empty_column_opens_as_nothing() -> None:
    assert safe_of().open(note(), "text") is None


def test_a_sealed_value_opens_in_no_other_place(shown: Callable[[str, str], None]) -> None:
    """Moved between organizations, keys (of others, and older ones of its own), tables, rows, columns and versions."""
    keys = (KOFI, KOFIS_OLDER, ESI)
    tables, pks, columns, versions = ("notes", "records"), (KOFI, ESI, HILLTOP), ("text", "title"), (1, 2, 3)
    places = list(product((HILLTOP, RIVERSIDE), keys, tables, pks, columns, versions))
    sealed = {here: _seal(*here) for here in places}
    moves = list(permutations(places, 2))

    opened = [(here, there) for here, there in moves if _opens(sealed[here], *there)]

    assert (len(moves), opened) == (46_440, [])
    assert all(_opens(sealed[here], *here) for here in places)
    shown("E1", f"{len(moves):,} moves of sealed values between made-up places: {len(opened)} opened")


@pytest.mark.parametrize("value", ["Kofi Mensah", b"", b"Kofi Mensah", 7, "gAAAAAB", {}], ids=repr)
def test_what_is_not_sealed_is_never_returned(value: object) -> None:
    row: Any = note()
    row.text = value

    with pytest.raises(OpeningFailed) as refusal:
        safe_of().open(row, "text")

    assert "Kofi" not in f"{refusal.value} {refusal.value.errors} {refusal.value.members}"


def test_no_byte_of_a_value_is_readable_in_what_is_stored() -> None:
    canary = "Esi Ama Mensah-Quaye, GHA-123456789-0, chest pain since Monday"
    row = note()

    sealed = safe_of().seal(row, "text", {"narrative": canary})

    words = [*canary.split(), "narrative"]
    assert not [word for word in words if len(word) > 3 and word.encode() in sealed]


@pytest.mark.parametrize("row", [note(pk=None), note(version=None), note(version="1"), note(version=1.0)])
def test_a_value_is_sealed_only_into_a_row_that_knows_its_place(row: Any) -> None:
    with pytest.raises(TypeError):
        safe_of().seal(row, "text", "Kofi")


def test_a_safe_opens_what_an_older_key_of_it_sealed_and_seals_with_the_newest() -> None:
    old, new = safe_of(key_id=KOFI), safe_of(key_id=ESI)
    both = Safe(HILLTOP, {**old._ciphers, **new._ciphers})
    row: Any = note()
    row.text, row.title = old.seal(row, "text", "before"), both.seal(row, "title", "after")

    assert (both.open(row, "text"), new.open(row, "title")) == ("before", "after")


def test_a_safe_cannot_be_copied_out_of_its_request() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(safe_of())


def _seal(organization_id: UUID, key_id: UUID, table: str, pk: UUID, column: str, version: int) -> bytes:
    return safe_of(organization_id, key_id).seal(note(pk, table, version), column, "Kofi Mensah")


def _opens(sealed: bytes, organization_id: UUID, key_id: UUID, table: str, pk: UUID, column: str, version: int) -> bool:
    row = note(pk, table, version)
    setattr(row, column, sealed)
    try:
        safe_of(organization_id, key_id).open(row, column)
    except DomainError:
        return False
    return True
