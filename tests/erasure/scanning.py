"""Reading everything that the databases hold, with every key there is."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.storage import storages
from django.db.models import Model

from chiron.kernel.fields import SealedField
from chiron.tenancy.grants import tables
from chiron.tenancy.public import inside
from chiron.vault.public import KeyDestroyed, Opener, OpeningFailed
from tests.town import Clinic


@dataclass
class Everything:
    """All that anybody could read, as text; how many values opened, were erased, or failed to open."""

    said: list[str] = field(default_factory=list)
    opened: int = 0
    erased: int = 0
    failed: int = 0

    def holds(self, words: tuple[str, ...]) -> list[str]:
        """Those of the words that are read somewhere."""
        whole = "\n".join(self.said).lower()
        return [word for word in words if word.lower() in whole]


def everything(clinic: Clinic) -> Everything:
    """Every column of every table of the organization and of accounts, and the bytes of its files."""
    found = Everything()
    opener = Opener(clinic.id)
    with inside(clinic.id):
        for model in tables("clinical"):
            _read(found, opener, model, "clinical")
    for model in tables("accounts"):
        _read(found, opener, model, "accounts")
    found.said += [content.decode("latin-1") for content in _files(clinic.id)]
    return found


def _read(found: Everything, opener: Opener, model: type[Model], alias: str) -> None:
    fields = model._meta.concrete_fields
    sealed = [each.name for each in fields if isinstance(each, SealedField)]
    clear = [each.attname for each in fields if each.name not in sealed]
    for row in model._base_manager.using(alias).iterator():
        found.said.append(" ".join(str(_plain(getattr(row, name))) for name in clear))
        for column in sealed:
            _open(found, opener, row, column)


def _open(found: Everything, opener: Opener, row: Model, column: str) -> None:
    if not getattr(row, column):
        return
    try:
        found.said.append(str(opener.open(row, column)))
        found.opened += 1
    except KeyDestroyed:
        found.erased += 1
    except OpeningFailed:
        found.failed += 1


def _plain(value: Any) -> Any:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def _files(organization_id: UUID) -> Iterator[bytes]:
    storage: Any = storages["sealed"]
    for path in (Path(storage.location) / organization_id.hex).rglob("*"):
        if path.is_file():
            yield path.read_bytes()
