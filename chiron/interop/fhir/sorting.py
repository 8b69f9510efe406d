"""Whom each entry of a bundle belongs to: rows of the registry, and records each with its patient."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from chiron.interop.errors import Fault, Refused
from chiron.interop.fhir.bundle import Bundle, Entry
from chiron.interop.fhir.reading.elements import Element
from chiron.interop.fhir.reading.people import patient_seen, place_seen, provider_seen
from chiron.interop.fhir.reading.records import RecordSeen, record_seen
from chiron.interop.fhir.references import references, type_in
from chiron.registry.public import PatientSeen, PlaceSeen, ProviderSeen

Seen = TypeVar("Seen")

PLACES = frozenset({"Organization", "Location"})
SEVERAL = "belongs to several patients."
MANY = "names no patient, and this file has several."
NONE = "names no patient, and this file has none."
UNWANTED = "is about a patient who is refused."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """A bundle, read: every entry stands in exactly one of these. `roles` are part of their provider."""

    patients: Sequence[tuple[Entry, PatientSeen]]
    providers: Sequence[tuple[Entry, ProviderSeen]]
    places: Sequence[tuple[Entry, PlaceSeen]]
    roles: Sequence[tuple[Entry, Entry]]
    """A PractitionerRole, and the Practitioner who has it."""
    records: dict[int, list[RecordSeen]] = field(default_factory=dict)
    """By the index of the patient's entry."""
    elsewhere: dict[str, list[RecordSeen]] = field(default_factory=dict)
    """About patients who are not in this bundle, by the reference to them."""


Refuse = Callable[[Refused], None]


def refuse_all(refusal: Refused) -> None:
    """One resource that is refused refuses the whole bundle."""
    raise refusal


def sort_bundle(bundle: Bundle, refuse: Refuse = refuse_all) -> Sorted:
    """What a bundle says, every resource with the patient it belongs to.

    A resource that names no patient goes with the patient of what it points at, else with that of what points at it,
    else with the only patient of the file. What cannot be read, or belongs to nobody or to several, is told to
    `refuse`; unless that raises, the rest is sorted without it.
    """
    read = Reader(bundle, refuse)
    providers, roles = treating(read)
    patients = list(read.each(read.by_type["Patient"], patient_seen))
    records = {entry.index: each for entry, each in read.each(clinical(bundle), lambda each: record_seen(each, bundle))}
    sorted_ = Sorted(
        patients=patients,
        providers=providers,
        places=list(read.each((each for each in bundle.entries if each.resource_type in PLACES), place_seen)),
        roles=roles,
        records={entry.index: [] for entry, _ in patients},
    )
    owners = Owners(bundle, list(records.values()), read.refused)
    for entry, owner in read.each([each.entry for each in records.values()], owners.of):
        if isinstance(owner, int):
            sorted_.records[owner].append(records[entry.index])
        else:
            sorted_.elsewhere.setdefault(owner, []).append(records[entry.index])
    return sorted_


class Reader:
    """Reads the entries of a bundle; one with a fault is told to `refuse` and left out."""

    def __init__(self, bundle: Bundle, refuse: Refuse) -> None:
        self.bundle = bundle
        self.refuse = refuse
        self.refused: set[int] = set()
        self.by_type: dict[str, list[Entry]] = defaultdict(list)
        for entry in bundle.entries:
            self.by_type[entry.resource_type].append(entry)

    def each(self, entries: Iterable[Entry], read: Callable[[Entry], Seen]) -> Iterator[tuple[Entry, Seen]]:
        for entry in entries:
            try:
                yield entry, read(entry)
            except Fault as fault:
                self.refused.add(entry.index)
                self.refuse(Refused(self.bundle.file, entry.index, str(fault)))


