"""How common the deficiency is among those whom the organization screens (ML-06)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import Prevalence, Screening
from chiron.screening.queries import CONFIRMED

ENOUGH = 100
"""So many linked B12 results say how common the deficiency is, where the organization does not."""


@dataclass(frozen=True, slots=True)
class Common:
    """A share of those who are screened, and how it is known."""

    share: float
    source: str


def prevalence_for(bundle: Bundle) -> Common:
    """What the organization said last; else what was measured here, if that is enough; else those trained on."""
    said = Prevalence.objects.order_by("-id").first()
    if said is not None:
        return Common(said.share, f"organization: {said.source}")
    low, _ = cutoffs_of(bundle)
    linked = Screening.objects.filter(CONFIRMED)
    measured = linked.aggregate(n=Count("id"), low=Count("id", filter=Q(confirmed_value__lt=low)))
    if measured["n"] >= ENOUGH and 0 < measured["low"] < measured["n"]:
        return Common(measured["low"] / measured["n"], f"measured: {measured['low']} of {measured['n']} linked results")
    return Common(bundle.stages[0].base_rate * bundle.stages[1].base_rate, "model: those it was trained on")


def cutoffs_of(bundle: Bundle) -> tuple[float, float]:
    """Below the first, B12 in pg/mL is deficient, below the second it is borderline, as the bundle's label says it."""
    low, high = bundle.label.get("cutoffs", (200.0, 300.0))
    return float(low), float(high)


def read_prevalence(by: Caller) -> Prevalence | None:
    """What the organization said last; None where it said nothing yet."""
    by.scope("screening-prevalence", "read")
    return Prevalence.objects.order_by("-id").first()


def list_prevalences(by: Caller, query: PageQuery) -> Page[Prevalence]:
    """A page of what the organization said, the newest first, which counts."""
    by.scope("screening-prevalence", "read")
    return page(Prevalence.objects.all(), query)


def say_prevalence(*, by: Caller, share: float, source: str, now: datetime) -> Prevalence:
    """Say how common the deficiency is here; screenings from now on are told by it, earlier ones stay as they are."""
    by.scope("screening-prevalence", "update")
    row = Prevalence.objects.create(share=share, source=source, account_id=by.account_id, at=now)
    audit.record(by, "screening_prevalence.said", resource="screening-prevalence", resource_id=row.id)
    return row
