"""What becomes of each document, decided without writing anything: forecast, backfill and verification agree by it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from bson import ObjectId
from bson.errors import BSONError

from chiron.kernel.access import Caller
from chiron.operations.models import MigratedDocument
from chiron.operations.mongo.ids import id_of, key_in
from chiron.operations.mongo.leaves import decoded
from chiron.operations.mongo.mapping import Mapping
from chiron.operations.mongo.reading import Leaf, Reader
from chiron.operations.mongo.reasons import Reason, Unfit
from chiron.tenancy.public import all_organizations, inside, organization_for_slug
from chiron.vault.public import erased_organizations

ORGANIZATION = "Organization.id"
FILES, CHUNKS = "files", "chunks"
Told = dict[str, str]
"""What is said of something, by location."""


@dataclass(slots=True, kw_only=True)
class Plan:
    """A document that can be taken over: as what, and where each leaf of it goes."""

    organization_id: UUID
    arrival: Any = None
    told: Told = field(default_factory=dict)
    claims: list[tuple[str, str]] = field(default_factory=list)
    """What must be its own: the pointer to it, and what it is."""
    patient_id: UUID | None = None
    account_id: UUID | None = None
    weight: int = 0
    """Bytes that belong to it beside the document."""
    set_aside: list[tuple[str, Reason, str]] = field(default_factory=list)
    id: UUID = UUID(int=0)
    key: bytes | None = None
    raw: bytes = b""
    leaves: list[Leaf] = field(default_factory=list)
    rest: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that cannot be taken over; ``organization_id`` where it is known whose it is."""

    id: UUID
    raw: bytes
    reason: Reason
    path: str
    organization_id: UUID | None
    patient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A document that is left behind on purpose."""

    reason: str


Decision = Plan | Refused | Skipped


class Kind(Protocol):
    """A collection of version 1, and what its documents become. Permanent names: they are stored."""

    name: str

    def plan(self, reader: Reader, context: "Context", organization_id: UUID) -> Plan:
        """What becomes of a document. Raises Unfit."""

    def admit(self, by: Caller, plans: Sequence[Plan], now: datetime) -> set[UUID]:
        """Make it so, inside the organization's transaction; those refused, as something of theirs is taken here."""

    def settled(self, organization_id: UUID, plans: Sequence[Plan]) -> dict[UUID, tuple[Told, bool]]:
        """What stands now, and whether it was changed since."""


