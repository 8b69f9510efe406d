"""Files of GridFS become documents of their patients, each with the file attached; chunks come in their file alone."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings

from chiron.files.public import Examined, Examiner, Manifest, Receiver, begin_file, drop_file
from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.kernel.errors import DomainError
from chiron.operations.models import MigratedDocument, QuarantinedDocument, UnplacedDocument
from chiron.operations.mongo.ids import id_of
from chiron.operations.mongo.leaves import decoded
from chiron.operations.mongo.plans import CHUNKS, FILES, Context, Plan, Refused, Told
from chiron.operations.mongo.reading import Reader
from chiron.operations.mongo.reasons import Reason, Unfit
from chiron.operations.mongo.sources import SourceDamaged
from chiron.operations.mongo.storing import erased_of
from chiron.records.public import FileArrival, admit_file, settled_files
from chiron.tenancy.public import inside

NAME = r"[^\x00-\x1f\x7f]{1,200}"
CHANGED = "A file changed while it was read: start again."


@dataclass(slots=True)
class Incoming:
    """A file with the way to its bytes, and what was stored of it."""

    said: FileArrival
    key: Any
    context: Context
    received: tuple[UUID, Manifest] | None = None
    chunk_ids: list[UUID] = field(default_factory=list)

    def receive(self, receiver: Receiver) -> Manifest:
        """Store all its bytes. Raises SourceDamaged where they are no longer what was decided on."""
        try:
            for chunk in chunks_of(self.context, self.key):
                receiver.write(chunk["data"])
                self.chunk_ids.append(id_of(self.context.database, CHUNKS, chunk.get("_id")))
            manifest = receiver.finish()
        except Unfit:
            raise SourceDamaged(CHANGED) from None
        if manifest.sha256 != self.said.sha256:
            raise SourceDamaged(CHANGED)
        return manifest


class Files:
    """Its bytes are read to decide on it, and once more to store them: what is stored has the same SHA-256."""

    name = FILES

    def plan(self, reader: Reader, context: Context, organization_id: UUID) -> Plan:
        key = reader.document["_id"]
        file_id = id_of(context.database, self.name, key)
        named = context.refer(reader, "patient", "patients", organization_id, "Record.patient")
        patient_id = named or context.whose(file_id, organization_id)
        if patient_id is None:
            raise Unfit(Reason.MISSING, f"/{reader.field('patient')}")
        title = reader.text("name", "Record.title", fits=NAME) or "file"
        recorded_at = context.made_at(reader, "Record.recorded_at")
        found = _examined(reader, context)
        reader.take("", "File.sha256", found.sha256)
        arrival = FileArrival(
            id=file_id, patient_id=patient_id, title=title, size=found.size, sha256=found.sha256,
            recorded_at=recorded_at,
        )  # fmt: skip
        return Plan(
            organization_id=organization_id, arrival=Incoming(arrival, key, context), told=_told(arrival),
            patient_id=patient_id, weight=found.size,
        )  # fmt: skip

    def admit(self, by: Caller, plans: Sequence[Plan], now: datetime) -> set[UUID]:
        for plan in plans:
            file_id, manifest = plan.arrival.received
            admit_file(by=by, arrival=plan.arrival.said, file_id=file_id, manifest=manifest, now=now)
            QuarantinedDocument.objects.filter(id__in=plan.arrival.chunk_ids).delete()
            UnplacedDocument.objects.filter(id__in=plan.arrival.chunk_ids).delete()
        return set()

    def settled(self, organization_id: UUID, plans: Sequence[Plan]) -> dict[UUID, tuple[Told, bool]]:
        found = settled_files([plan.id for plan in plans])
        return {each: (_told(arrival), changed) for each, (arrival, changed) in found.items()}


class Chunks:
    """None becomes anything by itself: those of a file that came are in it, all others are quarantined."""

    name = CHUNKS

    def plan(self, reader: Reader, context: Context, organization_id: UUID) -> Plan:
        raise Unfit(Reason.DANGLING)

    def admit(self, by: Caller, plans: Sequence[Plan], now: datetime) -> set[UUID]:
        return set()

    def settled(self, organization_id: UUID, plans: Sequence[Plan]) -> dict[UUID, tuple[Told, bool]]:
        return {}


@contextmanager
def received(organization_id: UUID, group: Sequence[Plan | Refused]) -> Iterator[None]:
    """Store the bytes of the new files among these, before the transaction that attaches them begins.

    What was attached to nothing in the end is removed again; if the process dies, by the sweep of files.
    Raises SourceDamaged, StorageUnavailable.
    """
    plans = [each for each in group if isinstance(each, Plan) and isinstance(each.arrival, Incoming)]
    with ExitStack() as undo:
        for plan in plans:
            with inside(organization_id):
                if MigratedDocument.objects.filter(id=plan.id).exists() or erased_of([plan.patient_id]):
                    continue
                file = begin_file(now=clock.now())
            undo.callback(partial(drop_file, organization_id=organization_id, file_id=file.id))
            receiver = Receiver(organization_id, file.id, at_most=settings.ATTACHMENT_MAX_BYTES)
            plan.arrival.received = file.id, plan.arrival.receive(receiver)
        yield


def chunks_of(context: Context, key: Any) -> Iterator[dict[str, Any]]:
    """The chunks of a file, in their order, each with its bytes as `data`. Raises Unfit where one is missing."""
    for wanted, raw in enumerate(context.chunks(key)):
        chunk = decoded(raw)
        number = chunk.get("n")
        if number != wanted:
            raise Unfit(Reason.CHUNK_TWICE if number == wanted - 1 else Reason.CHUNK_MISSING)
        if not isinstance(chunk.get("data"), bytes):
            raise Unfit(Reason.WRONG_TYPE)
        yield chunk


def _examined(reader: Reader, context: Context) -> Examined:
    """What the file is, having read it to its end. Raises Unfit where that is not what its document says."""
    size, md5 = reader.number("size", "File.size"), reader.said("md5")
    examiner, digest = Examiner(at_most=settings.ATTACHMENT_MAX_BYTES), hashlib.md5(usedforsecurity=False)
    try:
        for chunk in chunks_of(context, reader.document["_id"]):
            examiner.write(chunk["data"])
            digest.update(chunk["data"])
        if size != examiner.size:
            raise Unfit(Reason.LENGTH, f"/{reader.field('size')}")
        if md5 is not None and md5 != digest.hexdigest():
            raise Unfit(Reason.DIGEST, f"/{reader.field('md5')}")
        return examiner.examined()
    except DomainError:
        raise Unfit(Reason.NOT_ACCEPTED) from None


def _told(said: FileArrival) -> Told:
    return {
        "Record.patient": str(said.patient_id),
        "Record.title": said.title,
        "Record.recorded_at": said.recorded_at.isoformat(),
        "File.size": repr(float(said.size)),
        "File.sha256": said.sha256,
    }
