"""What the registry does a moment later."""

from datetime import datetime
from uuid import UUID

from chiron.identity.public import tell_of_broken_glass, who_answers_for_privacy
from chiron.jobs.public import enqueue, job
from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.registry.erasing import blank, remove_parts_of
from chiron.registry.models import BrokenGlass
from chiron.registry.services import laboratories
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import copy_out, erased_patients


@job("registry.tell_privacy_officers")
def tell_privacy_officers(*, glass_id: UUID) -> None:
    """Mail those who answer for privacy that a glass was broken: the privacy officers, else the admins."""
    if not BrokenGlass.objects.filter(id=glass_id).exists():
        return
    for account_id in who_answers_for_privacy(current_organization_id()):
        enqueue(tell_of_broken_glass, account_id=account_id)


@job("registry.end_former_work")
def end_former_work(*, account_id: UUID, by: UUID | None, at: datetime) -> None:
    """Who lost the role LAB then, by what that account did, works at no laboratory any more."""
    laboratories.end_former_work(by=Caller(account_id=by, device="end_former_work"), account_id=account_id, at=at)


@job("registry.finish_erasure")
def finish_erasure(*, patient_id: UUID) -> None:
    """What is left of an erasure: the ledger copied outside, columns in clear blanked, the bytes of files removed."""
    copy_out()
    for line in erased_patients().get(current_organization_id(), []):
        if line.patient_id == patient_id:
            blank(Caller(account_id=line.erased_by, device="finish_erasure"), line, clock.now())
            remove_parts_of(patient_id)
