"""Taking in a file for a record, before the transaction that attaches it."""

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.conf import settings

from chiron.files.public import Manifest, Receiver, begin_file, drop_file, receive_form
from chiron.kernel import clock
from chiron.kernel.access import Call
from chiron.kernel.errors import NotPermitted
from chiron.records.attachments import RESOURCE
from chiron.records.queries import record_for
from chiron.records.services.attach import may_attach
from chiron.tenancy.public import current_organization_id, inside


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that arrived whole and is attached to nothing yet."""

    organization_id: UUID
    file_id: UUID
    name: str
    manifest: Manifest

    @property
    def digest(self) -> bytes:
        """What the same form sent again has in common with this one: its content and its name."""
        return f"{self.manifest.sha256} {self.name}".encode()

    def drop(self) -> None:
        """Remove it again, unless it was attached."""
        drop_file(organization_id=self.organization_id, file_id=self.file_id)


def receive_file(request: Call, record_id: str) -> ReceivedFile:
    """Take in the one file of a form, for a record that the caller may attach to, without a transaction held open.

    Nothing remains of a file that is refused or breaks off.
    Raises NotFound, NotPermitted, EnteredInError, RecordSigned, BodyTooLarge, UnsupportedFile, EmptyFile,
    StorageUnavailable.
    """
    by = request.caller
    if by.organization_id is None:
        raise NotPermitted
    with inside(by.organization_id):
        may_attach(by=by, record=record_for(by, UUID(record_id), "create", resource=RESOURCE))
        file = begin_file(now=clock.now())
        organization_id = current_organization_id()
    with ExitStack() as undo:
        undo.callback(partial(drop_file, organization_id=organization_id, file_id=file.id))
        receiver = Receiver(organization_id, file.id, at_most=settings.ATTACHMENT_MAX_BYTES)
        name = receive_form(request, receiver.write)
        manifest = receiver.finish()
        undo.pop_all()
    return ReceivedFile(organization_id, file.id, name, manifest)
