"""Arrivals: screenings of an older system, many at once, as history: kept as they were, never computed again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.screening.models import Screening
from chiron.screening.words import Mode, Outcome, ResultClass
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import organization_safe, patient_safes


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningArrival:
    """What an older system answered. ``label`` stands where a bundle's hash does: no bundle here has that one."""

    id: UUID
    label: str
    patient_id: UUID | None = None
    laboratory_id: UUID | None = None
    made_by: UUID | None = None
    made_at: datetime
    result_class: ResultClass
    probabilities: tuple[float, float, float] | None = None
    """Normal, borderline, deficient."""
    sex: str = ""
    age: int | None = None


def admit_screenings(*, by: Caller, arrivals: Sequence[ScreeningArrival], now: datetime) -> None:
    """New screenings, for research only, each an event."""
    by.scope("screenings", "create")
    organization_id = current_organization_id()
    own = organization_safe(organization_id)
    of_patients = patient_safes(organization_id, {each.patient_id for each in arrivals if each.patient_id})
    rows = []
    for each in arrivals:
        normal, borderline, deficient = each.probabilities or (None, None, None)
        row = Screening(
            id=each.id, patient_id=each.patient_id, laboratory_id=each.laboratory_id, made_by=each.made_by,
            made_at=each.made_at, recorded_at=now, updated_at=now, mode=Mode.RESEARCH, bundle_hash=each.label,
            bundle_version=each.label, outcome=Outcome.CLASSIFIED, result_class=each.result_class, p_normal=normal,
            p_borderline=borderline, p_deficient=deficient, sex=each.sex, age=each.age,
        )  # fmt: skip
        safe = of_patients[each.patient_id] if each.patient_id else own
        said = {"class": each.result_class, "p_normal": normal, "p_borderline": borderline, "p_deficient": deficient}
        row.inputs = safe.seal(row, "inputs", {})
        row.result = safe.seal(row, "result", orjson.dumps({"model": {"version": each.label}, **said}).decode())
        rows.append(row)
    Screening.objects.bulk_create(rows)
    for each in arrivals:
        subjects = [each.patient_id] if each.patient_id else []
        audit.record(by, "screening.imported", resource="screenings", resource_id=each.id, subjects=subjects)


def settled_screenings(ids: Collection[UUID]) -> dict[UUID, tuple[ScreeningArrival, bool]]:
    """Those of these screenings that stand, and whether each was changed since it arrived; not for callers."""
    return {
        row.id: (_arrival(row), row.version > 1) for row in Screening.objects.filter(id__in=ids, result_class__gt="")
    }


def _arrival(row: Screening) -> ScreeningArrival:
    said = (row.p_normal, row.p_borderline, row.p_deficient)
    return ScreeningArrival(
        id=row.id,
        label=row.bundle_hash,
        patient_id=row.patient_id,
        laboratory_id=row.laboratory_id,
        made_by=row.made_by,
        made_at=row.made_at,
        result_class=ResultClass(row.result_class),
        probabilities=None if None in said else said,  # type: ignore[arg-type]
        sex=row.sex,
        age=row.age,
    )
