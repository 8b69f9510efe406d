"""Names beside ids, for lists that show more than one kind of thing."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.cells import Link
from chiron.kernel.errors import NotPermitted
from chiron.registry.doors import laboratories_within, patients_within
from chiron.registry.models import Department, Provider, ProviderDepartment
from chiron.registry.queries_people import Known, opened_providers
from chiron.registry.sealing import person_of
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import patient_safes


def patient_names(by: Caller, patient_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of those patients whom the caller may read; nobody's where the policy gives none.

    Whoever asks records the patients as subjects of the event that the list is.
    """
    try:
        patients = patients_within(by, by.scope("patients", "read")).filter(id__in=set(patient_ids))
    except NotPermitted:
        return {}
    found = list(patients)
    safes = patient_safes(current_organization_id(), [each.id for each in found])
    return {each.id: person_of(each, safes[each.id]).display for each in found}


def provider_names(by: Caller, provider_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """The names of those providers. Raises NotPermitted."""
    by.scope("providers", "read")
    known = opened_providers(list(Provider.objects.filter(id__in={each for each in provider_ids if each})))
    return {provider.id: person.display for provider, person in known}


def laboratory_names(by: Caller, laboratory_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of those laboratories that the caller reaches. Raises NotPermitted."""
    reached = laboratories_within(by, by.scope("laboratories", "read")).filter(id__in=set(laboratory_ids))
    return dict(reached.values_list("id", "name"))


def departments_by_name(by: Caller) -> list[tuple[UUID, str]]:
    """All departments, by name. Raises NotPermitted."""
    by.scope("departments", "read")
    return list(Department.objects.order_by("name", "id").values_list("id", "name"))


class Work(NamedTuple):
    """A department, or one above it, where a provider works from one day to another, both included."""

    department_id: UUID
    since: date
    until: date | None

    def includes(self, day: date) -> bool:
        """Whether that is one of the days."""
        return self.since <= day and (self.until is None or day <= self.until)


def departments_of(provider_ids: Iterable[UUID], first: date, last: date) -> dict[UUID, set[Work]]:
    """Where providers work on any of these days, both included, with all that stands above it (PRV-02)."""
    parents = dict(Department.objects.values_list("id", "parent_id"))
    working = ProviderDepartment.objects.filter(
        Q(until=None) | Q(until__gte=first), provider_id__in=provider_ids, since__lte=last
    )
    found: dict[UUID, set[Work]] = {}
    for provider_id, department_id, since, until in working.values_list(
        "provider_id", "department_id", "since", "until"
    ):
        above: UUID | None = department_id
        while above is not None and Work(above, since, until) not in found.setdefault(provider_id, set()):
            found[provider_id].add(Work(above, since, until))
            above = parents[above]
    return found


def active_providers(by: Caller) -> list[Known]:
    """All whom a patient can be assigned to, by name. Raises NotPermitted."""
    by.scope("providers", "read")
    known = opened_providers(list(Provider.objects.filter(active=True)))
    audit.record(by, "provider.listed", resource="providers")
    return sorted(known, key=lambda each: each[1].display.casefold())


def patient_link(patient_id: UUID, names: dict[UUID, str]) -> Link | UUID:
    """The patient's name and page for who may read it; only the id for everybody else."""
    if patient_id not in names:
        return patient_id
    return Link(names[patient_id], reverse("admin:registry_patient_change", args=[patient_id]))
