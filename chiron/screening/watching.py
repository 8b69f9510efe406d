"""What became of a model in use: how far its patients drifted, and how often later measurements agreed with it."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.screening.confirmations import wilson
from chiron.screening.doors import screening_for
from chiron.screening.fhir import Resource, bundle_of
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import Drift, Screening
from chiron.screening.queries import CONFIRMED, subjects_of
from chiron.screening.services.prevalence import cutoffs_of
from chiron.screening.shelf import bundles_there
from chiron.screening.standings import active_hashes
from chiron.screening.words import ResultClass, RiskClass

FEWEST = 11
"""Confirmed screenings below which no share is told: it would say more of these patients than of the model."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Of screenings that said so and were measured later, how many agreed, with the 95 % interval of the share.

    A class agrees with a vitamin B12 of that class; of a risk class it is told how many were deficient. Where fewer
    than FEWEST were measured, all numbers are None.
    """

    bundle: Bundle
    said: ResultClass | RiskClass
    measured: int | None
    agreeing: int | None
    interval: tuple[float, float] | None

    @property
    def share(self) -> float | None:
        """The measured predictive value."""
        return None if self.measured is None or self.agreeing is None else self.agreeing / self.measured


def list_drift(by: Caller, query: PageQuery) -> Page[Drift]:
    """What was judged of each bundle, week by week, the latest first."""
    by.scope("screening-models", "read")
    return page(Drift.objects.all(), query, ("-at", "-id"))


def drift_for(by: Caller, drift_id: UUID) -> Drift:
    """One judgement. Raises NotFound."""
    by.scope("screening-models", "read")
    found = Drift.objects.filter(id=drift_id).first()
    if found is None:
        raise NotFound
    return found


def drift_by_week(by: Caller, weeks: int) -> list[Drift]:
    """What was judged of the active bundle, or where none is of the one judged last, the latest week last."""
    by.scope("screening-models", "read")
    rows = Drift.objects.order_by("-week", "-id")
    active = rows.filter(bundle_hash__in=active_hashes())
    newest = active.first() or rows.first()
    return [] if newest is None else list(rows.filter(bundle_hash=newest.bundle_hash)[:weeks])[::-1]


def measured_outcomes(by: Caller) -> list[Measured]:
    """What later measurements say of each bundle that is here. Who was measured was chosen: mostly those at risk."""
    by.scope("screening-models", "read")
    return [each for bundle in bundles_there() for each in _of(bundle)]


def read_as_fhir(by: Caller, screening_id: UUID) -> Resource:
    """One screening as a FHIR R4 Bundle; its model need not be here any more. Raises NotFound."""
    screening = screening_for(by, screening_id)
    known = {each.content_hash: each.label for each in bundles_there()}
    subjects = subjects_of([screening])
    audit.record(by, "screening.read", resource="screenings", resource_id=screening.id, subjects=subjects)
    return bundle_of(screening, known.get(screening.bundle_hash))


def _of(bundle: Bundle) -> list[Measured]:
    fits = fits_of(bundle)
    confirmed = Screening.objects.filter(CONFIRMED, bundle_hash=bundle.content_hash)
    said: list[tuple[ResultClass | RiskClass, Q, Q]] = [(each, Q(result_class=each), fit) for each, fit in fits.items()]
    said += [(risk, Q(risk_class=risk), fits[ResultClass.DEFICIENT]) for risk in RiskClass]
    found = []
    for word, asked, agrees in said:
        counts = confirmed.filter(asked).aggregate(of=Count("id"), agreeing=Count("id", filter=agrees))
        if counts["of"]:
            found.append(measured(bundle, word, **counts))
    return found


def fits_of(bundle: Bundle, value: str = "confirmed_value") -> dict[ResultClass, Q]:
    """Which measured vitamin B12, in the column of that name, is of which class, by the cutoffs of a bundle."""
    low, high = cutoffs_of(bundle)
    return {
        ResultClass.NORMAL: Q((f"{value}__gte", high)),
        ResultClass.BORDERLINE: Q((f"{value}__gte", low), (f"{value}__lt", high)),
        ResultClass.DEFICIENT: Q((f"{value}__lt", low)),
    }


def measured(bundle: Bundle, said: ResultClass | RiskClass, *, of: int, agreeing: int) -> Measured:
    """What may be told of so many who were measured, of whom so many agreed."""
    if of < FEWEST:
        return Measured(bundle, said, None, None, None)
    return Measured(bundle, said, of, agreeing, wilson(agreeing, of))
