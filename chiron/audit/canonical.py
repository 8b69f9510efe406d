"""Bytes that say the same thing in exactly one way, so that they can be authenticated, hashed and signed.

Every part is preceded by its length (four bytes, big-endian), and what is absent is told from what is empty. Instants
are UTC text to the microsecond, which is what PostgreSQL keeps. A list is one part made of its parts. Nothing is
written as JSON, which has many forms for one value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol
from uuid import UUID

EVENT, HEAD = "chiron.event.v1", "chiron.head.v1"
ABSENT = b"\xff\xff\xff\xff"

Part = bytes | str | int | UUID | datetime | None


class EventLike(Protocol):
    """What an event says, whether it is about to be written or was read from the database."""

    @property
    def id(self) -> UUID: ...
    @property
    def at(self) -> datetime: ...
    @property
    def organization_id(self) -> UUID | None: ...
    @property
    def account_id(self) -> UUID | None: ...
    @property
    def on_behalf_of(self) -> UUID | None: ...
    @property
    def session_id(self) -> UUID | None: ...
    @property
    def roles(self) -> Sequence[str]: ...
    @property
    def action(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def resource_id(self) -> UUID | None: ...
    @property
    def subjects(self) -> Sequence[UUID]: ...
    @property
    def purpose(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def request_id(self) -> str: ...
    @property
    def payload(self) -> bytes | memoryview | None: ...


def event_bytes(event: EventLike) -> bytes:
    """An event in its only form. The payload takes part as the digest of its ciphertext.

    So the form outlives the key of the payload: erasing what it says changes nothing here.
    """
    return together(
        EVENT,
        event.id,
        event.at,
        event.organization_id,
        event.account_id,
        event.on_behalf_of,
        event.session_id,
        together(*event.roles),
        event.action,
        event.resource,
        event.resource_id,
        together(*event.subjects),
        event.purpose,
        event.outcome,
        event.request_id,
        None if event.payload is None else sha256(event.payload).digest(),
    )


def head_bytes(trail: UUID, size: int, root: bytes, previous: bytes, at: datetime) -> bytes:
    """What a head signs. `previous` is the digest of these bytes of the head before."""
    return together(HEAD, trail, size, root, previous, at)


def together(*parts: Part) -> bytes:
    return b"".join(_lengths_first(parts))


def instant(at: datetime) -> str:
    """`2026-01-31T08:15:00.000000Z`. Raises ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError("an instant has a time zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _lengths_first(parts: Iterable[Part]) -> Iterable[bytes]:
    for part in parts:
        if part is None:
            yield ABSENT
        else:
            content = _content(part)
            yield len(content).to_bytes(4)
            yield content


def _content(part: bytes | str | int | UUID | datetime) -> bytes:
    match part:
        case bytes():
            return part
        case str():
            return part.encode()
        case UUID():
            return part.bytes
        case int():
            return part.to_bytes(8)
        case datetime():
            return instant(part).encode()
