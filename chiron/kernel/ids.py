"""Identifiers: UUIDv7 (RFC 9562), so that rows made together lie together."""

from datetime import datetime
from secrets import randbits
from uuid import UUID

from uuid_utils.compat import uuid7

NIL = UUID(int=0)
"""The id of the platform itself where an organization's id is asked for."""


def new_id() -> UUID:
    """A new UUIDv7; later ones of the same process sort after earlier ones."""
    return uuid7()


def new_number() -> int:
    """A number that stands for a row where only numbers will do: 63 random bits, so unique without a sequence.

    An exclusion constraint needs no extension when what it compares for equality is a range of one such number.
    """
    return randbits(63)


def first_id(instant: datetime) -> UUID:
    """The least id that can be made at that instant or later: where a walk along ids begins that are not older.

    An id counts from 1970 on; of an instant before, it is the least of all.
    """
    return UUID(int=max(int(instant.timestamp() * 1000), 0) << 80)
