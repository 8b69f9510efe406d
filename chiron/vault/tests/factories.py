"""Two clinics, Hilltop and Riverside, two patients, Kofi and Esi, and rows to seal things into."""

from typing import Any, cast
from uuid import UUID

from django.db.models import Model

from chiron.vault.envelope import Cipher
from chiron.vault.safes import Safe

HILLTOP, RIVERSIDE = UUID(int=0x11), UUID(int=0x22)
KOFI, ESI = UUID(int=0xA), UUID(int=0xB)


class Note:
    """A row of any table, as far as a safe looks at one."""

    def __init__(self, pk: object = KOFI, table: str = "notes", version: object = 1) -> None:
        self.pk, self.version = pk, version
        self._meta = type("Meta", (), {"db_table": table})
        self.text: Any = None
        self.title: Any = None


def note(pk: object = KOFI, table: str = "notes", version: object = 1) -> Model:
    return cast("Model", Note(pk, table, version))


def safe_of(organization_id: UUID = HILLTOP, key_id: UUID = KOFI) -> Safe:
    """A safe whose key follows from its id, so that the same id gives the same key."""
    return Safe(organization_id, {key_id: Cipher(key_id, key_id.bytes * 2, "seal")})


def sealed_by(safe: Safe) -> Any:
    """A row whose text is Kofi's name, sealed."""
    row: Any = note()
    row.text = safe.seal(row, "text", "Kofi Mensah")
    return row
