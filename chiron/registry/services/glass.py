"""Breaking the glass: care that cannot wait for an assignment (REC-10)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from chiron.audit import public as audit
from chiron.identity.public import who_answers_for_privacy
from chiron.jobs.public import enqueue
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, refusing
from chiron.kernel.errors import NotFound, NotPermitted
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.notifications.public import Kind, notify
from chiron.registry import tasks
from chiron.registry.doors import patient_for
from chiron.registry.errors import AlreadyAcknowledged, OwnGlass
from chiron.registry.models import BrokenGlass, GlassSeen
from chiron.tenancy.public import current_organization_id, policies_of
from chiron.vault.public import Safe, patient_safe, patient_safes

ERASED = "erased"


def break_glass(*, by: Caller, patient_id: UUID, reason: str, now: datetime) -> BrokenGlass:
    """From now on and for a while (the organization's policy) the caller reaches this patient as one who is assigned.

    Who is assigned breaks it as well: it also opens the records with labels for which the caller has no clearance. The
    answer is the same whether there are any. The reason is sealed with the patient's key; the event stands in the
    patient's access log, and the privacy officers are told, by mail too. Raises NotPermitted for who is no provider,
    NotFound.
    """
    patient = patient_for(by, patient_id, "break-glass")
    if by.provider_id is None or by.account_id is None:
        raise NotPermitted
    until = now + timedelta(minutes=policies_of(current_organization_id()).break_glass_minutes)
    broken = BrokenGlass(patient=patient, provider_id=by.provider_id, account_id=by.account_id, since=now, until=until)
    broken.reason = patient_safe(current_organization_id(), patient.id).seal(broken, "reason", reason)
    broken.save(force_insert=True)
    told = set(who_answers_for_privacy(current_organization_id())) - {by.account_id}
    notify(kind=Kind.GLASS_BROKEN, to=told, resource="break-glass", resource_id=broken.id, now=now)
    enqueue(tasks.tell_privacy_officers, glass_id=broken.id)
    audit.record(by, "patient.glass_broken", resource="patients", resource_id=patient.id, subjects=[patient.id])
    return broken


@dataclass(frozen=True, slots=True)
class Breaking:
    """A broken glass, why, and who looked at it since."""

    glass: BrokenGlass
    reason: str
    seen: GlassSeen | None = None


def acknowledge(*, by: Caller, glass_id: UUID, now: datetime) -> Breaking:
    """Somebody who answers for privacy has looked at why the glass was broken.

    Raises NotFound, OwnGlass for who broke it, AlreadyAcknowledged.
    """
    by.scope("break-glass", "acknowledge")
    glass = BrokenGlass.objects.filter(id=glass_id).first()
    if glass is None or by.account_id is None:
        raise NotFound
    if glass.account_id == by.account_id:
        raise OwnGlass
    seen = GlassSeen(glass=glass, account_id=by.account_id, at=now)
    with refusing(CLINICAL, broken_glass_is_acknowledged_once=AlreadyAcknowledged):
        seen.save(force_insert=True)
    reason = _reason(glass, patient_safes(current_organization_id(), [glass.patient_id]))
    audit.record(by, "glass.acknowledged", resource="break-glass", resource_id=glass.id, subjects=[glass.patient_id])
    return Breaking(glass, reason, seen)


def list_broken_glass(by: Caller, query: PageQuery, *, waiting: bool = False) -> Page[Breaking]:
    """A page of who broke the glass, with the reason and who looked at it, the latest first.

    `waiting` leaves only those that nobody has looked at.
    """
    by.scope("break-glass", "read")
    found = page(unseen() if waiting else BrokenGlass.objects.all(), query)
    rows = _opened(found.rows)
    audit.record(by, "glass.listed", resource="break-glass", subjects=[each.patient_id for each in found.rows])
    return Page(rows, found.next)


def read_broken_glass(by: Caller, glass_id: UUID) -> Breaking:
    """One broken glass. Raises NotFound."""
    by.scope("break-glass", "read")
    found = _opened(list(BrokenGlass.objects.filter(id=glass_id)))
    if not found:
        raise NotFound
    subjects = [found[0].glass.patient_id]
    audit.record(by, "glass.read", resource="break-glass", resource_id=glass_id, subjects=subjects)
    return found[0]


def unseen() -> "QuerySet[BrokenGlass]":
    """Those that nobody who answers for privacy has looked at."""
    return BrokenGlass.objects.filter(~Exists(GlassSeen.objects.filter(glass=OuterRef("id"))))


def _opened(rows: Sequence[BrokenGlass]) -> list[Breaking]:
    safes = patient_safes(current_organization_id(), {each.patient_id for each in rows})
    seen = {each.glass_id: each for each in GlassSeen.objects.filter(glass__in=[row.id for row in rows])}
    return [Breaking(each, _reason(each, safes), seen.get(each.id)) for each in rows]


def _reason(glass: BrokenGlass, safes: Mapping[UUID, Safe]) -> str:
    """Why; an erased patient's reason went with the patient's key."""
    return str(safes[glass.patient_id].open(glass, "reason")) if glass.patient_id in safes else ERASED
