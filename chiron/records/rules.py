"""What follows from a statement alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Any, Literal
from zoneinfo import ZoneInfo

import orjson
from pydantic import TypeAdapter

from chiron.records.entries import Code, RecordEntry, Statement
from chiron.records.errors import EventEndsBeforeItBegins, RangeGoesDownward

STATEMENT = TypeAdapter(Statement)


def code_keys(codes: Iterable[Code]) -> list[str]:
    """The words under which codes are searched: "system|code", each once, in order."""
    return list(dict.fromkeys(f"{code.system}|{code.code}" for code in codes))


def timeline_place(statement: Statement, recorded_at: datetime) -> datetime:
    """Where a record stands in the patient's timeline: when it happened, or else when it was recorded."""
    return statement.occurred_at or statement.occurred_end or recorded_at


def must_make_sense(statement: Statement) -> None:
    """Refuse what contradicts itself. Raises EventEndsBeforeItBegins, RangeGoesDownward."""
    begins, ends, usual = statement.occurred_at, statement.occurred_end, statement.reference_range
    if begins and ends and ends < begins:
        raise EventEndsBeforeItBegins
    if usual and usual.low is not None and usual.high is not None and usual.high < usual.low:
        raise RangeGoesDownward


def beginning(moment: datetime | date, zone: ZoneInfo) -> datetime:
    """An instant itself; of a day its first instant in that zone."""
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(), zone)


def ending(moment: datetime | date, zone: ZoneInfo) -> datetime:
    """An instant itself; of a day the first instant after it."""
    return moment if isinstance(moment, datetime) else beginning(moment + timedelta(days=1), zone)


def fingerprint(entry: RecordEntry) -> str:
    """The same for two entries exactly when they say the same; SHA-256, hexadecimal."""
    return sha256(orjson.dumps(entry, default=plain)).hexdigest()


def plain(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def state_of(statement: Statement, reason: str) -> dict[str, Any]:
    """A statement as JSON, without its content, with the reason of the change that led to it."""
    state: dict[str, Any] = STATEMENT.dump_python(statement, mode="json", exclude={"content"})
    return state | {"reason": reason}


def statement_from(state: dict[str, Any]) -> Statement:
    return STATEMENT.validate_python(state)


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two JSON values differ: a JSON Pointer (RFC 6901), and what stood and stands there."""

    op: Literal["add", "remove", "replace"]
    path: str
    before: Any = None
    after: Any = None


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Where two JSON values differ, in the order of their members; lists are compared place by place."""
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _members(before, after, path, list(dict.fromkeys([*before, *after])))
    elif isinstance(before, list) and isinstance(after, list):
        old, new = dict(enumerate(before)), dict(enumerate(after))
        yield from _members(old, new, path, range(max(len(old), len(new))))
    elif before != after or isinstance(before, bool) is not isinstance(after, bool):  # to Python, 1 is True
        yield Difference("replace", path, before, after)


def _members(before: dict[Any, Any], after: dict[Any, Any], path: str, names: Iterable[Any]) -> Iterator[Difference]:
    for name in names:
        below = f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}"
        if name not in after:
            yield Difference("remove", below, before=before[name])
        elif name not in before:
            yield Difference("add", below, after=after[name])
        else:
            yield from differences(before[name], after[name], below)
