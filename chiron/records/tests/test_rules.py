"""What follows from a statement alone."""

import copy
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.records.entries import Code, Quantity, RecordEntry, ReferenceRange, Statement
from chiron.records.rules import (
    Difference,
    beginning,
    code_keys,
    differences,
    ending,
    fingerprint,
    state_of,
    statement_from,
    timeline_place,
)
from chiron.records.words import Precision, RecordType, Status

MAY = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)
A1C = Code("http://loinc.org", "4548-4", "Hemoglobin A1c")
ENTRY = RecordEntry(
    source_key=b"one",
    record_type=RecordType.LAB_RESULT,
    title="Hemoglobin A1c",
    description="fasting",
    resource_type="Observation",
    clinical_status="final",
    codes=(A1C,),
    occurred_at=MAY,
    occurred_precision=Precision.INSTANT,
    occurred_end=JUNE,
    quantity=Quantity(Decimal("7.20"), "%", "%"),
    reference_range=ReferenceRange(Decimal("4.0"), None),
    encounter_id=UUID(int=7),
    content=b'{"value": 7.20}',
)


def test_codes_are_searched_by_system_and_code_each_once() -> None:
    assert code_keys([A1C, Code("", "local"), A1C]) == ["http://loinc.org|4548-4", "|local"]


@pytest.mark.parametrize(
    ("began", "ended", "place"),
    [(MAY, JUNE, MAY), (MAY, None, MAY), (None, MAY, MAY), (None, None, JUNE)],
)
def test_a_record_stands_where_it_happened_or_else_where_it_was_recorded(
    began: datetime | None, ended: datetime | None, place: datetime
) -> None:
    statement = Statement(record_type=RecordType.NOTE, title="Note", occurred_at=began, occurred_end=ended)

    assert timeline_place(statement, JUNE) == place


def test_the_same_entry_has_the_same_fingerprint() -> None:
    assert fingerprint(ENTRY) == fingerprint(replace(ENTRY))


@pytest.mark.parametrize(
    "change",
    [
        {"title": "A1c"},
        {"description": ""},
        {"status": Status.ENTERED_IN_ERROR},
        {"codes": ()},
        {"occurred_at": JUNE},
        {"quantity": Quantity(Decimal("7.2"), "%", "%")},
        {"reference_range": None},
        {"content": b'{"value": 7.2}'},
        {"author_provider_id": UUID(int=9)},
        {"encounter_id": None},
    ],
)
def test_another_word_is_another_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(replace(ENTRY, **change)) != fingerprint(ENTRY)


def test_a_kept_state_says_again_what_the_statement_said() -> None:
    state = state_of(ENTRY, "a typing error")

    said = {name: getattr(ENTRY, name) for name in Statement.__slots__}
    assert state.pop("reason") == "a typing error"
    assert statement_from(state) == Statement(**said | {"content": None})


@pytest.mark.parametrize(
    ("moment", "began", "ended"),
    [
        (MAY, MAY, MAY),
        (date(2026, 3, 29), "2026-03-28T23:00:00+00:00", "2026-03-29T22:00:00+00:00"),
    ],
)
def test_a_day_is_as_long_as_the_clock_on_the_wall_makes_it(
    moment: datetime | date, began: datetime | str, ended: datetime | str
) -> None:
    zone = ZoneInfo("Europe/Berlin")

    found = beginning(moment, zone).astimezone(UTC), ending(moment, zone).astimezone(UTC)

    assert found == tuple(datetime.fromisoformat(str(each)) for each in (began, ended))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab/~", max_size=3),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text("ab/~", max_size=2), below, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_differences_lead_from_one_value_to_the_other(before: Any, after: Any) -> None:
    assert patched(before, list(differences(before, after))) == after


@given(JSON)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert list(differences(value, value)) == []


def patched(value: Any, changes: list[Difference]) -> Any:
    """Do what the differences say (RFC 6902); what a list loses at its end is taken away from behind."""
    root = {"": copy.deepcopy(value)}
    for change in [*(c for c in changes if c.op != "remove"), *reversed([c for c in changes if c.op == "remove"])]:
        holder: Any = root
        *above, name = [part.replace("~1", "/").replace("~0", "~") for part in change.path.split("/")]
        for part in above:
            holder = holder[int(part)] if isinstance(holder, list) else holder[part]
        if isinstance(holder, list) and change.op == "add":
            holder.insert(int(name), change.after)
        elif change.op == "remove":
            del holder[int(name) if isinstance(holder, list) else name]
        else:
            holder[int(name) if isinstance(holder, list) else name] = change.after
    return root[""]
