"""The only way to a screening: scoped to the caller, silent about everything else."""

from uuid import UUID

from django.db.models import Q, QuerySet

from chiron.kernel.access import Caller, Scope
from chiron.kernel.errors import NotFound
from chiron.kernel.ids import NIL
from chiron.registry.public import laboratories_of, patients_within
from chiron.screening.models import Screening

TREATING = frozenset({"decide", "release"})


def screenings_within(by: Caller, action: str) -> "QuerySet[Screening]":
    """Those that the caller reaches: all, those of assigned patients, or of patients' own those released to them.

    Who works at a laboratory reaches what was made there, but to treat by it; who made an anonymous one, that one.
    Of whom an erasure left nothing, nobody reaches anything.
    """
    rows = Screening.objects.filter(Q(patient=None) | Q(patient__erased_at=None))
    match by.scope("screenings", action):
        case Scope.ORGANIZATION:
            return rows
        case Scope.ASSIGNED:
            cared_for = Q(patient__in=patients_within(by, Scope.ASSIGNED).values("id"))
            at_work = Q() if action in TREATING else Q(laboratory__in=laboratories_of(by))
            return rows.filter(cared_for | at_work | Q(patient=None, made_by=by.account_id or NIL))
        case _:
            return rows.filter(patient=by.patient_id or NIL, released_at__isnull=False)


def screening_for(by: Caller, screening_id: UUID, action: str = "read", *, lock: bool = False) -> Screening:
    """One screening, locked for a change where asked. Raises NotPermitted, NotFound."""
    rows = screenings_within(by, action)
    found = (rows.select_for_update(of=("self",)) if lock else rows).filter(id=screening_id).first()
    if found is None:
        raise NotFound
    return found
