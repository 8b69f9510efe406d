"""The ids of what comes from version 1: always the same for the same document, so that nothing comes twice.

An id is the UUIDv5 of database, collection and `_id`, with the time that an ObjectId holds put in front of it in the
layout of UUIDv7 (RFC 9562, section 5.7). So what is old sorts before what is new, in lists and in indexes.
"""

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import bson
from bson import DBRef, ObjectId

NAMESPACE = uuid5(NAMESPACE_URL, "urn:chiron:version-1")
TIME_AT, VERSION_AT = 80, 76
BELOW_VERSION = (1 << VERSION_AT) - 1


def id_of(database: str, collection: str, key: Any) -> UUID:
    """The id of what becomes of the document with that `_id`. Without a time in it, it is the plain UUIDv5."""
    name = uuid5(NAMESPACE, f"{database}/{collection}/{bson.encode({'': key}).hex()}")
    if not isinstance(key, ObjectId):
        return name
    milliseconds = int.from_bytes(key.binary[:4]) * 1000
    return UUID(int=milliseconds << TIME_AT | 7 << VERSION_AT | name.int & BELOW_VERSION)


def beside(document_id: UUID, what: str) -> UUID:
    """The id of something that belongs to a document."""
    return uuid5(document_id, what)


def key_in(value: Any) -> Any:
    """The `_id` that a reference means: itself, that of a DBRef, or an ObjectId that was written as text."""
    if isinstance(value, DBRef):
        return value.id
    if isinstance(value, str) and ObjectId.is_valid(value):
        return ObjectId(value)
    return value
