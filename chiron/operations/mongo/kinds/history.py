"""The audit trail of version 1 stays what it was: foreign history, kept whole and sealed, beside our own trail.

It cannot become events of ours, which prove that we saw what they tell; one event of ours holds the digest of it all.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chiron.kernel.access import Caller
from chiron.operations.mongo.plans import Context, Plan, Told
from chiron.operations.mongo.reading import Reader


class AuditLogs:
    """An entry about a patient who is here is sealed with the key of that patient, and is erased with them."""

    name = "audit_logs"

    def plan(self, reader: Reader, context: Context, organization_id: UUID) -> Plan:
        patient_id = context.known(reader, "patient", "patients", organization_id)
        return Plan(organization_id=organization_id, patient_id=patient_id)

    def admit(self, by: Caller, plans: Sequence[Plan], now: datetime) -> set[UUID]:
        return set()

    def settled(self, organization_id: UUID, plans: Sequence[Plan]) -> dict[UUID, tuple[Told, bool]]:
        return {plan.id: ({}, False) for plan in plans}
