"""Events as PostgreSQL sends them in binary, put into their canonical form without becoming objects in between.

A verification reads every event ever written, and most of its time would go into making UUIDs, instants and lists only
to take them apart again. PostgreSQL's binary form has the same bytes (ids of 16 bytes, UTF-8, the elements of an array
each after its length); only an instant, microseconds since 2000, is written differently there.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from chiron.audit.canonical import ABSENT, EVENT, instant

Field = bytes | None
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
PREFIX = len(EVENT).to_bytes(4) + EVENT.encode()
OF_ID, OF_HASH = (length.to_bytes(4) for length in (16, 32))
ARRAY_HEAD = 20  # dimensions, whether there are NULLs, the elements' type; then the length and the lower bound
EMPTY_ARRAY = 12
UNHEARD = b"\xff" * 5  # stands for what no event of ours can say, so that the whole differs from every sealed one


def event_bytes(fields: tuple[Field, ...]) -> bytes:
    """The canonical bytes of an event from its columns, in their canonical order, in PostgreSQL's binary form.

    The same as `canonical.event_bytes` of the same event. What Chiron never writes (a NULL where none may be, an
    instant that is infinite, an array of arrays) gives bytes that no event of ours has.
    """
    (event, at, organization, account, behalf, session, roles, action, resource, about, subjects, purpose, outcome,
     request, payload) = fields  # fmt: skip
    return b"".join((
        PREFIX,
        _id(event), _text(_instant(at)), _id(organization), _id(account), _id(behalf), _id(session),
        _array(roles), _text(action), _text(resource), _id(about), _array(subjects), _text(purpose), _text(outcome),
        _text(request), ABSENT if payload is None else OF_HASH + sha256(payload).digest(),
    ))  # fmt: skip


def number(field: bytes) -> int:
    """An integer of any size."""
    return int.from_bytes(field, signed=True)


def _id(field: Field) -> bytes:
    return ABSENT if field is None else OF_ID + field


def _text(field: Field) -> bytes:
    return UNHEARD if field is None else len(field).to_bytes(4) + field


def _array(field: Field) -> bytes:
    if field is None or field[3] > 1:
        return UNHEARD
    elements = b"" if len(field) == EMPTY_ARRAY else field[ARRAY_HEAD:]
    return len(elements).to_bytes(4) + elements


def _instant(field: Field) -> Field:
    if field is None:
        return None
    seconds, microseconds = divmod(number(field), 1_000_000)
    return b"%b%06dZ" % (_second(seconds), microseconds)


@lru_cache(maxsize=4096)
def _second(seconds: int) -> bytes:
    try:
        return instant(EPOCH + timedelta(seconds=seconds))[: -len("000000Z")].encode()
    except OverflowError:
        return UNHEARD
