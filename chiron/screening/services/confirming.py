"""Linking a patient's screenings to the vitamin B12 that was measured afterwards."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, F, FloatField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Abs, Cast, Coalesce

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.records.public import Record
from chiron.screening.confirmations import CODES, PG_PER_ML, in_pg_per_ml
from chiron.screening.models import Screening
from chiron.screening.sealing import change
from chiron.tenancy.public import current_organization_id

SAME_BLOOD, LATEST = timedelta(days=1), timedelta(days=90)
"""The blood for B12 may be drawn up to a day before the answer; after three months it says little of that count."""

BATCH = 200
LINKING = "results linked to screenings"
SAME = 1e-6
"""So many pg/mL apart, a value that is kept is still the one that its record says; rounding is far less."""


def link_results(now: datetime) -> int:
    """Link screenings to the first vitamin B12 of the same patient that became known after them; how many changed.

    What is linked stays linked while it stands, and says what its record says. Where it was withdrawn or is no such
    result any more, another takes its place, or none. At most BATCH at a time.
    """
    by = Caller(organization_id=current_organization_id(), device=LINKING)
    changed = list(_amiss(now).order_by("id").select_for_update(of=("self",), skip_locked=True)[:BATCH])
    records = Record.objects.in_bulk([each.first for each in changed if each.first])
    for screening in changed:
        record = records.get(screening.first)
        value = record and in_pg_per_ml(record.quantity_value, record.quantity_code)
        change(screening, now, confirmed_record=record, confirmed_value=value, confirmed_at=now if record else None)
        audit.record(
            by, "screening.confirmed" if record else "screening.unconfirmed", resource="screenings",
            resource_id=screening.id, subjects=[screening.patient_id],
            payload={"record": str(record.id)} if record else None,
        )  # fmt: skip
    return len(changed)


def _amiss(now: datetime) -> "QuerySet[Any]":
    """Those that are linked to something else than ``first``, which they are annotated with, or as it was before."""
    pg_per_ml = Case(*(When(quantity_code=unit, then=Value(factor)) for unit, factor in PG_PER_ML.items()))
    results = Record.objects.standing().filter(
        patient=OuterRef("patient"),
        code_keys__overlap=[*CODES],
        quantity_value__isnull=False,
        quantity_code__in=[*PG_PER_ML],
        recorded_at__gt=OuterRef("made_at"),
        timeline_at__gte=OuterRef("made_at") - SAME_BLOOD,
        timeline_at__lte=OuterRef("made_at") + LATEST,
    )
    linked = results.filter(id=OuterRef("confirmed_record"))
    value = linked.annotate(value=Cast(F("quantity_value") * pg_per_ml, FloatField())).values("value")
    looked_at = Screening.objects.filter(
        Q(confirmed_record__isnull=False) | Q(made_at__gte=now - LATEST - LATEST),
        patient__erased_at=None,
        patient__isnull=False,
    ).annotate(
        first=Coalesce(Subquery(linked.values("id")), Subquery(results.order_by("timeline_at", "id").values("id")[:1])),
        off=Abs(Subquery(value) - F("confirmed_value")),
    )
    return looked_at.filter(
        Q(confirmed_record=None, first__isnull=False)
        | Q(confirmed_record__isnull=False, first=None)
        | ~Q(first=F("confirmed_record"))
        | Q(off__gt=SAME)
    )
