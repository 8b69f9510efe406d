"""Taking in a file of blood counts, before the transaction that begins its batch."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import TextChoices
from django.http import UnreadablePostError

from chiron.files.public import Content, Manifest, Receiver, begin_file, drop_file, receive_form
from chiron.kernel import clock
from chiron.kernel.access import Call
from chiron.kernel.errors import Malformed, NotPermitted, invalid
from chiron.screening.batch_file import Layout, rows_of
from chiron.screening.batch_text import Utf8
from chiron.screening.words import DecimalMark, Delimiter, Encoding
from chiron.tenancy.public import current_organization_id, inside

PIECE = 256 * 1024
Word = TypeVar("Word", bound=TextChoices)


@dataclass(frozen=True, slots=True)
class ReceivedBatch:
    """A file of blood counts that arrived whole and was understood, with so many rows, and is no batch yet."""

    organization_id: UUID
    file_id: UUID
    manifest: Manifest
    rows: int
    layout: Layout
    asked: str

    @property
    def digest(self) -> bytes:
        """What the same request sent again has in common with this one: the content, and how it is to be read."""
        return f"{self.manifest.sha256} {self.asked}".encode()

    def drop(self) -> None:
        """Remove it again, unless a batch keeps it."""
        drop_file(organization_id=self.organization_id, file_id=self.file_id)


def receive_batch(request: Call) -> ReceivedBatch:
    """Take in a body of `text/csv`, or the one file of a form, and read it once: whole it is understood, or refused.

    It is sealed while it arrives, and nothing remains of one that is refused. Raises NotPermitted, Malformed, Invalid
    naming what of the file is not understood, BodyTooLarge, UnsupportedFile, NotAForm, EmptyFile, StorageUnavailable.
    """
    if request.caller.organization_id is None:
        raise NotPermitted
    encoding = _said(request, "encoding", Encoding)
    layout = Layout(_said(request, "delimiter", Delimiter), _said(request, "decimal", DecimalMark))
    with inside(request.caller.organization_id):
        file = begin_file(now=clock.now())
        organization_id = current_organization_id()
    with ExitStack() as undo:
        undo.callback(partial(drop_file, organization_id=organization_id, file_id=file.id))
        receiver = Receiver(organization_id, file.id, at_most=settings.SCREENING_BATCH_MAX_BYTES)
        text = Utf8(receiver.write, encoding)
        if request.content_type == "text/csv":
            _take_body(request, text.write)
        else:
            receive_form(request, text.write)
        text.finish()
        manifest = receiver.finish()
        rows = sum(1 for _ in rows_of(Content(organization_id, file.id, manifest).read(), layout))
        undo.pop_all()
    return ReceivedBatch(organization_id, file.id, manifest, rows, layout, request.GET.urlencode())


def _said(request: Call, name: str, words: type[Word]) -> Word | None:
    """What the address says of the file by that name; nothing where it is silent. Raises Invalid."""
    said = request.GET.get(name)
    if said is None:
        return None
    if said not in words.values:
        raise invalid(f"is none of {', '.join(words.values)}", "query", name)
    return words(said)


def _take_body(request: Call, write: Callable[[bytes], None]) -> None:
    """All of the body. Raises Malformed where it breaks off."""
    left = int(request.META.get("CONTENT_LENGTH") or 0)
    try:
        while piece := request.read(PIECE):
            left -= len(piece)
            write(piece)
    except UnreadablePostError:
        raise Malformed from None
    if left:
        raise Malformed
