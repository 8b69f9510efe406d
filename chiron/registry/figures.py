"""Counts of the registry, for a first page; they name nobody, so reading them is no event."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q
from django.db.models.functions import ExtractYear, TruncDate

from chiron.kernel.access import Caller
from chiron.registry.calling import Work
from chiron.registry.doors import patients_within
from chiron.registry.models import Claim, Patient, Provider, ProviderDepartment
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


def registered_by_day(by: Caller, since: datetime, until: datetime, zone: ZoneInfo) -> dict[date, int]:
    """How many of the patients whom the caller reaches were registered on each day of the zone, by one query.

    Neither those erased since nor those who turned out to be somebody else. Raises NotPermitted.
    """
    patients = patients_within(by, by.scope("patients", "read")).filter(replaced_by=None)
    days = patients.filter(recorded_at__gte=since, recorded_at__lt=until).annotate(
        day=TruncDate("recorded_at", tzinfo=zone)
    )
    return dict(days.values_list("day").annotate(number=Count("id")).order_by("day"))


def main_departments(by: Caller, first: date, last: date) -> dict[UUID, list[Work]]:
    """Where each provider works on any of these days, where they have worked longest first. Raises NotPermitted."""
    by.scope("departments", "read")
    working = ProviderDepartment.objects.filter(Q(until=None) | Q(until__gte=first), since__lte=last)
    found: dict[UUID, list[Work]] = {}
    for each in working.order_by("since", "id"):
        found.setdefault(each.provider_id, []).append(Work(each.department_id, each.since, each.until))
    return found


@dataclass(frozen=True, slots=True)
class Served:
    """From when on a doctor was registered, and until when they can have worked: until now, or what was last changed of
    one who does not work any more."""

    provider_id: UUID
    since: datetime
    until: datetime | None

    def in_part_of(self, since: datetime, until: datetime) -> bool:
        """Whether they were there for a while between these instants."""
        return self.since < until and (self.until is None or self.until >= since)


def doctors_served(by: Caller) -> list[Served]:
    """All doctors, by one query. Raises NotPermitted."""
    by.scope("providers", "read")
    rows = (
        Provider.objects.filter(role="doctor").order_by("id").values_list("id", "recorded_at", "updated_at", "active")
    )
    return [Served(who, since, None if active else changed) for who, since, changed, active in rows]
