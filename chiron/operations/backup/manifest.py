"""The manifest: what a backup must hold. Signed, so that nobody who may only write backups can make one up."""

from base64 import b64decode, b64encode
from binascii import Error
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from importlib.metadata import version
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db.migrations.loader import MigrationLoader

from chiron.audit.public import signer
from chiron.operations.backup.errors import BackupRefused, Damaged
from chiron.operations.backup.fingerprints import Fingerprint

DOCUMENT = "chiron backup 1"


@dataclass(frozen=True, slots=True)
class Manifest:
    """``parts``: of each sealed stream its bytes and their SHA-256. ``databases``: a fingerprint by alias.

    ``stored``: how many parts of files, their bytes, and a digest over all in their order. ``masters``: the ids of the
    master keys without which nothing of it can be read.
    """

    id: UUID
    made_at: datetime
    chiron: str
    migrations: str
    servers: dict[str, int]
    masters: list[str]
    parts: dict[str, dict[str, Any]]
    databases: dict[str, Fingerprint]
    stored: dict[str, Any]

    def signed(self) -> bytes:
        """The manifest as it is kept."""
        said = orjson.dumps({"document": DOCUMENT, **asdict(self)}, option=orjson.OPT_SORT_KEYS)
        signature = b64encode(_signer().sign(said)).decode()
        return orjson.dumps({"manifest": b64encode(said).decode(), "signature": signature})


def read_manifest(content: bytes) -> Manifest:
    """The manifest that was signed with this installation's AUDIT_SIGNING_KEY. Raises BackupRefused, Damaged."""
    try:
        outer = orjson.loads(content)
        said, signature = b64decode(outer["manifest"]), b64decode(outer["signature"])
        _signer().public_key().verify(signature, said)
    except InvalidSignature:
        raise BackupRefused(
            "The manifest was not signed with this AUDIT_SIGNING_KEY: give the installation's own, without which its "
            "audit trails cannot be verified either."
        ) from None
    except (orjson.JSONDecodeError, KeyError, TypeError, Error):
        raise Damaged("The manifest is none.") from None
    found = orjson.loads(said)
    if found.pop("document") != DOCUMENT:
        raise BackupRefused("The backup was made by a newer Chiron: restore it with that one.")
    given = {field.name: found[field.name] for field in fields(Manifest)}
    return Manifest(**given | {"id": UUID(found["id"]), "made_at": datetime.fromisoformat(found["made_at"])})


def this_version() -> str:
    """The version of Chiron that runs."""
    return version("chiron")


def migrations() -> str:
    """The migrations that the running code brings with it, by which a backup and the code are held together."""
    names = sorted(f"{app}.{name}" for app, name in MigrationLoader(None, load=True).graph.nodes)
    return " ".join(names)


def _signer() -> Ed25519PrivateKey:
    return signer(b"chiron backup: manifests")
