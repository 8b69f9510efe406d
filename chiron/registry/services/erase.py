"""Erasing a patient for good: the key first, then what stands in clear."""

from datetime import datetime, timedelta
from uuid import UUID

from chiron.audit.public import record_platform
from chiron.identity.public import end_patient
from chiron.jobs.public import enqueue_from_accounts
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.registry import tasks
from chiron.registry.doors import patient_for
from chiron.registry.erasing import blank
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import Entry, destroy_patient_key

LATE = timedelta(minutes=10)
"""No request lasts longer: what one that was under way wrote of the patient is blanked then."""


def erase_patient(*, by: Caller, patient_id: UUID, reason: str, now: datetime) -> Entry:
    """Destroy the patient's key and blank everything that stood in clear; there is no way back.

    What commits first, all or nothing, lies in `accounts`: the ledger's line, the destroyed key, the end of the
    patient's own membership, the event with the reason, and the job that finishes the erasure should this process die
    before `clinical` commits. Afterwards the patient is nobody to every door. Raises NotFound, LedgerBehind.
    """
    patient = patient_for(by, patient_id, "erase", lock=True)
    organization_id = current_organization_id()
    with atomic(ACCOUNTS):
        account_id = end_patient(by=by, patient_id=patient.id, now=now)
        line = destroy_patient_key(
            organization_id=organization_id, patient_id=patient.id, account_id=account_id, by=by.account_id, now=now
        )
        for due in (None, now + LATE):
            enqueue_from_accounts(tasks.finish_erasure, organization_id=organization_id, due=due, patient_id=patient.id)
        record_platform(
            by, "patient.erased", resource="patients", resource_id=patient.id, subjects=[patient.id],
            payload={"reason": reason},
        )  # fmt: skip
    blank(by, line, now)
    return line
