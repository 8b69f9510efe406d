"""Counts of the registry, for a first page; they name nobody, so reading them is no event."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, F
from django.db.models.functions import ExtractYear

from chiron.kernel.access import Caller
from chiron.registry.models import Claim, Patient, Provider
from chiron.registry.services.glass import unseen


@dataclass(frozen=True, slots=True)
class Registered:
    """How many there are: active patients by the decade of their age, active providers, claims that wait."""

    ages: dict[int, int]
    providers: int
    claims: int

    @property
    def patients(self) -> int:
        """Those whose birth date is not known included (their decade is -1)."""
        return sum(self.ages.values())


def registered(by: Caller, today: date) -> Registered:
    """The organization's patients, providers and claims, by three queries. Raises NotPermitted."""
    for resource in ("patients", "providers", "claims"):
        by.scope(resource, "read")
    living = Patient.objects.filter(active=True, replaced_by=None, erased_at=None)
    years = living.annotate(year=ExtractYear("birth_date")).values_list("year").annotate(count=Count("id"))
    ages: Counter[int] = Counter()
    for year, count in years.order_by(F("year")):
        ages[-1 if year is None else max(today.year - year, 0) // 10 * 10] += count
    providers = Provider.objects.filter(active=True).count()
    return Registered(dict(sorted(ages.items())), providers, Claim.objects.filter(status=Claim.Status.OPEN).count())


def glass_to_look_at(by: Caller) -> int:
    """How many broken glasses nobody who answers for privacy has looked at. Raises NotPermitted."""
    by.scope("break-glass", "read")
    return unseen().count()
