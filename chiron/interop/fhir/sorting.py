"""Whom each entry of a bundle belongs to: rows of the registry, and records each with its patient."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
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


def sort_bundle(bundle: Bundle) -> Sorted:
    """What a bundle says, every resource with the patient it belongs to.

    A resource that names no patient goes with the patient of what it points at, else with that of what points at it,
    else with the only patient of the file. Raises Refused for what cannot be read, or belongs to nobody or to several.
    """
    by_type: dict[str, list[Entry]] = defaultdict(list)
    for entry in bundle.entries:
        by_type[entry.resource_type].append(entry)
    patients = by_type["Patient"]
    roles = [(role, reading(bundle, role, lambda role: holder(role, bundle))) for role in by_type["PractitionerRole"]]
    held: dict[int, list[Entry]] = defaultdict(list)
    for role, practitioner in roles:
        held[practitioner.index].append(role)
    sorted_ = Sorted(
        patients=[(each, reading(bundle, each, patient_seen)) for each in patients],
        providers=[
            (each, reading(bundle, each, lambda entry: provider_seen(entry, held[entry.index])))
            for each in by_type["Practitioner"]
        ],
        places=[(each, reading(bundle, each, place_seen)) for each in bundle.entries if each.resource_type in PLACES],
        roles=roles,
        records={each.index: [] for each in patients},
    )
    seen = [reading(bundle, each, lambda entry: record_seen(entry, bundle)) for each in clinical(bundle)]
    owners = Owners(bundle, seen)
    for each in seen:
        owner = owners.of(each)
        if isinstance(owner, int):
            sorted_.records[owner].append(each)
        else:
            sorted_.elsewhere.setdefault(owner, []).append(each)
    return sorted_


def clinical(bundle: Bundle) -> Iterator[Entry]:
    registered = PLACES | {"Patient", "Practitioner", "PractitionerRole"}
    return (each for each in bundle.entries if each.resource_type not in registered)


def reading(bundle: Bundle, entry: Entry, read: Callable[[Entry], Seen]) -> Seen:
    """Read an entry; a fault refuses the whole bundle."""
    try:
        return read(entry)
    except Fault as fault:
        raise Refused(bundle.file, entry.index, str(fault)) from None


def holder(role: Entry, bundle: Bundle) -> Entry:
    link = Element(role.resource_type, role.resource).one("practitioner")
    practitioner = bundle.found(link.text("reference")) if link is not None else None
    if practitioner is None or practitioner.resource_type != "Practitioner":
        raise Fault("PractitionerRole.practitioner is not in this file.")
    return practitioner


Owner = int | str  # the index of a patient's entry, or a reference to a patient who is not in this file


class Owners:
    """Which patient each record belongs to."""

    def __init__(self, bundle: Bundle, seen: Sequence[RecordSeen]) -> None:
        self.bundle = bundle
        self.patients: set[Owner] = {each.index for each in bundle.entries if each.resource_type == "Patient"}
        self.named = {each.entry.index: owner for each in seen if (owner := self.named_by(each)) is not None}
        self.pointing: dict[int, set[int]] | None = None

    def of(self, seen: RecordSeen) -> Owner:
        """Raises Refused where it is nobody's or several's."""
        index = seen.entry.index
        if index in self.named:
            return self.named[index]
        near = self.beyond(self.targets(seen.entry)) | self.outside(seen.entry)
        near = near or self.beyond(self.sources().get(index, set()))
        wanted = near or self.patients or set(self.named.values())
        if len(wanted) == 1:
            return next(iter(wanted))
        reason = "belongs to several patients" if wanted else "names no patient, and this file has none"
        raise Refused(self.bundle.file, index, f"The {seen.entry.resource_type} {reason}.")

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
