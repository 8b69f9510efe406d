"""Which sensitivity labels each provider is cleared for (REC-12)."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.records.models import Clearance
from chiron.records.words import Sensitivity
from chiron.registry.public import provider_for


def clearances_of(by: Caller, provider_id: UUID) -> list[Sensitivity]:
    """The labels that a provider is cleared for, in order. Raises NotFound."""
    by.scope("clearances", "read")
    provider = provider_for(by, provider_id)
    rows = Clearance.objects.filter(provider=provider).order_by("label")
    audit.record(by, "clearance.listed", resource="clearances", resource_id=provider.id)
    return [Sensitivity(row.label) for row in rows]


def cleared_for(labels: Collection[str], providers: Collection[UUID]) -> list[UUID]:
    """Those of the providers who see records with these labels, for those who tell them something."""
    if not labels:
        return list(providers)
    cleared = Clearance.objects.filter(provider_id__in=providers, label__in=labels)
    return [
        each for each, many in Counter(cleared.values_list("provider_id", flat=True)).items() if many == len(labels)
    ]


def clear(*, by: Caller, provider_id: UUID, labels: Collection[Sensitivity], now: datetime) -> list[Sensitivity]:
    """From now on a provider is cleared for these labels and no others. Raises NotFound."""
    by.scope("clearances", "update")
    provider = provider_for(by, provider_id, "update", lock=True)
    Clearance.objects.filter(provider=provider).exclude(label__in=labels).delete()
    known = Clearance.objects.filter(provider=provider).values_list("label", flat=True)
    Clearance.objects.bulk_create(
        Clearance(provider=provider, label=label, given_by=by.account_id, given_at=now)
        for label in sorted(set(labels).difference(known))
    )
    audit.record(
        by,
        "clearance.given",
        resource="clearances",
        resource_id=provider.id,
        payload={"labels": sorted(set(labels))},
    )
    return sorted(set(labels))