def treating(read: Reader) -> tuple[list[tuple[Entry, ProviderSeen]], list[tuple[Entry, Entry]]]:
    """The practitioners, and each role with the practitioner who has it."""
    held = list(read.each(read.by_type["PractitionerRole"], lambda role: holder(role, read.bundle)))
    roles: dict[int, list[Entry]] = defaultdict(list)
    for role, practitioner in held:
        roles[practitioner.index].append(role)
    providers = list(read.each(read.by_type["Practitioner"], lambda each: provider_seen(each, roles[each.index])))
    kept = {entry.index for entry, _ in providers}
    return providers, list(read.each((role for role, _ in held), lambda role: holder(role, read.bundle, kept)))


def clinical(bundle: Bundle) -> Iterator[Entry]:
    registered = PLACES | {"Patient", "Practitioner", "PractitionerRole"}
    return (each for each in bundle.entries if each.resource_type not in registered)


def holder(role: Entry, bundle: Bundle, kept: Container[int] | None = None) -> Entry:
    """The practitioner who has a role. Raises Fault where there is none, or none of those kept."""
    link = Element(role.resource_type, role.resource).one("practitioner")
    practitioner = bundle.found(link.text("reference")) if link is not None else None
    if practitioner is None or practitioner.resource_type != "Practitioner":
        raise Fault("PractitionerRole.practitioner is not in this file.")
    if kept is not None and practitioner.index not in kept:
        raise Fault("PractitionerRole.practitioner is refused.")
    return practitioner


Owner = int | str  # the index of a patient's entry, or a reference to a patient who is not in this file


class Owners:
    """Which patient each record belongs to."""

    def __init__(self, bundle: Bundle, seen: Sequence[RecordSeen], refused: Container[int] = ()) -> None:
        self.bundle = bundle
        self.refused = refused
        self.patients: set[Owner] = {each.index for each in bundle.entries if each.resource_type == "Patient"}
        self.named = {each.entry.index: owner for each in seen if (owner := self.named_by(each)) is not None}
        self.pointing: dict[int, set[int]] | None = None

    def of(self, entry: Entry) -> Owner:
        """Raises Fault where it is nobody's or several's, or its patient is refused."""
        near = {self.named[entry.index]} if entry.index in self.named else self.near(entry)
        wanted = near or self.patients or set(self.named.values())
        if len(wanted) != 1:
            raise Fault(f"The {entry.resource_type} {SEVERAL if near else MANY if wanted else NONE}")
        [owner] = wanted
        if isinstance(owner, int) and owner in self.refused:
            raise Fault(f"The {entry.resource_type} {UNWANTED}")
        return owner

    def near(self, entry: Entry) -> set[Owner]:
        """The patients of what it points at, else of what points at it."""
        found = self.beyond(self.targets(entry)) | self.outside(entry)
        return found or self.beyond(self.sources().get(entry.index, set()))

    def named_by(self, seen: RecordSeen) -> Owner | None:
        """The patient whom a record names itself."""
        found = self.bundle.found(seen.patient)
        if found is not None:
            return found.index if found.index in self.patients else None
        another = seen.patient.startswith("#") or type_in(seen.patient) not in ("", "Patient")
        return seen.patient if seen.patient and not another else None

    def targets(self, entry: Entry) -> set[int]:
        found = (self.bundle.found(reference) for reference in references(entry.resource))
        return {each.index for each in found if each is not None}

    def outside(self, entry: Entry) -> set[Owner]:
        """The patients it points at who are not in this file."""
        return {
            reference
            for reference in references(entry.resource)
            if type_in(reference) == "Patient" and self.bundle.found(reference) is None
        }

    def sources(self) -> dict[int, set[int]]:
        """Who points at an entry."""
        if self.pointing is None:
            self.pointing = defaultdict(set)
            for entry in self.bundle.entries:
                for target in self.targets(entry):
                    self.pointing[target].add(entry.index)
        return self.pointing

    def beyond(self, indexes: set[int]) -> set[Owner]:
        """The patients that these entries are, or belong to."""
        return (self.patients & indexes) | {self.named[index] for index in indexes if index in self.named}
