"""Linking a patient's screenings to the vitamin B12 that was measured afterwards."""

from datetime import datetime, timedelta

from django.db.models import OuterRef, Q, Subquery

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.records.public import Record, Status
from chiron.screening.confirmations import CODES, PG_PER_ML, in_pg_per_ml
from chiron.screening.models import Screening
from chiron.screening.sealing import change
from chiron.tenancy.public import current_organization_id

SAME_BLOOD, LATEST = timedelta(days=1), timedelta(days=90)
"""The blood for B12 may be drawn up to a day before the answer; after three months it says little of that count."""

BATCH = 200
LINKING = "results linked to screenings"


def link_results(now: datetime) -> int:
    """Link screenings to the first vitamin B12 of the same patient that became known after them; how many were.

    A result that was withdrawn since gives way to another. At most BATCH at a time; what is linked stays linked.
    """
    by = Caller(organization_id=current_organization_id(), device=LINKING)
    results = Record.objects.standing().filter(
        patient=OuterRef("patient"),
        code_keys__overlap=[*CODES],
        quantity_value__isnull=False,
        quantity_code__in=[*PG_PER_ML],
        recorded_at__gt=OuterRef("made_at"),
        timeline_at__gte=OuterRef("made_at") - SAME_BLOOD,
        timeline_at__lte=OuterRef("made_at") + LATEST,
    )
    unlinked = Screening.objects.filter(
        Q(confirmed_record=None) | Q(confirmed_record__status=Status.ENTERED_IN_ERROR),
        patient__erased_at=None,
        patient__isnull=False,
        made_at__gte=now - LATEST - LATEST,
    )
    first = Subquery(results.order_by("timeline_at", "id").values("id")[:1])
    found = unlinked.annotate(first=first).filter(first__isnull=False).order_by("id")
    linked = list(found.select_for_update(of=("self",), skip_locked=True)[:BATCH])
    records = Record.objects.in_bulk([each.first for each in linked])
    for screening in linked:
        record = records[screening.first]
        value = in_pg_per_ml(record.quantity_value, record.quantity_code)
        change(screening, now, confirmed_record=record, confirmed_value=value, confirmed_at=now)
        audit.record(
            by, "screening.confirmed", resource="screenings", resource_id=screening.id,
            subjects=[record.patient_id], payload={"record": str(record.id)},
        )  # fmt: skip
    return len(linked)
