"""Everything of one organization as files that need no Chiron: NDJSON of every row opened, and the bytes of its files.

Written beside its place and renamed when it is whole, so an export is complete or not there. Row by row and part by
part: memory does not grow with the organization.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.db.models import Field, Model, Q

from chiron.audit.public import record
from chiron.files.public import Content, File, manifest_of
from chiron.identity.public import Account, Membership, public_key
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, CLINICAL
from chiron.kernel.fields import DataClass, SealedField
from chiron.tenancy.public import Organization, inside, tables_of
from chiron.vault.public import KeyDestroyed, Opener

CHUNK = 500
Advance = Callable[[str], None]


class Export:
    """One export under way: each file is counted and digested while it is written."""

    def __init__(self, organization: Organization, folder: Path, advance: Advance) -> None:
        self._organization, self._folder, self._advance = organization, folder, advance
        self._opener = Opener(organization.id)
        self.manifest: dict[str, dict[str, Any]] = {}

    def write_all(self) -> None:
        """Every table of the organization, what `accounts` knows of it, and its files."""
        with inside(self._organization.id):
            for model in tables_of(CLINICAL):
                self._table(model, CLINICAL, Q())
            for file in File.objects.filter(manifest__isnull=False).iterator(CHUNK):
                self._file(file)
        for model in tables_of(ACCOUNTS):
            wanted = self._of_organization(model)
            if wanted is not None:
                self._table(model, ACCOUNTS, wanted)

    def _table(self, model: type[Model], alias: str, wanted: Q) -> None:
        rows = model._base_manager.using(alias).filter(wanted).order_by("pk").iterator(CHUNK)
        name = f"{alias}/{model._meta.db_table}.ndjson"
        self._write(name, (orjson.dumps(self._opened(row), default=_as_written) + b"\n" for row in rows), rows=True)

    def _file(self, file: File) -> None:
        try:
            manifest = self._opener.open(file, "manifest")
        except KeyDestroyed:
            return
        safe = self._opener.safe_for(file, "manifest")
        content = Content(self._organization.id, file.id, manifest_of(file, safe))
        self._write(f"files/{file.id}", content.read())
        self.manifest[f"files/{file.id}"]["content_type"] = manifest["content_type"]

    def _opened(self, row: Model) -> dict[str, Any]:
        return {field.attname: self._said(row, field) for field in row._meta.concrete_fields if _may_leave(field)}

    def _said(self, row: Model, field: "Field[Any, Any]") -> Any:
        value = getattr(row, field.attname)
        if isinstance(field, SealedField):
            try:
                return self._opener.open(row, field.attname) if value else None
            except KeyDestroyed:
                return None
        return b64encode(value).decode() if isinstance(value, bytes | memoryview) else value

    def _of_organization(self, model: type[Model]) -> Q | None:
        """Which rows of a table in `accounts` are the organization's; None where it has none."""
        columns = {field.attname for field in model._meta.concrete_fields}
        if model is Organization:
            return Q(id=self._organization.id)
        if model is Account:
            members = Membership.objects.filter(organization=self._organization)
            return Q(id__in=members.values_list("account_id", flat=True))
        return Q(organization_id=self._organization.id) if "organization_id" in columns else None

    def _write(self, name: str, pieces: Iterable[bytes], *, rows: bool = False) -> None:
        path, digest, number = self._folder / name, hashlib.sha256(), 0
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("xb") as out:
            for piece in pieces:
                digest.update(piece)
                out.write(piece)
                number += 1
            size = out.tell()
        self.manifest[name] = {"sha256": digest.hexdigest(), "bytes": size} | ({"rows": number} if rows else {})
        self._advance(name)


def export(by: Caller, organization: Organization, path: Path, advance: Advance) -> dict[str, Any]:
    """Write an organization to a new folder; its manifest has the SHA-256 of every file.

    It is an event of the organization before anything is read. Raises FileExistsError where the folder is there, and
    whatever keeps a value from being opened: an export that lacks something is none.
    """
    by.scope("organizations", "export")
    if path.exists():
        raise FileExistsError(path)
    partial = path.with_name(f"{path.name}.partial")
    partial.mkdir(mode=0o700, parents=True)
    with inside(organization.id):
        record(by, "organization.exported", resource="organizations", resource_id=organization.id)
    export = Export(organization, partial, advance)
    export.write_all()
    manifest = {
        "document": "chiron export 1",
        "organization": {"id": str(organization.id), "slug": organization.slug, "name": organization.name},
        "audit": {"heads": str(_heads(organization)), "proofs_key": public_key()},
        "files": export.manifest,
    }
    (partial / "manifest.json").write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    partial.rename(path)
    return manifest


def damaged(path: Path) -> Iterator[str]:
    """The files of an export that are not what its manifest says; none where it is whole."""
    said = orjson.loads((path / "manifest.json").read_bytes())["files"]
    for name, about in said.items():
        if not (path / name).is_file() or _sha256(path / name) != about["sha256"]:
            yield name


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _as_written(value: object) -> str:
    """A decimal number with the digits it was written with, which a JSON number would lose."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError


def _may_leave(field: "Field[Any, Any]") -> bool:
    return getattr(field, "data_class", None) != DataClass.SECRET


def _heads(organization: Organization) -> Path:
    return Path(settings.AUDIT_HEADS_DIR) / f"{organization.id}.jsonl"
