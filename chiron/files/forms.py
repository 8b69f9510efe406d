"""The one file of a form, taken in while it arrives: it is never whole in memory, and never on a disk in plaintext."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from typing_extensions import override

from chiron.files.errors import NotAForm
from chiron.kernel.errors import Malformed, invalid

FIELD = "file"
PIECE = 256 * 1024


def receive_form(request: HttpRequest, write: Callable[[bytes], None]) -> str:
    """Hand the content of the form's one file to `write`, piece by piece; the name it was sent under.

    Raises NotAForm for anything but multipart/form-data, Malformed for a form that breaks off or cannot be read,
    Invalid where it does not hold one field `file` and nothing else, and what `write` raises.
    """
    if not request.META.get("CONTENT_TYPE", "").lower().startswith("multipart/form-data"):
        raise NotAForm
    body, handler = _Counted(request), _Handler(write)
    try:
        fields, _ = MultiPartParser(request.META, body, [handler], "utf-8").parse()  # type: ignore[arg-type]  # it only reads
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        raise Malformed from None
    if body.count != int(request.META.get("CONTENT_LENGTH") or 0):
        raise Malformed
    if fields or handler.fields != [FIELD]:
        raise invalid("must be one file, and the only field", "body", FIELD)
    return handler.name


class _Counted:
    """The body, read through to its end: the parser takes a body that breaks off for one that ends."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.count = 0

    def read(self, size: int) -> bytes:
        piece = self._request.read(size)
        self.count += len(piece)
        return piece


class _Handler(FileUploadHandler):
    """Django's hook for what to do with a file that arrives; of several files, only the first is handed on."""

    chunk_size = PIECE

    def __init__(self, write: Callable[[bytes], None]) -> None:
        super().__init__()
        self._write = write
        self.fields: list[str] = []
        self.name = ""

    @override
    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        super().new_file(field_name, file_name, *args, **kwargs)
        self.fields.append(field_name)
        self.name = self.name or file_name

    @override
    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.fields == [FIELD]:
            self._write(raw_data)

    @override
    def file_complete(self, file_size: int) -> None:
        """Nothing stands for the file but what was handed on."""
