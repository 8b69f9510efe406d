"""Verbs on laboratories, and on who works there."""

from datetime import datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.identity.public import Role, accounts_with, employ, engagement_of
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, refusing
from chiron.kernel.errors import NotFound
from chiron.kernel.ids import NIL
from chiron.kernel.versions import expect
from chiron.registry.doors import laboratory_for
from chiron.registry.errors import LaboratoryCodeTaken, WorksAtLaboratoryAlready
from chiron.registry.models import Laboratory, LaboratoryStaff
from chiron.tenancy.public import current_organization_id


def save_laboratory(
    *, by: Caller, laboratory_id: UUID | None, name: str, code: str, active: bool, if_match: int | None, now: datetime
) -> Laboratory:
    """A new laboratory, or an old one said anew. Raises NotFound, StaleVersion, LaboratoryCodeTaken."""
    if laboratory_id is None:
        by.scope("laboratories", "create")
        laboratory = Laboratory(recorded_at=now, version=0)
    else:
        laboratory = laboratory_for(by, laboratory_id, "update", lock=True)
        expect(laboratory, if_match)
    laboratory.name, laboratory.code, laboratory.active = name, code, active
    laboratory.version, laboratory.updated_at = laboratory.version + 1, now
    with refusing(CLINICAL, laboratory_code_is_its_own=LaboratoryCodeTaken):
        laboratory.save()
    audit.record(by, "laboratory.saved", resource="laboratories", resource_id=laboratory.id)
    return laboratory


def add_staff(*, by: Caller, laboratory_id: UUID, account_id: UUID, now: datetime) -> LaboratoryStaff:
    """From now on an account whose role is LAB works at a laboratory, and sees what is examined there.

    Raises NotFound for a laboratory or such an account that is none here, WorksAtLaboratoryAlready.
    """
    by.scope("laboratory-staff", "create")
    laboratory = laboratory_for(by, laboratory_id)
    if account_id not in accounts_with(Role.LAB, current_organization_id()):
        raise NotFound
    end_former_work(by=by, account_id=account_id, at=now)
    engagement_id = engagement_of(account_id, current_organization_id()) or NIL
    staff = LaboratoryStaff(laboratory=laboratory, account_id=account_id, engagement_id=engagement_id, since=now)
    with refusing(CLINICAL, works_at_a_laboratory_once_at_a_time=WorksAtLaboratoryAlready):
        staff.save(force_insert=True)
    audit.record(by, "laboratory.joined", resource="laboratory-staff", resource_id=laboratory.id)
    return staff


def employ_at(
    *, by: Caller, laboratory_id: UUID, username: str, email: str, password: str | None, now: datetime
) -> LaboratoryStaff:
    """Make somebody a member with the role LAB who works at a laboratory; as `employ`, and as `add_staff`.

    The membership commits in accounts first: after a crash in between they are a member without a laboratory, who
    reaches nothing until they are added. Raises as `employ` does, and NotFound for a laboratory that is none.
    """
    by.scope("laboratory-staff", "create")
    laboratory_for(by, laboratory_id)
    made = employ(by=by, username=username, email=email, password=password, roles=[Role.LAB], now=now)
    return add_staff(by=by, laboratory_id=laboratory_id, account_id=made.account_id, now=now)


def end_staff(*, by: Caller, laboratory_id: UUID, account_id: UUID, now: datetime) -> None:
    """An account does not work at a laboratory any more, and sees nothing of it from now on. Raises NotFound."""
    by.scope("laboratory-staff", "delete")
    standing = LaboratoryStaff.objects.filter(laboratory=laboratory_id, account_id=account_id, until=None)
    if not standing.update(until=now):
        raise NotFound
    audit.record(by, "laboratory.left", resource="laboratory-staff", resource_id=laboratory_id)


def end_former_work(*, by: Caller, account_id: UUID, at: datetime) -> None:
    """Who stopped being LAB at that time works at none of the laboratories where they worked until then.

    What was given to the present engagement stays; safe to repeat.
    """
    present = engagement_of(account_id, current_organization_id())
    standing = LaboratoryStaff.objects.select_for_update().filter(account_id=account_id, until=None).order_by("id")
    for staff in [each for each in standing if each.engagement_id != present]:
        staff.until = max(at, staff.since)
        staff.save(update_fields=["until"])
        audit.record(by, "laboratory.left", resource="laboratory-staff", resource_id=staff.laboratory_id)
