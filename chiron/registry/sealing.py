"""Putting details into rows and getting them out again."""

from dataclasses import asdict

from chiron.registry.models import Claim, Patient, Provider
from chiron.registry.rules import Person
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import Safe, name_tokens


def put(row: Patient | Provider, person: Person, safe: Safe) -> None:
    """Seal a person's details into this version of the row, and index the names."""
    row.details = safe.seal(row, "details", asdict(person))
    row.name_tokens = sorted(set(name_tokens(current_organization_id(), *person.names)))


def person_of(row: Patient | Provider | Claim, safe: Safe) -> Person:
    """The details of a row, opened."""
    return Person(**safe.open(row, "details"))


def raised(row: Patient | Provider, safe: Safe) -> None:
    """Raise the version, and seal again under it what a change leaves as it is."""
    original = safe.open(row, "original")
    row.version += 1
    if original is not None:
        row.original = safe.seal(row, "original", original)
