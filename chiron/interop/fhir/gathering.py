"""Bringing in what is too large to hold: files are read once to see what there is, then again, patient by patient."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from chiron.interop.errors import Fault, Refused
from chiron.interop.fhir.bundle import Entry, Known, bundle_of
from chiron.interop.fhir.catalogue import Catalogue, Listed, digest
from chiron.interop.fhir.importing import import_bundle, is_known
from chiron.interop.fhir.pieces import Piece, Source
from chiron.interop.fhir.references import dangling
from chiron.interop.fhir.report import Report, Tally
from chiron.interop.fhir.sorting import Refuse, refuse_all
from chiron.kernel.access import Caller
from chiron.tenancy.public import inside

TOGETHER = 500  # so many resources are brought by one transaction, or those of one patient who has more
ROWS = 100  # so many practitioners and places

Group = Sequence[Listed]


@dataclass(frozen=True, slots=True)
class Load:
    """What one transaction brings: whole patients, with the providers whom their records name. It can be sent away."""

    sources: Sequence[Source]
    digest: str
    key: bytes
    groups: Sequence[Group]
    treating: dict[bytes, UUID] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """In bytes of the files."""
        return sum(listed.piece.length for group in self.groups for listed in group)

    def bring(self, *, by: Caller, organization_id: UUID, now: datetime, whole: bool = False) -> Report:
        """Import each group as far as it can be; the report says what was refused.

        With `whole`, one resource that cannot be imported refuses everything, and Refused is raised.
        """
        tally, patients, providers, refused = Tally(), list[UUID](), dict[int, UUID](), list[Refused]()
        with ExitStack() as stack, inside(organization_id):
            read = Reading(self.sources, stack)
            for group in self.groups:
                left_out: list[Refused] = []
                try:
                    bringing = Bringing(self, group, None if whole else left_out.append)
                    report = bringing.bring(read, by=by, organization_id=organization_id, now=now)
                except Refused as refusal:
                    if whole:
                        raise
                    refused.append(refusal)
                    continue
                refused += left_out
                tally.take_in(report.tally)
                patients += report.patient_ids
                providers |= {group[index].id: provider_id for index, provider_id in report.providers.items()}
        return Report("", tally, tuple(patients), providers, tuple(refused))


class Reading:
    """Files that stay open while resources are read from them."""

    def __init__(self, sources: Sequence[Source], stack: ExitStack) -> None:
        self.sources = sources
        self.stack = stack
        self.open: dict[int, BinaryIO] = {}

    def entry(self, piece: Piece, index: int) -> Entry:
        """Raises Refused where the file is gone, or another."""
        source = self.sources[piece.file]
        if piece.file not in self.open:
            self.open[piece.file] = self.stack.enter_context(source.opened())
        return source.entry_at(self.open[piece.file], piece, index)


@dataclass(frozen=True, slots=True)
class Bringing:
    """One group, as a bundle of its own; refusals say where in which file. Without `refuse`, each is raised."""

    load: Load
    group: Group
    refuse: Callable[[Refused], None] | None

    def bring(self, read: Reading, *, by: Caller, organization_id: UUID, now: datetime) -> Report:
        types = [listed.resource_type for listed in self.group]
        try:
            entries = [read.entry(listed.piece, index) for index, listed in enumerate(self.group)]
        except Refused as refusal:
            raise refusal.counting(types) from None
        try:
            bundle = bundle_of(entries, self.load.sources[0].path.name, self.load.digest)
            return import_bundle(
                by=by,
                organization_id=organization_id,
                bundle=bundle,
                now=now,
                refuse=refuse_all if self.refuse is None else self.pass_on,
                treating=lambda reference: self.load.treating.get(digest(self.load.key, reference)),
            )
        except Refused as refusal:
            raise self.located(refusal).counting(types) from None

    def pass_on(self, refusal: Refused) -> None:
        if self.refuse is not None and refusal.entry is not None:
            self.refuse(self.located(refusal).counting([self.group[refusal.entry].resource_type]))

    def located(self, refusal: Refused) -> Refused:
        """The refusal of an entry of the bundle, or of all of it, as one of its line, or of that of the patient."""
        patient = next((at for at, listed in enumerate(self.group) if listed.resource_type == "Patient"), 0)
        piece = self.group[patient if refusal.entry is None else refusal.entry].piece
        return self.load.sources[piece.file].refused(piece.number, refusal.reason)


class Gathering:
    """All resources of some files, to be brought load by load: `survey`, then `directory`, then `patients`."""

    def __init__(self, sources: Sequence[Source], organization_id: UUID) -> None:
        self.sources = sources
        self.organization_id = organization_id
        self.catalogue = Catalogue()
        self.digest = ""

    def survey(self, refuse: Refuse) -> None:
        """See what there is and whom it belongs to; what cannot be imported is told to `refuse` and left out."""
        digests = []
        for at, source in enumerate(self.sources):
            try:
                digests.append(source.digest())
                source.read(at, lambda piece, entry: self.list(piece, entry, refuse), refuse)
            except Refused as refusal:
                refuse(refusal)
        self.digest = digests[0].hex() if len(digests) == 1 else sha256(b"".join(sorted(digests))).hexdigest()
        with ExitStack() as stack:
            self.look_for_the_lost(Reading(self.sources, stack), refuse)
        for listed, reason in self.catalogue.settle():
            self.tell(refuse, listed.piece, listed.resource_type, reason)

    def list(self, piece: Piece, entry: Entry, refuse: Refuse) -> None:
        try:
            self.catalogue.add(piece, entry)
        except Fault as fault:
            self.tell(refuse, piece, entry.resource_type, str(fault))

    def look_for_the_lost(self, read: Reading, refuse: Refuse) -> None:
        """Refuse what points at something that is neither here nor known."""
        known: Known = lru_cache(maxsize=10_000)(lambda reference: is_known(self.organization_id, reference))
        for listed in self.catalogue.lost():
            resource = read.entry(listed.piece, 0).resource
            reason = dangling(resource, lambda reference: self.catalogue.has(reference) or known(reference))
            if reason is not None:
                self.catalogue.refuse(listed)
                self.tell(refuse, listed.piece, listed.resource_type, reason)

    def tell(self, refuse: Refuse, piece: Piece, resource_type: str, reason: str) -> None:
        refuse(self.sources[piece.file].refused(piece.number, reason).counting([resource_type]))

    def directory(self) -> Iterator[Load]:
        """The places and practitioners; what they became is to be told to `treats` before patients are brought."""
        for groups in together(self.catalogue.directory(), ROWS):
            yield Load(self.sources, self.digest, self.catalogue.key, [list(chain.from_iterable(groups))])

    def treats(self, report: Report) -> None:
        for number, provider_id in report.providers.items():
            self.catalogue.treats(number, provider_id)

    def patients(self) -> Iterator[Load]:
        for groups in together(self.catalogue.patients(), TOGETHER):
            treating = self.catalogue.treating(chain.from_iterable(groups))
            yield Load(self.sources, self.digest, self.catalogue.key, groups, treating)


def together(groups: Iterable[Group], most: int) -> Iterator[list[Group]]:
    """Groups, as many as have so many resources together; at least one."""
    waiting: list[Group] = []
    for group in groups:
        if waiting and sum(map(len, waiting)) + len(group) > most:
            yield waiting
            waiting = []
        waiting.append(group)
    if waiting:
        yield waiting


def import_large(*, by: Caller, organization_id: UUID, file: Path, now: datetime) -> Report:
    """Bring a bundle as `import_bundle` does, in one transaction, holding one patient at a time. Raises Refused."""
    gathering = Gathering([Source(file, lines=False)], organization_id)
    tally, patients = Tally(), list[UUID]()
    try:
        gathering.survey(refuse_all)
        with inside(organization_id):
            for load in chain(gathering.directory(), gathering.patients()):
                report = load.bring(by=by, organization_id=organization_id, now=now, whole=True)
                gathering.treats(report)
                tally.take_in(report.tally)
                patients += report.patient_ids
    except Refused as refusal:
        again = Refused(refusal.file, refusal.entry, refusal.reason)
        raise again.counting(gathering.catalogue.types()) from None
    return Report(file.name, tally, tuple(patients))
