"""What opens a file: sealed in its row when it is stored, opened for those who may read it."""

from base64 import b64decode, b64encode
from dataclasses import dataclass, field

from chiron.files.errors import FileDamaged
from chiron.files.models import File
from chiron.kernel.log import logger
from chiron.vault.public import Safe


@dataclass(frozen=True, slots=True)
class Manifest:
    """The key of a file and what its content must be; `sha256` is that of the whole, in hexadecimal."""

    size: int
    content_type: str
    sha256: str
    key: bytes = field(repr=False)


def sealed(manifest: Manifest, file: File, safe: Safe) -> bytes:
    """The manifest for this row, and for no other."""
    said = {"size": manifest.size, "content_type": manifest.content_type, "sha256": manifest.sha256}
    return safe.seal(file, "manifest", said | {"key": b64encode(manifest.key).decode()})


def manifest_of(file: File, safe: Safe) -> Manifest:
    """The manifest of a stored file.

    Raises `OpeningFailed` where another safe sealed it, FileDamaged where the row says something else in clear.
    """
    said = safe.open(file, "manifest")
    manifest = Manifest(said["size"], said["content_type"], said["sha256"], b64decode(said["key"]))
    if (manifest.size, manifest.content_type) != (file.size, file.content_type):
        logger.error("file_damaged", file=str(file.id))
        raise FileDamaged
    return manifest
