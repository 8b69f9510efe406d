"""Identifiers: UUIDv7 (RFC 9562), so that rows made together lie together."""

from uuid import UUID

from uuid_utils.compat import uuid7

NIL = UUID(int=0)
"""The id of the platform itself where an organization's id is asked for."""


def new_id() -> UUID:
    """A new UUIDv7; later ones of the same process sort after earlier ones."""
    return uuid7()
