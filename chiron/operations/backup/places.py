"""Where backups lie: a folder of this machine, or a bucket. Each is written whole, and counts when it is complete."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import Any, Protocol

import boto3  # type: ignore[import-untyped]
from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from django.conf import settings
from typing_extensions import override

from chiron.kernel.durable import sync
from chiron.operations.backup.errors import BackupRefused, Damaged

MANIFEST = "manifest.sealed"
BLOCK = 2**20
UNREACHED = (BotoCoreError, ClientError, Boto3Error)


class Place(Protocol):
    """One backup, wherever it lies."""

    def begin(self) -> None:
        """Be the one who makes it. Raises BackupRefused where another one does, or did."""

    def put(self, name: str, content: Iterable[bytes]) -> None:
        """Write a part, to the disk itself where it is one. Raises BackupRefused."""

    def get(self, name: str) -> Iterator[bytes]:
        """Read a part. Raises Damaged where there is none."""

    def finish(self) -> None:
        """Have it count; until then it is none."""

    def abandon(self) -> None:
        """Remove what was written of a backup that came to nothing, where that can be done; for who began it only."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A backup in a folder, which has the name `.partial` until it is whole."""

    path: Path

    @property
    def _partial(self) -> Path:
        return self.path.with_name(f"{self.path.name}.partial")

    def begin(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._partial.mkdir(mode=0o700)
        except OSError as error:
            if self._partial.is_dir():
                raise BackupRefused(f"Another backup is being made as {self.path}, or was killed there.") from None
            raise BackupRefused(f"{self._partial} cannot be made ({error.strerror}).") from None
        if self.path.exists():  # asked last: whoever was faster has it now
            self._partial.rmdir()
            raise BackupRefused(f"Another backup was made as {self.path}.")

    def put(self, name: str, content: Iterable[bytes]) -> None:
        try:
            with open(self._partial / name, "xb", opener=_private) as file:
                for each in content:
                    file.write(each)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise BackupRefused(f"{self._partial / name} cannot be written ({error.strerror}).") from None

    def get(self, name: str) -> Iterator[bytes]:
        folder = self._partial if self._partial.exists() else self.path
        try:
            with (folder / name).open("rb") as file:
                while block := file.read(BLOCK):
                    yield block
        except OSError as error:
            raise Damaged(f"{name} of the backup cannot be read ({error.strerror}).") from None

    def finish(self) -> None:
        sync(self._partial)
        self._partial.rename(self.path)
        sync(self.path.parent)

    def abandon(self) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)

    @override
    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A backup in a bucket of S3; it counts once its manifest is there, which is written last."""

    name: str
    prefix: str

    def begin(self) -> None:
        """Nothing has to be made."""

    def put(self, name: str, content: Iterable[bytes]) -> None:
        with _reached():
            _client().upload_fileobj(Reading(content), self.name, f"{self.prefix}/{name}")

    def get(self, name: str) -> Iterator[bytes]:
        with _reached():
            body = _client().get_object(Bucket=self.name, Key=f"{self.prefix}/{name}")["Body"]
            yield from body.iter_chunks(BLOCK)

    def finish(self) -> None:
        """Nothing is left to do."""

    def abandon(self) -> None:
        """Nothing can be done: whoever writes backups should not be able to remove any."""

    @override
    def __str__(self) -> str:
        return f"s3://{self.name}/{self.prefix}"


class Reading(RawIOBase):
    """A stream of bytes as a file to be read."""

    def __init__(self, content: Iterable[bytes]) -> None:
        self._content, self._held = iter(content), b""

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        while not self._held:
            try:
                self._held = next(self._content)
            except StopIteration:
                return 0
        taken, self._held = self._held[: len(buffer)], self._held[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)

    @override
    def read(self, size: int = -1) -> bytes:
        """So many bytes, fewer at the end only: half a part of an upload would be refused."""
        found = bytearray()
        while size < 0 or len(found) < size:
            block = bytearray(BLOCK if size < 0 else size - len(found))
            read = self.readinto(block)
            if not read:
                break
            found += block[:read]
        return bytes(found)


@contextmanager
def _reached() -> Iterator[None]:
    """Says in our words that a bucket is out of reach, or that something is not in it."""
    try:
        yield
    except UNREACHED as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
            raise Damaged("A part of the backup is not in the bucket.") from None
        raise BackupRefused(f"The bucket cannot be used ({type(error).__name__}).") from None


def _client() -> Any:
    patience = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 3})
    try:
        return boto3.client("s3", endpoint_url=settings.BACKUP_ENDPOINT_URL or None, config=patience)
    except ValueError:
        raise BackupRefused("BACKUP_ENDPOINT_URL is no address: it begins with https:// (or http://).") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
