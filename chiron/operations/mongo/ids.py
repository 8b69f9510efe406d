"""The ids of what comes from version 1: always the same for the same document, so that nothing comes twice.

An id is the UUIDv5 of database, collection and `_id`, with the time that an ObjectId holds put in front of it in the
layout of UUIDv7 (RFC 9562, section 5.7). So what is old sorts before what is new, in lists and in indexes.
"""

from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import bson
from bson import DBRef, Decimal128, ObjectId

NAMESPACE = uuid5(NAMESPACE_URL, "urn:chiron:version-1")
INT64 = 2**63
TIME_AT, VERSION_AT = 80, 76
BELOW_VERSION = (1 << VERSION_AT) - 1


def id_of(database: str, collection: str, key: Any) -> UUID:
    """The id of what becomes of the document with that `_id`. Without a time in it, it is the plain UUIDv5."""
    key = key_in(key)
    name = uuid5(NAMESPACE, f"{database}/{collection}/{bson.encode({'': key}).hex()}")
    if not isinstance(key, ObjectId):
        return name
    milliseconds = int.from_bytes(key.binary[:4]) * 1000
    return UUID(int=milliseconds << TIME_AT | 7 << VERSION_AT | name.int & BELOW_VERSION)


def beside(document_id: UUID, what: str) -> UUID:
    """The id of something that belongs to a document."""
    return uuid5(document_id, what)


def key_in(value: Any) -> Any:
    """An `_id`, or what refers to one, in the one form that is compared.

    That is itself, what a DBRef refers to, an ObjectId that was written as text, and for a whole number of any of
    BSON's kinds the integer, as they are equal in MongoDB.
    """
    match value:
        case DBRef():
            return key_in(value.id)
        case str() if ObjectId.is_valid(value):
            return ObjectId(value)
        case Decimal128():
            return _whole(value.to_decimal(), value)
        case float():
            return _whole(Decimal(value), value)
        case int() if not isinstance(value, bool):
            return int(value)
    return value


def _whole(number: Decimal, otherwise: Any) -> Any:
    """The integer that a number is, where BSON has it."""
    if not number.is_finite() or not -INT64 <= number < INT64 or number != int(number):
        return otherwise
    return int(number)
