"""Making erasures again that a restored backup brought back, before anything is served from it."""

from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from chiron.files.public import StorageUnavailable
from chiron.identity.public import end_account_of_patient, erase_organization, patients_signing_in, remove_remains
from chiron.kernel.access import Caller
from chiron.kernel.log import logger
from chiron.registry.public import blank, remove_parts_of, standing
from chiron.tenancy.public import all_organizations, inside, schema_of, schemas_of_nobody
from chiron.vault.public import Entry, destroy_again, erased_organizations, erased_patients, keys_are_destroyed

BY = Caller(operator=True, device="erasures replay")


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many lines of the ledger `accounts` had lost; how many patients and organizations were erased again."""

    lines: int
    patients: int
    organizations: int


def is_pending() -> bool:
    """Whether the databases hold somebody whom the ledger calls erased: nothing may be served. Raises LedgerBroken.

    A process that only signs people in looks at the keys alone; it serves nothing of the clinical database.
    """
    if not keys_are_destroyed():
        return True
    return not settings.ONLY and (any(_organizations_brought_back()) or any(_brought_back()))


def replay(*, now: datetime) -> Replayed:
    """Destroy the keys again and blank again whatever a restored backup brought back; where nothing did, do nothing.

    Safe to repeat and to interrupt. A whole organization needs the owner's login to be removed again.
    Raises LedgerBroken, OwnerNotConfigured, OSError where the ledger's copy cannot be kept up.
    """
    lines = destroy_again()
    organizations = patients = 0
    for organization_id in list(_organizations_brought_back()):
        _erase_organization_again(organization_id, now)
        organizations += 1
    for line in list(_brought_back()):
        _erase_again(line, now)
        patients += 1
    done = Replayed(lines, patients, organizations)
    if any(astuple(done)):
        logger.warning("erasures_replayed", **asdict(done))
    return done


def remove_all_files() -> int:
    """Remove the bytes of every erased patient's files, which a restored storage brought back; how many parts.

    Nobody can open them anyway. Raises StorageUnavailable.
    """
    parts, known = 0, {organization.id for organization in all_organizations()}
    for organization_id, lines in erased_patients().items():
        if organization_id in known:
            with inside(organization_id):
                parts += sum(remove_parts_of(line.patient_id) for line in lines if line.patient_id)
    return parts


def _organizations_brought_back() -> Iterator[UUID]:
    """Erased organizations of which `accounts` has a row again, or `clinical` a schema."""
    erased = [line.organization_id for line in erased_organizations()]
    if erased:
        known, remains = {each.id for each in all_organizations()}, set(schemas_of_nobody())
        yield from (each for each in erased if each in known or schema_of(each) in remains)


def _erase_organization_again(organization_id: UUID, now: datetime) -> None:
    if any(each.id == organization_id for each in all_organizations()):
        erase_organization(by=BY, organization_id=organization_id, now=now)
    else:
        remove_remains(organization_id)


def _brought_back() -> Iterator[Entry]:
    """The lines whose patients stand in a database of theirs, each once."""
    known = {organization.id for organization in all_organizations()} - set(_organizations_brought_back())
    for organization_id, lines in erased_patients().items():
        if organization_id not in known:
            continue
        signing_in = patients_signing_in(organization_id, [line.patient_id for line in lines])
        with inside(organization_id):
            there = {line.patient_id for line in standing(lines)}
        yield from (line for line in lines if line.patient_id in there or line.patient_id in signing_in)


def _erase_again(line: Entry, now: datetime) -> None:
    if line.account_id and line.patient_id in patients_signing_in(line.organization_id, [line.patient_id]):
        end_account_of_patient(organization_id=line.organization_id, account_id=line.account_id, now=now)
    with inside(line.organization_id):
        blank(BY, line, now)
    if line.patient_id:
        with inside(line.organization_id):
            _remove_parts(line)


def _remove_parts(line: Entry) -> None:
    try:
        if line.patient_id:
            remove_parts_of(line.patient_id)
    except StorageUnavailable:  # they open for nobody; `erasures replay --files` makes up for it
        logger.warning("erased_files_remain", organization=str(line.organization_id))
