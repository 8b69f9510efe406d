"""Where the documents of version 1 are read: a live server, or the folder of a dump; in both cases read only."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol

import bson
from bson.codec_options import CodecOptions
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
SUFFIXES = (".bson", ".bson.gz")
SECONDS_MS = 10_000
BATCH = 1000
CHUNKS_AT_ONCE = 16
NOT_DATA = ("system.",)


class SourceDamaged(Exception):
    """A source that cannot be read to its end; its words name a file or a server, never a value."""


class Source(Protocol):
    """Documents by collection, as bytes of BSON, in an order that stays the same."""

    database: str

    def counts(self) -> dict[str, int]:
        """Every collection, with how many documents it holds. Raises SourceDamaged."""

    def read(self, collection: str) -> Iterator[bytes]:
        """The documents of one collection; none where there is no such. Raises SourceDamaged."""

    def chunks(self, collection: str, file: Any) -> Iterator[bytes]:
        """The chunks of the GridFS file with that `_id`, in the order of their numbers. Raises SourceDamaged."""

    def close(self) -> None:
        """Nothing more is read."""


class Dump:
    """The folder that mongodump wrote: `<folder>/<database>/<collection>.bson`, or `.bson.gz`."""

    def __init__(self, folder: Path) -> None:
        """Give the folder of the database, or the one above it where that holds a single one. Raises SourceDamaged."""
        self._folder = _folder_of_database(folder)
        self.database = self._folder.name
        self._files: dict[str, Path] = {}
        for path in sorted(filter(_is_data, self._folder.iterdir())):
            other = self._files.setdefault(path.name.split(".bson")[0], path)
            if other != path:
                raise SourceDamaged(f"{other.name} and {path.name} are of one collection: keep the one that is right.")
        self._places: dict[bytes, list[tuple[int, int]]] | None = None
        self._chunks: IO[bytes] | None = None

    def counts(self) -> dict[str, int]:
        return {collection: sum(1 for _ in self.read(collection)) for collection in self._files}

    def read(self, collection: str) -> Iterator[bytes]:
        path = self._files.get(collection)
        if path is None:
            return
        try:
            with _opened(path) as file:
                for document in bson.decode_file_iter(file, RAW):
                    yield bytes(document.raw)
        except (BSONError, EOFError, OSError, zlib.error) as error:
            raise SourceDamaged(f"{path.name} is cut off or damaged ({type(error).__name__}).") from None

    def chunks(self, collection: str, file: Any) -> Iterator[bytes]:
        """The first time, all are walked past and it is noted where each stands: about 150 bytes a chunk."""
        path = self._files.get(collection)
        if path is None:
            return
        if self._places is None:
            self._places, self._chunks = _places_of(self.read(collection)), _opened(path)
        try:
            for _, place in sorted(self._places.get(_key(file), [])):
                yield _document_at(self._chunks, place)  # type: ignore[arg-type]
        except (EOFError, OSError, zlib.error) as error:
            raise SourceDamaged(f"{path.name} cannot be read ({type(error).__name__}).") from None

    def close(self) -> None:
        if self._chunks is not None:
            self._chunks.close()


class Server:
    """A live server. Each collection is read in the order of `_id`, as the majority of the replica set has it."""

    def __init__(self, uri: str, database: str | None = None) -> None:
        """Without `database`, the one that the URI names. Raises SourceDamaged."""
        try:
            self._client: MongoClient[RawBSONDocument] = MongoClient(
                uri, document_class=RawBSONDocument, serverSelectionTimeoutMS=SECONDS_MS, socketTimeoutMS=SECONDS_MS * 6
            )
        except (PyMongoError, ValueError) as error:
            raise SourceDamaged(f"The server's address cannot be used ({type(error).__name__}).") from None
        try:
            self._database = self._client.get_database(database) if database else self._client.get_default_database()
        except PyMongoError as error:
            self._client.close()
            raise SourceDamaged(f"The server's address cannot be used ({type(error).__name__}).") from None
        self.database = self._database.name

    def counts(self) -> dict[str, int]:
        try:
            names = sorted(self._database.list_collection_names())
            return {name: self._found(name).count_documents({}) for name in names if not name.startswith(NOT_DATA)}
        except PyMongoError as error:
            raise SourceDamaged(f"The server does not answer ({type(error).__name__}).") from None

    def read(self, collection: str) -> Iterator[bytes]:
        try:
            # one cursor: a query for what is greater than an `_id` would find those of its BSON type alone
            for document in self._found(collection).find({}).sort("_id", 1).batch_size(BATCH):
                yield bytes(document.raw)
        except PyMongoError as error:
            raise SourceDamaged(f"The server stopped answering ({type(error).__name__}).") from None

    def chunks(self, collection: str, file: Any) -> Iterator[bytes]:
        try:
            found = self._found(collection).find({"files_id": {"$eq": file}}).sort("n", 1)
            for document in found.batch_size(CHUNKS_AT_ONCE):
                yield bytes(document.raw)
        except PyMongoError as error:
            raise SourceDamaged(f"The server stopped answering ({type(error).__name__}).") from None

    def close(self) -> None:
        self._client.close()

    def _found(self, collection: str) -> Collection[RawBSONDocument]:
        return self._database.get_collection(collection, codec_options=RAW, read_concern=ReadConcern("majority"))


def _folder_of_database(folder: Path) -> Path:
    if not folder.is_dir():
        raise SourceDamaged(f"{folder} is not a folder.")
    if any(_is_data(path) for path in folder.iterdir()):
        return folder
    found = [below for below in sorted(folder.iterdir()) if below.is_dir() and any(map(_is_data, below.iterdir()))]
    if len(found) != 1:
        raise SourceDamaged(f"{folder} holds {len(found)} databases: name the folder of one.")
    return found[0]


def _is_data(path: Path) -> bool:
    return path.is_file() and path.name.endswith(SUFFIXES) and not path.name.startswith(NOT_DATA)


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _places_of(chunks: Iterator[bytes]) -> dict[bytes, list[tuple[int, int]]]:
    """Number and offset of each chunk, by file. What is no chunk is none of any file."""
    places: dict[bytes, list[tuple[int, int]]] = {}
    offset = 0
    for raw in chunks:
        try:
            chunk = RawBSONDocument(raw)
            if isinstance(chunk["n"], int):
                places.setdefault(_key(chunk["files_id"]), []).append((chunk["n"], offset))
        except (BSONError, KeyError, ValueError):
            pass
        offset += len(raw)
    return places


def _key(file: Any) -> bytes:
    return bson.encode({"": file})


def _document_at(file: IO[bytes], offset: int) -> bytes:
    file.seek(offset)
    size = file.read(4)
    return size + file.read(int.from_bytes(size, "little") - 4)
