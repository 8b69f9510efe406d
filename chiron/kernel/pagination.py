"""Pages of a list by cursor: what was inserted meanwhile neither repeats nor hides a row."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from django.db import models
from django.db.models import Q, QuerySet

from chiron.kernel.errors import invalid
from chiron.kernel.schemas import PageQuery

M = TypeVar("M", bound=models.Model)
T = TypeVar("T")

CHUNK = 500
"""How many rows are read at a time where some are left out."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows in order, and the cursor of the page after them (None at the end)."""

    rows: list[T]
    next: str | None


def page(queryset: "QuerySet[M]", query: PageQuery, order: Sequence[str] = ("-id",)) -> Page[M]:
    """One page of a queryset, ordered by immutable columns of which the last is unique.

    ``order`` holds column names, a leading ``-`` for descending; all must point the same way. Raises Invalid for a
    cursor that is not ours.
    """
    return page_of(list(_rest(queryset, query, order)[: query.limit + 1]), query.limit, order)


def sifted(queryset: "QuerySet[M]", query: PageQuery, keeps: Callable[[M], bool], order: Sequence[str]) -> Page[M]:
    """One page of those rows that are kept, where the database cannot tell which; it is full while there are more.

    Raises Invalid as `page` does.
    """
    rows = filter(keeps, _rest(queryset, query, order).iterator(chunk_size=CHUNK))
    return page_of(list(islice(rows, query.limit + 1)), query.limit, order)


def _rest(queryset: "QuerySet[M]", query: PageQuery, order: Sequence[str]) -> "QuerySet[M]":
    """The rows after the query's cursor, in order."""
    names = [name.lstrip("-") for name in order]
    if query.cursor is not None:
        queryset = queryset.filter(_after(queryset.model, order, _read(query.cursor, queryset.model, names)))
    return queryset.order_by(*order)


def page_of(rows: list[M], limit: int, order: Sequence[str]) -> Page[M]:
    """The page at the beginning of these rows, of which one more than its length was read."""
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], cursor_of(*(getattr(last, name.lstrip("-")) for name in order)))


def cursor_of(*values: object) -> str:
    """An opaque cursor that stands after a row with these key values."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()


def values_of(cursor: str, *kinds: type) -> list[Any]:
    """The key values inside a cursor, each of its kind (UUID, datetime, int, str). Raises Invalid for a foreign one."""
    try:
        raw = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(raw, list) or len(raw) != len(kinds):
            raise ValueError
        return [_typed(value, kind) for value, kind in zip(raw, kinds, strict=True)]
    except (ValueError, TypeError, AttributeError, binascii.Error, OverflowError):
        raise invalid("is not a cursor of this list", "query", "cursor") from None


def _typed(value: object, kind: type) -> object:
    if kind is UUID:
        return UUID(str(value))
    if kind is datetime:
        instant = datetime.fromisoformat(str(value))
        if instant.tzinfo is None:
            raise ValueError
        return instant
    if type(value) is not kind or (isinstance(value, int) and abs(value) >= 2**63):
        raise ValueError
    return value


def _read(cursor: str, model: type[models.Model], names: Sequence[str]) -> list[Any]:
    kinds: dict[type[models.Field[Any, Any]], type] = {models.UUIDField: UUID, models.DateTimeField: datetime}
    fields = [model._meta.get_field(name) for name in names]
    return values_of(cursor, *(next((k for f, k in kinds.items() if isinstance(field, f)), int) for field in fields))


def _after(model: type[models.Model], order: Sequence[str], values: Sequence[object]) -> Q:
    """Rows past these key values: (a, b) < (x, y) written as a <= x AND (a < x OR b < y), which an index can walk."""
    step = "lt" if order[0].startswith("-") else "gt"
    names = [name.lstrip("-") for name in order]
    condition = Q(**{f"{names[-1]}__{step}": values[-1]})
    for name, value in reversed(list(zip(names[:-1], values[:-1], strict=True))):
        condition = Q(**{f"{name}__{step}e": value}) & (Q(**{f"{name}__{step}": value}) | condition)
    return condition
