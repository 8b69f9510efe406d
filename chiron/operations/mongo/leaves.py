"""A document as its leaves, each at a JSON pointer (RFC 6901), and back to bytes."""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from typing import Any

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError

from chiron.operations.mongo.reasons import Reason, Unfit

DEEPEST = 32
LARGEST = 16 * 2**20
Options: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)


def decoded(raw: bytes) -> dict[str, Any]:
    """The document, its dates in UTC; those that Python cannot hold stay numbers. Raises Unfit."""
    if len(raw) > LARGEST:
        raise Unfit(Reason.TOO_LARGE)
    try:
        return bson.decode(raw, Options)
    except RecursionError:
        raise Unfit(Reason.TOO_DEEP) from None
    except (BSONError, ValueError):
        raise Unfit(Reason.UNREADABLE) from None


def leaves_of(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every value that holds no others, with its pointer, in the document's order. Raises Unfit where too deep."""
    waiting: list[tuple[str, Any, int]] = [("", document, 0)]
    while waiting:
        pointer, value, depth = waiting.pop()
        if not isinstance(value, dict | list) or not value and depth:
            yield pointer, value
            continue
        if depth > DEEPEST:
            raise Unfit(Reason.TOO_DEEP)
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        waiting += [(f"{pointer}/{escaped(str(key))}", each, depth + 1) for key, each in reversed(list(inside))]


def escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def packed(document: Mapping[str, Any]) -> str:
    """As text that a safe seals; the same values give the same text, each with its BSON type."""
    return b64encode(bson.encode(document)).decode()


def packed_bytes(raw: bytes) -> str:
    """Bytes as text that a safe seals."""
    return b64encode(raw).decode()


def unpacked_bytes(text: str) -> bytes:
    """What `packed_bytes` packed."""
    return b64decode(text)
