"""Blanking what an erasure cannot make unreadable by destroying a key: columns in clear, files, answers that are kept.

What belongs to a patient is found, not listed: every row that a foreign key leads to a patient from, in whatever app.
What is never changed (append-only tables) holds of a patient only what is sealed; tests/architecture sees to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Model, Q, QuerySet

from chiron.audit import public as audit
from chiron.files.public import File, erase_files, remove_erased
from chiron.idempotency.public import forget_about
from chiron.kernel.access import Caller
from chiron.kernel.fields import blank_of, is_of_a_person
from chiron.kernel.models import Grants
from chiron.notifications.public import forget_told
from chiron.registry.hooks import Hooks
from chiron.registry.models import Claim, Patient
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import Entry


@dataclass(frozen=True, slots=True)
class Belonging:
    """A table with rows of patients, and the ways of foreign keys that lead from it to them."""

    model: type[Model]
    ways: tuple[str, ...]

    def rows(self, patient_id: UUID) -> "QuerySet[Model]":
        """Its rows of one patient."""
        wanted = Q()
        for way in self.ways:
            wanted |= Q(**{way: patient_id})
        return self.model._base_manager.filter(wanted)

    @property
    def in_person(self) -> list[Any]:
        """The columns that say something about the patient."""
        return [field for field in self.model._meta.concrete_fields if is_of_a_person(field)]

    @property
    def may_change(self) -> bool:
        """Whether rows may be changed at all; of others an erasure leaves what no key opens any more."""
        return getattr(self.model, "grants", Grants.FULL) in (Grants.FULL, Grants.READ_WRITE)

    @property
    def files(self) -> list[str]:
        """The columns that name a file."""
        return [field.attname for field in self.model._meta.concrete_fields if field.related_model is File]


def blank(by: Caller, line: Entry, now: datetime) -> None:
    """Leave of a patient, in the current organization, nothing in clear: what the erasure of this line still has to do.

    The first time is an event; later ones blank what a request under way may have written since.
    """
    patient_id = line.patient_id
    if patient_id is None:
        return
    for end in Hooks.endings:
        end(patient_id, now)
    forget_about(_ids(patient_id))
    for belonging in what_belongs_to_patients():
        _blank_rows(belonging, patient_id)
    if line.account_id is not None:
        said = Claim.objects.filter(account_id=line.account_id, kind=Claim.Kind.PATIENT)
        said.update(details=b"", status=Claim.Status.LINKED)
        forget_told(line.account_id, until=line.at)
    if Patient.objects.filter(id=patient_id, erased_at=None).update(erased_at=line.at, active=False, updated_at=now):
        about = {"ledger": line.seq}
        audit.record(
            by, "patient.erased", resource="patients", resource_id=patient_id, subjects=[patient_id], payload=about
        )


def remove_parts_of(patient_id: UUID) -> int:
    """Remove the bytes of an erased patient's files; how many parts those were. Raises StorageUnavailable."""
    return remove_erased(current_organization_id(), list(_files(patient_id)))


def standing(lines: list[Entry]) -> list[Entry]:
    """Those lines whose patients are not erased in the current organization: an older backup brought them back."""
    ids = {line.patient_id for line in lines}
    found = set(Patient.objects.filter(id__in=ids, erased_at=None).values_list("id", flat=True))
    return [line for line in lines if line.patient_id in found]


@cache
def what_belongs_to_patients() -> tuple[Belonging, ...]:
    """Every table with rows of patients, patients first."""
    ways: dict[type[Model], set[str]] = {Patient: {"id"}}
    grown = True
    while grown:
        grown = False
        for model in apps.get_models():
            found = {way for way in _ways(model, ways) if way not in ways.get(model, ())}
            if found:
                ways.setdefault(model, set()).update(found)
                grown = True
    return tuple(Belonging(model, tuple(sorted(of_one))) for model, of_one in ways.items())


def _ways(model: type[Model], known: dict[type[Model], set[str]]) -> Iterator[str]:
    for field in model._meta.concrete_fields:
        target = field.related_model
        if target in known and target is not model:
            for way in known[target]:  # type: ignore[index]
                yield field.name if way == "id" else f"{field.name}__{way}"


def _blank_rows(belonging: Belonging, patient_id: UUID) -> None:
    rows = belonging.rows(patient_id)
    files = {each for column in belonging.files for each in rows.values_list(column, flat=True)}
    if files:
        erase_files(files)
    if getattr(belonging.model, "erasure_deletes", False):
        rows.delete()
    elif belonging.may_change and belonging.in_person:
        rows.update(**{field.name: blank_of(field) for field in belonging.in_person})


def _ids(patient_id: UUID) -> set[UUID]:
    return {each for one in what_belongs_to_patients() for each in one.rows(patient_id).values_list("pk", flat=True)}


def _files(patient_id: UUID) -> Iterator[UUID]:
    for belonging in what_belongs_to_patients():
        for column in belonging.files:
            yield from belonging.rows(patient_id).values_list(column, flat=True)
