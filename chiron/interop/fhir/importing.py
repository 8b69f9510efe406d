"""Bringing a bundle into an organization: everything in it, or nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from chiron.audit import public as audit
from chiron.interop.errors import Fault, Refused
from chiron.interop.fhir.bundle import Bundle, Entry
from chiron.interop.fhir.reading.people import FULL_URL, identifier_in, key_in, own_name
from chiron.interop.fhir.reading.records import RecordSeen
from chiron.interop.fhir.report import Report, Tally
from chiron.interop.fhir.sorting import Refuse, Sorted, refuse_all, sort_bundle
from chiron.kernel.access import Caller
from chiron.kernel.errors import DomainError, NotPermitted
from chiron.records.public import Imported, RecordEntry, import_records
from chiron.registry.public import (
    import_patients,
    import_places,
    import_providers,
    known_patients,
    known_places,
    known_providers,
)
from chiron.tenancy.public import inside
from chiron.vault.public import exact_index, patient_safe

Seen = TypeVar("Seen")
Results = Sequence[tuple[UUID, str]]
Treating = Callable[[str], UUID | None]

DIRECTORY = ("Organization", "Location", "Practitioner")


def nobody(reference: str) -> None:
    return None


def import_bundle(
    *,
    by: Caller,
    organization_id: UUID,
    bundle: Bundle,
    now: datetime,
    refuse: Refuse = refuse_all,
    treating: Treating = nobody,
) -> Report:
    """Bring all that a bundle says up to date, in one transaction, with one event a patient.

    What the same source said before is updated, or left alone where it says nothing new: a second import of the same
    bundle changes nothing. `treating` knows providers outside the bundle, by the reference to them. What `refuse`
    lets pass is left out, the rest is brought. Raises Refused, and then nothing of the bundle was kept; NotPermitted.
    """
    types = [entry.resource_type for entry in bundle.entries]
    try:
        seen = sort_bundle(bundle, refuse)
        with inside(organization_id):
            return Import(by, organization_id, bundle, now, refuse, treating).run(seen)
    except NotPermitted:
        raise
    except Refused as refusal:
        raise refusal.counting(types) from None
    except DomainError as refusal:
        raise Refused(bundle.file, None, str(refusal)).counting(types) from None


def is_known(organization_id: UUID, reference: str) -> bool:
    """Whether an earlier import brought what has no number and is known by this reference alone."""
    keys = [f"{kind}|{FULL_URL}|{reference}" for kind in DIRECTORY]
    with inside(organization_id):
        return bool(known_patients([identifier_in(reference)]) or known_providers(keys) or known_places(keys))


@dataclass(frozen=True, slots=True)
class Import:
    """The import of one bundle, inside the transaction of its organization."""

    by: Caller
    organization_id: UUID
    bundle: Bundle
    now: datetime
    refuse: Refuse
    treating: Treating

    def run(self, seen: Sorted) -> Report:
        tally = Tally()
        places = import_places(by=self.by, seen=[place for _, place in seen.places], now=self.now)
        providers = import_providers(by=self.by, seen=[provider for _, provider in seen.providers], now=self.now)
        besides = [identifier_in(reference) for reference in seen.elsewhere]
        newcomers = [patient for _, patient in seen.patients]
        patients = import_patients(by=self.by, seen=newcomers, besides=besides, now=self.now)
        for pairs, results in ((seen.places, places), (seen.providers, providers), (seen.patients, patients)):
            count(tally, pairs, results)
        self.record_directory(tally)
        found = {entry.index: result for (entry, _), result in zip(seen.providers, providers, strict=True)}
        for role, practitioner in seen.roles:
            provider = found[role.index] = found[practitioner.index]
            tally.add(role.resource_type, provider[1])
        treated = {index: provider_id for index, (provider_id, _) in found.items()}
        authors = Authors(treated, self.bundle, seen, self.treating)
        records: dict[UUID, list[RecordSeen]] = defaultdict(list)
        for (entry, _), (patient_id, _) in zip(seen.patients, patients, strict=True):
            records[patient_id] += seen.records[entry.index]
        for patient_id, own in self.elsewhere(seen):
            records[patient_id] += own
        for patient_id, own in sorted(records.items()):  # always in one order, so that no two imports wait in a circle
            for each, imported in zip(own, self.import_records(patient_id, own, authors), strict=True):
                tally.add(each.entry.resource_type, imported.outcome)
        return Report(self.bundle.file, tally, tuple(records), treated)

    def elsewhere(self, seen: Sorted) -> Iterator[tuple[UUID, list[RecordSeen]]]:
        """The records about patients whom earlier imports brought; those of whom nobody knows are refused."""
        sought = {reference: identifier_in(reference) for reference in seen.elsewhere}
        known = known_patients(sought.values())
        for reference, own in seen.elsewhere.items():
            if sought[reference] in known:
                yield known[sought[reference]], own
                continue
            for each in own:
                reason = f"The {each.entry.resource_type} is about a patient who is neither in this file nor known."
                self.refuse(Refused(self.bundle.file, each.entry.index, reason))

    def record_directory(self, tally: Tally) -> None:
        """One event for the providers and places that a file brings, where it changes any."""
        changed = {kind: number for kind in DIRECTORY if (number := tally.of(kind, "imported", "updated"))}
        if changed:
            payload = {"source": self.bundle.digest} | changed
            audit.record(self.by, "provider.imported", resource="providers", payload=payload)

    def import_records(self, patient_id: UUID, records: Sequence[RecordSeen], authors: "Authors") -> Sequence[Imported]:
        names = Names()
        return import_records(
            by=self.by,
            patient_id=patient_id,
            safe=patient_safe(self.organization_id, patient_id),
            entries=[
                as_entry(each, self.key_of(patient_id, names.of(each.entry)), authors.of(each)) for each in records
            ],
            now=self.now,
            source=self.bundle.digest,
        )

    def key_of(self, patient_id: UUID, name: str) -> bytes:
        return exact_index(self.organization_id, "fhir record", str(patient_id), name)


class Authors:
    """Which provider wrote each record: one of the bundle, or one whom an earlier import brought."""

    def __init__(self, treated: dict[int, UUID], bundle: Bundle, seen: Sorted, treating: Treating) -> None:
        self.treated = treated
        self.treating = treating
        self.bundle = bundle
        records = (each for owned in (seen.records, seen.elsewhere) for own in owned.values() for each in own)
        references = {reference for each in records for reference in each.authors}
        sought = {reference: key_in(reference) for reference in references if bundle.found(reference) is None}
        known = known_providers(set(sought.values()))
        self.sought = {reference: known[key] for reference, key in sought.items() if key in known}

    def of(self, seen: RecordSeen) -> UUID | None:
        """The first provider whom the record names as its author."""
        return next((found for each in seen.authors if (found := self.provider(each)) is not None), None)

    def provider(self, reference: str) -> UUID | None:
        target = self.bundle.found(reference)
        if target is not None:
            return self.treated.get(target.index)
        return self.treating(reference) or self.sought.get(reference)


class Names:
    """What each resource of a patient is called in every import of the same source."""

    def __init__(self) -> None:
        self.nameless: dict[str, int] = defaultdict(int)

    def of(self, entry: Entry) -> str:
        """Its own name; one that has none is known by its text, and equal ones by their order."""
        try:
            return f"{entry.resource_type} {own_name(entry)}"
        except Fault:
            self.nameless[entry.original] += 1
            return f"{entry.resource_type} number {self.nameless[entry.original]} of {entry.original}"


def as_entry(seen: RecordSeen, source_key: bytes, author: UUID | None) -> RecordEntry:
    said = {name: getattr(seen.statement, name) for name in seen.statement.__dataclass_fields__}
    return RecordEntry(**said, source_key=source_key, status=seen.status, author_provider_id=author)


def count(tally: Tally, pairs: Sequence[tuple[Entry, Seen]], results: Results) -> None:
    for (entry, _), (_, outcome) in zip(pairs, results, strict=True):
        tally.add(entry.resource_type, outcome)
