"""Opening whatever an organization sealed, by the key that each value names: for exports of everything."""

from functools import lru_cache
from uuid import UUID

from django.db.models import Model

from chiron.kernel.ids import NIL
from chiron.vault.envelope import key_id_of
from chiron.vault.errors import KeyDestroyed, OpeningFailed
from chiron.vault.models import PatientKey
from chiron.vault.safes import JSON, Safe, archive_patient_safes, archive_safe

REMEMBERED = 256
"""Safes of patients kept open at a time while rows pass by; those of one patient mostly come together."""


class Opener:
    """Opens values of one organization, of its patients and, in `accounts`, of the platform. Not beyond one command."""

    def __init__(self, organization_id: UUID) -> None:
        self._organization_id = organization_id
        self._own = [archive_safe(organization_id), archive_safe(NIL)]
        self._of_patient = lru_cache(maxsize=REMEMBERED)(self._open_patient)

    def open(self, row: Model, column: str) -> JSON:
        """What is sealed in this column, None where it is empty. Raises KeyDestroyed, OpeningFailed."""
        return None if getattr(row, column) is None else self.safe_for(row, column).open(row, column)

    def safe_for(self, row: Model, column: str) -> Safe:
        """The safe that sealed what is in this column. Raises KeyDestroyed, OpeningFailed."""
        sealed = bytes(getattr(row, column))
        for safe in self._own:
            if safe.sealed(sealed):
                return safe
        return self._of_patient(key_id_of(sealed))

    def _open_patient(self, key_id: UUID) -> Safe:
        key = PatientKey.objects.filter(id=key_id, organization_id=self._organization_id).first()
        if key is None:
            raise OpeningFailed
        if key.wrapped is None:
            raise KeyDestroyed
        return archive_patient_safes(self._organization_id, [key.patient_id])[key.patient_id]