class Context:
    """What was seen of the source so far. About 150 bytes for each document that others may refer to."""

    def __init__(
        self, database: str, mapping: Mapping, now: datetime, only: str = "",
        chunks: Callable[[Any], Iterator[bytes]] = lambda _: iter(()),
    ) -> None:  # fmt: skip
        """``only`` is the `_id`, as text, of the one organization that is wanted; ``chunks`` gives those of a file."""
        self.chunks = chunks
        self.database, self.mapping, self.now = database, mapping, now
        self._only = str(key_in(only))
        self._placed: dict[bytes, UUID] = {}
        self._seen: set[bytes] = set()
        self._claimed: set[bytes] = set()
        self._referred: dict[bytes, tuple[Any, UUID | None]] = {}
        self._lost: dict[bytes, tuple[UUID | None, UUID | None]] = {}
        self._erased = {line.organization_id for line in erased_organizations()}
        self._tenants = {str(key_in(key)): organization_for_slug(slug).id for key, slug in mapping.tenants.items()}

    def decide(self, kind: Kind, raw: bytes) -> Decision:
        """What becomes of the next document of the source. The same documents give the same decisions."""
        document_id = id_of(self.database, kind.name, hashlib.sha256(raw).hexdigest())
        organization_id: UUID | None = None
        patient_id: UUID | None = None
        try:
            document = decoded(raw)
            reader = Reader(document, self.mapping.fields[kind.name], self.mapping)
            if kind.name == CHUNKS:
                file = self._file_of(reader)
                if file is None:
                    return Skipped("in its file, or of one that is left behind")
                organization_id, patient_id = file
            document_id = self._own_id(kind, document, raw)
            if kind.name == CHUNKS:
                raise Unfit(Reason.DANGLING, f"/{reader.field('file')}")
            organization_id, owner = self._organization(kind, reader, document_id)
            self._note_files(kind, reader, document_id, owner)
            if self._only and str(owner) != self._only:
                return Skipped("of another organization")
            if organization_id in self._erased:
                return Skipped("of an organization that was erased here")
            patient_id = self._patient(reader, organization_id, document_id)
            plan = kind.plan(reader, self, organization_id)
            plan.id, plan.raw, plan.leaves, plan.rest = document_id, raw, reader.leaves, reader.rest()
            key = document["_id"]
            plan.key = key.binary if isinstance(key, ObjectId) else None
            if kind.name != "organizations":
                plan.told[ORGANIZATION] = str(organization_id)
            patient_id = plan.patient_id
            self._claim(kind, plan)
        except Unfit as unfit:
            if kind.name == FILES:
                self._lost[document_id.bytes] = organization_id, patient_id
            return Refused(document_id, raw, unfit.reason, unfit.path, organization_id, patient_id)
        self._placed[document_id.bytes] = organization_id
        return plan

    def refuse(self, plan: Plan, reason: Reason) -> Refused:
        """A document that was planned for, and could not come after all: nothing refers to it any more."""
        self._placed.pop(plan.id.bytes, None)
        return Refused(plan.id, plan.raw, reason, "", plan.organization_id, plan.patient_id)

    def refer(self, reader: Reader, field: str, kind: str, organization_id: UUID, location: str) -> UUID | None:
        """What the document of a reference became, None where there is no reference. Raises Unfit."""
        pointer, key = reader.reference(field)
        if key is None:
            return None
        target = self._id_of(kind, key, pointer)
        placed = self._placed.get(target.bytes)
        if placed is None:
            raise Unfit(Reason.DANGLING, pointer)
        if placed != organization_id:
            raise Unfit(Reason.ELSEWHERE, pointer)
        reader.take(pointer, location, str(target))
        return target

    def known(self, reader: Reader, field: str, kind: str, organization_id: UUID) -> UUID | None:
        """The same where it is known in this organization, and None otherwise; the reference stays in the rest."""
        pointer, key = reader.reference(field)
        target = self._id_of(kind, key, pointer)
        return target if self._placed.get(target.bytes) == organization_id else None

    def whose(self, file_id: UUID, organization_id: UUID) -> UUID | None:
        """Of whom the documents are that refer to a file; None where none does. Raises Unfit."""
        if file_id.bytes not in self._referred:
            return None
        _, patient_id = self._referred[file_id.bytes]
        if patient_id is None:
            raise Unfit(Reason.OF_SEVERAL)
        if self._placed.get(patient_id.bytes) != organization_id:
            raise Unfit(Reason.DANGLING)
        return patient_id

    def made_at(self, reader: Reader, location: str) -> datetime:
        """When the document says it was made, or its ObjectId. Raises Unfit where neither does."""
        moment = reader.moment("created_at", location)
        if moment is not None:
            return moment
        key = reader.document["_id"]
        if not isinstance(key, ObjectId):
            raise Unfit(Reason.MISSING, "/created_at")
        return key.generation_time.astimezone(UTC)

    def is_here(self, key: Any) -> bool:
        """Whether the mapping says that an organization of the source is one that was here before."""
        return str(key_in(key)) in self._tenants

    def organization_id_of(self, key: Any, pointer: str = "") -> UUID:
        """The organization that the document with this `_id` is."""
        return self._tenants.get(str(key_in(key))) or self._id_of("organizations", key, pointer)

    def _own_id(self, kind: Kind, document: Map[str, Any], raw: bytes) -> UUID:
        if "_id" not in document:
            raise Unfit(Reason.MISSING, "/_id")
        document_id = self._id_of(kind.name, document["_id"], "/_id")
        if document_id.bytes in self._seen:
            raise Unfit(Reason.SECOND_OF_ITS_ID)
        self._seen.add(document_id.bytes)
        return document_id

    def _organization(self, kind: Kind, reader: Reader, document_id: UUID) -> tuple[UUID, Any]:
        if kind.name == "organizations":
            key = key_in(reader.document["_id"])
            return self.organization_id_of(key), key
        pointer, key = reader.reference("organization")
        if key is None and document_id.bytes in self._referred:
            key, _ = self._referred[document_id.bytes]
            return self.organization_id_of(key, pointer), key
        if key is None:
            raise Unfit(Reason.WITHOUT_ORGANIZATION, pointer)
        organization_id = self.organization_id_of(key, pointer)
        if self._placed.get(self._id_of("organizations", key, pointer).bytes) is None and not self._is_left(key):
            raise Unfit(Reason.UNKNOWN_ORGANIZATION, pointer)
        reader.take(pointer, ORGANIZATION, str(organization_id))
        return organization_id, key

    def _patient(self, reader: Reader, organization_id: UUID, document_id: UUID) -> UUID | None:
        """Whom a document is about, as far as that is known before anything else is: quarantined, it goes with them."""
        if reader.has("patient") and (named := self.known(reader, "patient", "patients", organization_id)):
            return named
        _, referring = self._referred.get(document_id.bytes, (None, None))
        return referring if referring and self._placed.get(referring.bytes) == organization_id else None

    def _note_files(self, kind: Kind, reader: Reader, document_id: UUID, owner: Any) -> None:
        """Of whom the files are that a document refers to."""
        if not reader.has("files"):
            return
        patient_id: UUID | None = document_id
        if kind.name != "patients":
            pointer, key = reader.reference("patient")
            patient_id = None if key is None else self._id_of("patients", key, pointer)
        for key in reader.references("files") if patient_id else []:
            file = self._id_of(FILES, key, f"/{reader.field('files')}").bytes
            if self._referred.setdefault(file, (owner, patient_id)) != (owner, patient_id):
                self._referred[file] = owner, None

    def _file_of(self, reader: Reader) -> tuple[UUID | None, UUID | None] | None:
        """The organization and patient of a chunk that nothing else keeps; None where it need not be kept."""
        pointer, key = reader.reference("file")
        file = self._id_of(FILES, key, pointer).bytes
        if file in self._lost:
            return self._lost[file]
        return None if file in self._seen else (None, None)

    def _is_left(self, key: Any) -> bool:
        return (bool(self._only) and str(key) != self._only) or self.organization_id_of(key) in self._erased

    def _claim(self, kind: Kind, plan: Plan) -> None:
        claims = [
            (pointer, hashlib.sha256(f"{kind.name}\0{what}".encode()).digest()[:16]) for pointer, what in plan.claims
        ]
        for pointer, claim in claims:
            if claim in self._claimed and not _is_here(plan):
                raise Unfit(Reason.DUPLICATE, pointer)
        self._claimed.update(claim for _, claim in claims)

    def _id_of(self, kind: str, key: Any, pointer: str) -> UUID:
        try:
            return id_of(self.database, kind, key)
        except (BSONError, OverflowError, TypeError, ValueError):
            raise Unfit(Reason.WRONG_TYPE, pointer) from None


def _is_here(plan: Plan) -> bool:
    """Whether a document came before: then it was the first, whatever the source's order is."""
    if plan.organization_id not in {each.id for each in all_organizations()}:
        return False
    with inside(plan.organization_id):
        return MigratedDocument.objects.filter(id=plan.id).exists()
