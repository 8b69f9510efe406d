"""Refusals of files."""

from chiron.kernel.errors import Conflict, DomainError, Invalid, Unavailable


class UnsupportedFile(DomainError):
    """By its content it is of no kind that is kept, or it pretends to be another."""

    code, title, status = "unsupported-file", "Files with this content are not accepted.", 415


class NotAForm(DomainError):
    code, title, status = "not-a-form", "Send the file as multipart/form-data, in the one field `file`.", 415


class EmptyFile(Invalid):
    code, title = "empty-file", "The file is empty."


class UploadAbandoned(Conflict):
    code, title = "upload-abandoned", "The file took too long to arrive and was given up: send it again."


class RangeNotSatisfiable(DomainError):
    code, title, status = "range-not-satisfiable", "The file does not reach as far as the range asked for.", 416


class FileDamaged(DomainError):
    """A part is missing, does not open, or the whole is not what was stored. Its bytes are never served."""

    code, title, status = "file-damaged", "The stored file is damaged and was not served.", 500


class StorageUnavailable(Unavailable):
    code, title = "storage-unavailable", "The storage of files is out of reach; nothing was changed. Try again."
