"""Removing an organization: at once where it never held real data, else in steps that any crash leaves resumable."""

from datetime import datetime
from typing import Any
from uuid import UUID

from chiron.audit.public import last_head, record_platform
from chiron.files.public import remove_files, stored_files
from chiron.identity.models import Account, Membership, Removal, Session
from chiron.identity.revocations import take_effect_at_commit
from chiron.jobs.public import forget_jobs_of
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.postgres.owner import as_owner
from chiron.tenancy.public import Organization, drop_schema, organization_for_id, rows_of
from chiron.vault.public import count_keys, destroy_organization_keys, erased_organizations, remove_keys


def remove_organization(*, by: Caller, organization_id: UUID) -> None:
    """Remove an organization that never held real data, a demo or a trial: schema, files, keys, members and accounts.

    Accounts that belong elsewhere too, and operators, stay. Needs the owner's login; a run that was killed is finished
    by the next. Raises NotFound, OwnerNotConfigured, StorageUnavailable.
    """
    by.scope("organizations", "update")
    organization = organization_for_id(organization_id)
    _remove_what_it_holds(organization_id)
    with as_owner(ACCOUNTS), atomic(ACCOUNTS):
        _remove_people(organization)
        organization.delete()
        record_platform(by, "organization.removed", resource="organizations", resource_id=organization_id)


def erase_organization(*, by: Caller, organization_id: UUID, now: datetime) -> Removal:
    """Remove an organization for good: its keys and those of its patients first, then everything they had sealed.

    What it held is counted and suspended before, and the ledger's line keeps an older backup from bringing it back.
    Needs the owner's login; a run that was killed at any step is finished by the next. Raises NotFound,
    OwnerNotConfigured, StorageUnavailable, LedgerBehind.
    """
    by.scope("organizations", "delete")
    organization = organization_for_id(organization_id)
    removal = _begin(by, organization, now)
    line = destroy_organization_keys(organization_id=organization_id, by=by.account_id, now=now)
    _remove_what_it_holds(organization_id)
    with as_owner(ACCOUNTS), atomic(ACCOUNTS):
        accounts = _remove_people(organization)
        organization.delete()
        removal.held["accounts"] = max(accounts, removal.held.get("accounts", 0))
        removal.held["ledger"] = {"line": line.seq, "digest": line.digest.hex()}
        removal.finished_at = now
        removal.save(force_update=True)
        payload = {"slug": removal.slug}
        record_platform(
            by, "organization.erased", resource="organizations", resource_id=organization_id, payload=payload
        )
    return removal


def remove_remains(organization_id: UUID) -> None:
    """Remove the schema and files of an erased organization that `accounts` does not know any more."""
    _remove_what_it_holds(organization_id)


def _begin(by: Caller, organization: Organization, now: datetime) -> Removal:
    """Suspend it and write down what it holds; of a removal that began before, what was written down then."""
    with atomic(ACCOUNTS):
        known = Removal.objects.filter(organization_id=organization.id).first()
        if known is not None:
            return known
        Organization.objects.filter(id=organization.id, suspended_at=None).update(suspended_at=now)
        take_effect_at_commit()
        removal = Removal(
            organization_id=organization.id, slug=organization.slug, begun_at=now, begun_by=by.account_id,
            held=_held(organization),
        )  # fmt: skip
        removal.save(force_insert=True)
        record_platform(by, "organization.erasing", resource="organizations", resource_id=organization.id)
    return removal


def _held(organization: Organization) -> dict[str, Any]:
    if organization.id in {line.organization_id for line in erased_organizations()}:
        return {}  # a restored backup brought some of it back: what it held is in the first proof
    return {
        "rows": rows_of(organization.id),
        "files": stored_files(organization.id),
        "keys": count_keys(organization.id),
        "memberships": Membership.objects.filter(organization=organization).count(),
        "sessions": Session.objects.filter(organization=organization).count(),
        "domains": organization.domains,
        "audit_head": last_head(organization.id),
    }


def _remove_what_it_holds(organization_id: UUID) -> None:
    drop_schema(organization_id)
    remove_files(organization_id)
    forget_jobs_of(organization_id)


def _remove_people(organization: Organization) -> int:
    """Remove members, and accounts that belong nowhere else; how many accounts those were."""
    Session.objects.filter(organization=organization).delete()
    members = list(Membership.objects.filter(organization=organization).values_list("account_id", flat=True))
    Membership.objects.filter(organization=organization).delete()
    elsewhere = Membership.objects.filter(account_id__in=members).values("account_id")
    gone = Account.objects.filter(id__in=members, is_operator=False).exclude(id__in=elsewhere)
    Session.objects.filter(account__in=gone).delete()  # at the administration they belong to no organization
    number = gone.count()
    gone.delete()
    remove_keys(organization.id)
    take_effect_at_commit()
    return number
