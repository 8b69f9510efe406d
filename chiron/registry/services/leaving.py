"""A provider who stops working: what stands in the way, and who takes it over (PRV-01)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.identity.public import accounts_of
from chiron.jobs.public import enqueue_from_accounts
from chiron.kernel.access import Caller
from chiron.kernel.errors import invalid
from chiron.notifications.public import Kind, notify
from chiron.registry import tasks
from chiron.registry.errors import ProviderInUse
from chiron.registry.hooks import Hooks, Tie
from chiron.registry.models import Assignment, Provider
from chiron.tenancy.public import current_organization_id

SHOWN = 100


def let_go(*, by: Caller, provider: Provider, reassign_to: UUID | None, now: datetime) -> None:
    """Make sure that nothing needs this provider, whose row is locked: hand everything over where somebody is named.

    Raises ProviderInUse with what stands in the way, Invalid for somebody who cannot take over.
    """
    if reassign_to is not None:
        if not _can_take_over(reassign_to, provider):
            raise invalid("must be another provider, who is active", "query", "reassign_to")
        for each in Hooks.ties:
            each.hand_over(by, provider.id, reassign_to, now)
    ties = [tie for each in Hooks.ties for tie in each.standing(provider.id, now)]
    if ties:
        raise ProviderInUse(count=len(ties), in_the_way=[_shown(tie) for tie in ties[:SHOWN]])


def engagement_ended(by: Caller, account_id: UUID, at: datetime, /) -> None:
    """Have the account leave its laboratories, once the transaction on accounts commits in which it lost the role LAB.

    From that commit on they are out of its reach anyway; this only writes down that it left.
    """
    enqueue_from_accounts(
        tasks.end_former_work, organization_id=by.organization_id, account_id=account_id, by=by.account_id, at=at
    )


class Assignments:
    """The patients whom a provider cares for."""

    def standing(self, provider_id: UUID, now: datetime, /) -> Sequence[Tie]:
        """The assignments that have not ended, the oldest first."""
        open_ones = Assignment.objects.filter(provider_id=provider_id, until=None).order_by("id")
        return [Tie("assignments", each.id, each.patient_id) for each in open_ones]

    def hand_over(self, by: Caller, provider_id: UUID, to_id: UUID, now: datetime, /) -> None:
        """End them and begin them anew with the other, who is told, and may care for some of the patients already."""
        patients = [tie.patient_id for tie in self.standing(provider_id, now) if tie.patient_id]
        Assignment.objects.filter(provider_id=provider_id, until=None).update(until=now)
        cared_for = set(
            Assignment.objects.filter(provider_id=to_id, until=None, patient_id__in=patients).values_list(
                "patient_id", flat=True
            )
        )
        Assignment.objects.bulk_create(
            Assignment(patient_id=each, provider_id=to_id, since=now) for each in patients if each not in cared_for
        )
        if patients:
            told = accounts_of(current_organization_id(), providers=[to_id]) - {by.account_id}
            notify(kind=Kind.ASSIGNED, to=told, resource="my-patients", resource_id=provider_id, now=now)
            audit.record(by, "assignment.handed_over", resource="assignments", resource_id=to_id, subjects=patients)


def _can_take_over(provider_id: UUID, leaving: Provider) -> bool:
    """Whether somebody may; their row is locked, so that they cannot leave meanwhile."""
    others = Provider.objects.select_for_update(no_key=True).exclude(id=leaving.id)
    return others.filter(id=provider_id, active=True).exists()


def _shown(tie: Tie) -> dict[str, str | None]:
    return {"kind": tie.kind, "id": str(tie.id), "patient_id": str(tie.patient_id) if tie.patient_id else None}
