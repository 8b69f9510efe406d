"""By whom a metric is told apart: what grows on what, and what each is called."""

from collections.abc import Callable, Collection, Hashable, Set
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from chiron.analytics.facts import Fact, Source
from chiron.analytics.masking import Member, Members
from chiron.analytics.metrics import Grouping, Metric
from chiron.analytics.periods import Period
from chiron.kernel.access import Caller, Scope
from chiron.records.public import RecordType
from chiron.registry.public import (
    departments_by_name,
    doctors_served,
    laboratories_within,
    main_departments,
    provider_names,
)


class Group(NamedTuple):
    """One of those by whom a metric is told apart; without an id, what belongs to none of them."""

    id: Hashable
    name: str
    members: Members


@dataclass(frozen=True, slots=True)
class Places:
    """Whose each fact is, and who was there in a month, counted or not; who came after it has no part in it."""

    member: Callable[[Fact], Member]
    there: Callable[[Period], Set[Member]]


def places_of(source: Source, metric: Metric, group: Grouping) -> Places:
    """Where each fact of a metric belongs. The grouping by departments is that by doctors, seen from above.

    A doctor of several departments is counted in the one where they have worked longest.
    """
    by, days = source.by, source.days
    match tree_of(metric, group):
        case Grouping.DOCTOR:
            works = main_departments(by, days.first, days.last)

            def member(day: date, doctor: UUID | None) -> Member:
                found = (each.department_id for each in works.get(doctor, ()) if each.includes(day)) if doctor else ()
                return Member(next(iter(found), None), doctor)

            everybody = by.scope(metric.resource, "read") is Scope.ORGANIZATION
            doctors = doctors_served(by) if everybody else []

            def there(month: Period) -> Set[Member]:
                last, instants = min(month.last, days.last), month.instants(source.zone)
                return {member(last, each.provider_id) for each in doctors if each.in_part_of(*instants)}

            return Places(lambda fact: member(fact.day, fact.doctor), there)
        case Grouping.LABORATORY:
            reached = laboratories_within(by, by.scope("laboratories", "read"))
            known = [(Member(None, each), since) for each, since in reached.values_list("id", "recorded_at")]

            def known_in(month: Period) -> Set[Member]:
                until = month.instants(source.zone)[1]
                return {each for each, since in known if since < until}

            return Places(lambda fact: Member(None, fact.laboratory), known_in)
        case Grouping.TYPE:
            types = {Member(None, kind.value) for kind in RecordType}
            return Places(lambda fact: Member(None, fact.type), lambda month: types)
        case _:
            return Places(lambda fact: Member(None, None), lambda month: {Member(None, None)})


def tree_of(metric: Metric, group: Grouping) -> Grouping:
    """By what members are told apart, so that parts of the same rows lie in the same pieces whatever is asked."""
    if group in (Grouping.NONE, Grouping.DEPARTMENT):
        return next((each for each in metric.groups if each is not Grouping.NONE), Grouping.NONE)
    return group


def groups_of(by: Caller, group: Grouping, members: Members) -> list[Group]:
    """Those by whom it is told apart, by name, and last what belongs to none. Raises NotPermitted."""
    if group is Grouping.NONE:
        return [Group(None, "", members)]
    of: dict[Hashable, set[Member]] = {}
    for each in members:
        of.setdefault(each.branch if group is Grouping.DEPARTMENT else each.leaf, set()).add(each)
    names = _names(by, group, of)
    groups = [Group(key, names.get(key, ""), frozenset(rows)) for key, rows in of.items()]
    return sorted(groups, key=lambda each: (each.id is None, each.name.casefold(), str(each.id)))


def _names(by: Caller, group: Grouping, keys: Collection[Hashable]) -> dict[Hashable, str]:
    match group:
        case Grouping.DOCTOR:
            return dict(provider_names(by, [key for key in keys if isinstance(key, UUID)]).items())
        case Grouping.DEPARTMENT:
            return dict(departments_by_name(by))
        case Grouping.LABORATORY:
            reached = laboratories_within(by, by.scope("laboratories", "read"))
            return dict(reached.values_list("id", "name"))
        case _:
            return {kind.value: str(kind.label) for kind in RecordType}
