"""Which keys hold what: read from the beginnings of sealed values, of which nothing has to be opened."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db.models import BinaryField, Count, Model, QuerySet
from django.db.models.functions import Substr

from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic
from chiron.kernel.fields import SealedField
from chiron.kernel.ids import NIL
from chiron.tenancy.public import inside, tables

Table = tuple[type[Model], list[str]]
"""A model, and the columns of it that are sealed."""


def home_of(organization_id: UUID) -> str:
    """The database in which an organization, or the platform (`NIL`), keeps what it seals."""
    return ACCOUNTS if organization_id == NIL else CLINICAL


def sealed_tables(alias: str, *, once: bool = False) -> list[Table]:
    """The tables of that database with sealed columns: those that can be sealed anew, or those sealed once for good."""
    found = ((model, _sealed_columns(model, once)) for model in tables(alias))
    return [(model, columns) for model, columns in found if columns]


def values_by_key(organization_id: UUID, *, once: bool = False) -> Counter[UUID]:
    """How many sealed values of an organization, or of the platform, lie under each key."""
    alias, counted = home_of(organization_id), Counter[UUID]()
    with at_home(organization_id):
        for model, columns in sealed_tables(alias, once=once):
            for column in columns:
                counted.update(_by_key(model._base_manager.using(alias), column))
    return counted


def key_of(column: str) -> Substr:
    """The id of the key in a sealed column, as its 16 bytes; see the table in docs/explanation/vault.md."""
    return Substr(column, 3, 16, output_field=BinaryField())


@contextmanager
def at_home(organization_id: UUID) -> Iterator[None]:
    """A transaction that reads an organization's tables, or the platform's."""
    with atomic(ACCOUNTS) if organization_id == NIL else inside(organization_id):
        yield


def _sealed_columns(model: type[Model], once: bool) -> list[str]:
    return [each.name for each in model._meta.fields if isinstance(each, SealedField) and each.once is once]


def _by_key(rows: QuerySet[Any], column: str) -> Counter[UUID]:
    filled = rows.filter(**{f"{column}__isnull": False}).order_by()
    counted = filled.annotate(sealed_by=key_of(column)).values_list("sealed_by").annotate(values=Count("pk"))
    return Counter({UUID(bytes=bytes(key)): values for key, values in counted if len(bytes(key)) == 16})
