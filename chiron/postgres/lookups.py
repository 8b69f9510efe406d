"""Lookups that send a whole list as one value, so that a query's text is the same however long the list is.

Django's ``__in`` and ``__contains`` write one placeholder for each member; such a query can be compiled once only for
one length.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models


class IsAnyOf(models.Lookup):  # type: ignore[type-arg]
    """``patient__is_any_of=[…]``: the column equals one of these."""

    lookup_name = "is_any_of"
    prepare_rhs = False
    template = "{} = ANY({})"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """The comparison, with the list as its one parameter."""
        column, params = self.process_lhs(compiler, connection)
        return self.template.format(column, "%s"), [*params, self.rhs]


class HoldsAll(IsAnyOf):
    """``name_tokens__holds_all=[…]``: the array of numbers has each of these."""

    lookup_name = "holds_all"
    template = "{} @> {}::bigint[]"


def register() -> None:
    """Have every query know them (at start, once)."""
    models.UUIDField.register_lookup(IsAnyOf)
    models.ForeignKey.register_lookup(IsAnyOf)
    ArrayField.register_lookup(HoldsAll)
