"""Queries compiled once: for the few reads that happen with every request, as a measurement shows.

Django builds and compiles a queryset anew for each use, which costs more than PostgreSQL needs to answer it. What is
compiled here is still an ordinary queryset and gives ordinary instances; only the values change from call to call.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Generic, TypeVar
from uuid import UUID

from django.db import connections, models
from django.db.models import DEFERRED

M = TypeVar("M", bound=models.Model)


class Compiled(Generic[M]):
    """The rows of a queryset that is made from ids, compiled when first asked for.

    ``make`` takes ``takes`` ids and must put each of them into the query as it is, or not at all: an id decides which
    rows are found, never what the query looks like. Raises TypeError when it is called with another number of them.
    For the lookups of `chiron.postgres.lookups` a list stands where they take one.
    """

    def __init__(self, make: Callable[..., "models.QuerySet[M]"], *, takes: int, using: str) -> None:
        self.make, self.takes, self.using = make, takes, using
        self.plan: Plan[M] | None = None

    def __call__(self, *ids: UUID | list[UUID] | list[int]) -> list[M]:
        """The instances for these ids."""
        if len(ids) != self.takes:
            raise TypeError(f"{self.takes} ids are expected")
        plan = self.plan = self.plan or Plan(self.make, self.takes, self.using)
        connection = connections[self.using]
        with connection.cursor() as cursor:
            cursor.execute(plan.sql, [ids[of] if of is not None else value for of, value in plan.values])
            rows = cursor.fetchall()
        if plan.converters:
            rows = list(plan.compiler.apply_converters(rows, plan.converters))
        return [plan.model.from_db(self.using, plan.names, plan.arrange((*row, DEFERRED))) for row in rows]


class Plan(Generic[M]):
    """What compiling gives: the text, where each id goes, and how rows become instances."""

    def __init__(self, make: Callable[..., "models.QuerySet[M]"], takes: int, using: str) -> None:
        marks = [UUID(int=0xC0DE_0000_0000 + number) for number in range(takes)]
        queryset = make(*marks).using(using)
        self.model = queryset.model
        self.compiler = queryset.query.get_compiler(using=using)
        self.sql, values = self.compiler.as_sql()
        self.values = [(marks.index(value), None) if value in marks else (None, value) for value in values]
        first, *_, last = self.compiler.klass_info["select_fields"]
        columns = [column for column, _, _ in self.compiler.select[first : last + 1]]
        read = [column.target.attname for column in columns]
        self.names = [field.attname for field in self.model._meta.concrete_fields]
        # A row in the order of the model's fields, DEFERRED in place of those that were not read: Django's own way of
        # finding out costs more than all the rest of an instance.
        self.arrange = itemgetter(*(read.index(name) if name in read else len(read) for name in self.names))
        self.converters = self.compiler.get_converters(columns)
