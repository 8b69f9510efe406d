"""Finding people by names that the database cannot read.

Blind tokens narrow the rows, with collisions on purpose; what remains is opened and compared before it is paged, so
that a page is full while there is more.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from django.db.models import QuerySet

from chiron.kernel.pagination import Page, cursor_of, values_of
from chiron.kernel.schemas import PageQuery
from chiron.registry.models import Patient, Provider
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import search_tokens

Named = TypeVar("Named", Patient, Provider)
Opened = TypeVar("Opened")

SCAN, LONGEST_SCAN = 200, 20_000


def named(rows: "QuerySet[Named]", name: str) -> "QuerySet[Named]":
    """The rows that may have such a name."""
    tokens = tokens_for(name)
    return rows.filter(name_tokens__holds_all=tokens) if tokens else rows.none()


def tokens_for(name: str) -> list[int]:
    """What the rows that may have such a name all hold; none where nobody can have it."""
    return search_tokens(current_organization_id(), name)


def next_of(rows: "QuerySet[Named]", after: UUID | None = None) -> "QuerySet[Named]":
    """The newest of these rows, or the newest after that one: as many as are opened at a time."""
    return (rows.filter(id__lt=after) if after else rows).order_by("-id")[:SCAN]


def fitting(
    batch: Callable[[UUID | None], list[Named]],
    query: PageQuery,
    opened: Callable[[Sequence[Named]], Sequence[Opened]],
    fits: Callable[[Opened], bool],
) -> Page[Opened]:
    """A page of the rows that fit once they are opened, the newest first; `batch` reads the next after an id.

    Where very many rows were opened and few of them fit, the page is short and its cursor leads on.
    """
    after = values_of(query.cursor, UUID)[0] if query.cursor else None
    found: list[tuple[UUID, Opened]] = []
    scanned = 0
    while scanned < LONGEST_SCAN:
        rows = batch(after)
        for row, each in zip(rows, opened(rows), strict=True):
            if fits(each):
                found.append((row.id, each))
            if len(found) > query.limit:
                found.pop()
                return Page([each for _, each in found], cursor_of(found[-1][0]))
        scanned += len(rows)
        if len(rows) < SCAN:
            return Page([each for _, each in found], None)
        after = rows[-1].id
    return Page([each for _, each in found], cursor_of(after))
