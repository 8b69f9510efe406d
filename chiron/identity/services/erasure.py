"""What an erased patient leaves in `accounts`: nothing by which they could sign in, or be recognized."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from chiron.identity.families import end_families
from chiron.identity.models import Account, Membership, SecondFactor
from chiron.identity.revocations import take_effect_at_commit
from chiron.identity.roles import Role
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic, take_turns
from chiron.kernel.errors import NotPermitted


def end_patient(*, by: Caller, patient_id: UUID, now: datetime) -> UUID | None:
    """The account that was confirmed to be this patient is so no more; gives its id, None where there was none."""
    by.scope("patients", "erase")
    if by.organization_id is None:
        raise NotPermitted
    membership = Membership.objects.filter(organization_id=by.organization_id, patient_id=patient_id).first()
    if membership is None:
        return None
    end_account_of_patient(organization_id=by.organization_id, account_id=membership.account_id, now=now)
    return membership.account_id


def patients_signing_in(organization_id: UUID, patient_ids: Iterable[UUID | None]) -> set[UUID]:
    """Those of these patients whom an account is confirmed to be."""
    linked = Membership.objects.filter(organization_id=organization_id, patient_id__in=list(patient_ids))
    return {each for each in linked.values_list("patient_id", flat=True) if each}


def end_account_of_patient(*, organization_id: UUID, account_id: UUID, now: datetime) -> None:
    """End the patient's membership and its sessions; blank the account where it belongs nowhere else.

    Who works here as well stays a member without being the patient. Safe to repeat, and done again by a replay.
    """
    with atomic(ACCOUNTS):
        take_turns(ACCOUNTS, f"memberships of {organization_id}")
        membership = Membership.objects.select_for_update().filter(
            account_id=account_id, organization_id=organization_id
        )
        for each in membership:
            each.roles = [role for role in each.roles if role != Role.PATIENT]
            each.patient_id = None
            if each.roles:
                each.version, each.authz_version = each.version + 1, each.authz_version + 1
                each.authz_changed_at = each.updated_at = now
                each.save(force_update=True)
            else:
                end_families(now, account_id=account_id, organization_id=organization_id)
                each.delete()
        if not Membership.objects.filter(account_id=account_id).exists():
            _blank(account_id, now)
        take_effect_at_commit()


def _blank(account_id: UUID, now: datetime) -> None:
    account = Account.objects.select_for_update().filter(id=account_id, is_operator=False, is_active=True).first()
    if account is None:
        return
    end_families(now, account_id=account_id)
    SecondFactor.objects.filter(account_id=account_id).delete()
    account.username = f"erased-{account.id}"
    account.email = account.email_index = account.former_email = account.email_verified_at = None
    account.is_active = False
    account.set_unusable_password()
    account.save(force_update=True)
