"""An event as PostgreSQL sends it says the same as the event itself."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.audit import canonical, wire
from chiron.audit.models import Event
from chiron.audit.sealing import EVENT_COLUMNS
from chiron.kernel.db import cursor

COLUMNS = [column.strip().removeprefix("e.") for column in EVENT_COLUMNS.split(",")][:-2]
TYPES = {"at": "timestamptz", "roles": "text[]", "subjects": "uuid[]", "payload": "bytea"} | dict.fromkeys(
    ("action", "resource", "purpose", "outcome", "request_id"), "text"
)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
ids = st.none() | st.uuids()
events = st.builds(
    Event,
    id=st.uuids(),
    at=st.datetimes(timezones=st.just(UTC)) | st.just(datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    organization_id=ids,
    account_id=ids,
    on_behalf_of=ids,
    session_id=ids,
    roles=st.lists(texts, max_size=3),
    action=texts,
    resource=texts,
    resource_id=ids,
    subjects=st.lists(st.uuids(), max_size=3),
    purpose=texts,
    outcome=texts,
    request_id=texts,
    payload=st.none() | st.binary(max_size=40),
)


def sent(values: list[str], params: list[object] | None = None) -> bytes:
    """What the wire makes of a row of these values."""
    with cursor("clinical") as held:
        select = "SELECT " + ", ".join(values)
        with held.copy(f"COPY ({select}) TO STDOUT (FORMAT BINARY)", params or []) as copy:
            [row] = copy.rows()
    return wire.event_bytes(row)


@pytest.mark.django_db(databases=["clinical"])
@given(events)
def test_what_the_wire_carries_is_the_canonical_form(event: Event) -> None:
    values = [f"%s::{TYPES.get(column, 'uuid')}" for column in COLUMNS]

    assert sent(values, [getattr(event, column) for column in COLUMNS]) == canonical.event_bytes(event)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "'infinity'"),
        ("at", "'-infinity'"),
        ("at", "'4000-01-01 BC'"),
        ("at", "NULL"),
        ("roles", "'{{a,b}}'"),
        ("roles", "NULL"),
        ("action", "NULL"),
    ],
)
@pytest.mark.django_db(databases=["clinical"])
def test_what_no_event_of_ours_says_has_bytes_of_its_own(column: str, value: str) -> None:
    event = Event(id=UUID(int=1), at=datetime(2026, 1, 1, tzinfo=UTC), roles=["a", "b"])
    plain = {name: f"'{UUID(int=1)}'" if name == "id" else "NULL" for name in COLUMNS} | {
        "at": "'2026-01-01Z'", "roles": "'{a,b}'", "subjects": "'{}'", "action": "''", "resource": "''",
        "purpose": "''", "outcome": "'success'", "request_id": "''",
    }  # fmt: skip

    def typed(values: dict[str, str]) -> list[str]:
        return [f"{values[name]}::{TYPES.get(name, 'uuid')}" for name in COLUMNS]

    assert sent(typed(plain)) == canonical.event_bytes(event)
    assert wire.UNHEARD in sent(typed(plain | {column: value}))
