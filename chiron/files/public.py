"""What other apps may use of files."""

from chiron.files.answers import serve
from chiron.files.carrying import has_sealed_part, put_sealed_part, sealed_parts
from chiron.files.errors import FileDamaged, RangeNotSatisfiable, StorageUnavailable, UnsupportedFile
from chiron.files.forms import receive_form
from chiron.files.kinds import fitting_name
from chiron.files.manifest import Manifest, manifest_of
from chiron.files.models import File
from chiron.files.reading import Content
from chiron.files.receiving import Examined, Examiner, Receiver
from chiron.files.services import (
    LONGEST,
    Swept,
    begin_file,
    drop_file,
    erase_files,
    keep_file,
    remove_erased,
    remove_files,
    stored_files,
    sweep,
    sweep_everywhere,
)
from chiron.files.storage import is_in_reach

__all__ = [
    "LONGEST",
    "Content",
    "Examined",
    "Examiner",
    "File",
    "FileDamaged",
    "Manifest",
    "RangeNotSatisfiable",
    "Receiver",
    "StorageUnavailable",
    "Swept",
    "UnsupportedFile",
    "begin_file",
    "drop_file",
    "erase_files",
    "fitting_name",
    "has_sealed_part",
    "is_in_reach",
    "keep_file",
    "manifest_of",
    "put_sealed_part",
    "receive_form",
    "remove_erased",
    "remove_files",
    "sealed_parts",
    "serve",
    "stored_files",
    "sweep",
    "sweep_everywhere",
]
