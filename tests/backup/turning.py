"""Turning one organization of this worker's databases back, and what can be asked of it past everything."""

from typing import Any
from uuid import UUID

from chiron.identity.services.organizations import change_organization
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL
from chiron.operations.backup.beside import trail_tables
from chiron.operations.backup.fingerprints import part_of, rows_of_schema
from chiron.operations.backup.places import Folder
from chiron.operations.backup.reading import Backup
from chiron.operations.backup.snapshots import connect_as_owner
from chiron.operations.backup.turning_back import turn_back
from chiron.operations.backup.watch import Watch
from chiron.tenancy.public import schema_of
from tests.backup.places import KEY, Taken
from tests.town import OPERATOR, Clinic

Rows = dict[str, list[Any]]


def suspend(clinic: Clinic, *, suspended: bool = True) -> None:
    """Have a clinic answer nobody, or everybody again."""
    change_organization(by=OPERATOR, organization_id=clinic.id, changes={}, suspended=suspended, now=now())


def turned_back(taken: Taken) -> dict[str, Any]:
    """Its clinic turned back; the report."""
    backup = Backup.at(Folder(taken.folder), KEY)
    return turn_back(backup, taken.clinic.organization.slug, by=OPERATOR, now=now(), watch=Watch()).said


def rows(organization_id: UUID) -> Rows:
    """Of every table of an organization, but for its trail, how many rows it has, and their digest."""
    with connect_as_owner(CLINICAL) as connection, connection.transaction():
        return _named(rows_of_schema(connection, schema_of(organization_id), lambda _: None)["tables"])


def rows_in_the_backup(taken: Taken) -> Rows:
    """The same, as the manifest has it."""
    databases = Backup.at(Folder(taken.folder), KEY).manifest.databases
    return _named(part_of(databases[CLINICAL], schema_of(taken.clinic.id))["tables"])


def schemas_of(organization_id: UUID) -> list[str]:
    """The schemas of an organization: its own, those that were kept, and one in which something was made ready."""
    query = "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s) ORDER BY 1"
    with connect_as_owner(CLINICAL) as connection:
        return [name for (name,) in connection.execute(query, [schema_of(organization_id)]).fetchall()]


def _named(tables: dict[str, Any]) -> Rows:
    trail = trail_tables()
    return {name: said for each, said in tables.items() if (name := each.split(".")[1]) not in trail}
