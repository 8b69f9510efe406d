"""What an erasure of a patient must not leave of version 1."""

from datetime import datetime
from uuid import UUID

from chiron.operations.models import UnplacedDocument


def forget_account_of(patient_id: UUID, now: datetime) -> None:
    """What version 1 said of the account with which this patient signed in goes for good; safe to call again."""
    UnplacedDocument.objects.filter(patient_id=patient_id).delete()
