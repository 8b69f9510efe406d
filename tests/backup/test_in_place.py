"""One organization of a living installation turned back to a backup: all of it, and nothing of any other."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.audit.public import seal, verify
from chiron.identity.public import Role
from chiron.identity.services.organizations import change_organization
from chiron.jobs.models import Queued
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, close_connections
from chiron.operations.backup import turning_back
from chiron.operations.backup.beside import trail_tables
from chiron.operations.backup.fingerprints import part_of, rows_of_schema
from chiron.operations.backup.places import Folder
from chiron.operations.backup.reading import Backup
from chiron.operations.backup.snapshots import connect_as_owner
from chiron.operations.backup.turning_back import turn_back
from chiron.operations.backup.watch import Watch
from chiron.tenancy.public import inside, schema_of
from tests.backup.places import KEY, Taken
from tests.erasure.people import live, sent
from tests.erasure.scanning import everything
from tests.town import OPERATOR, Clinic, drop_organization, make_clinic, renew_tokens, the_town


def suspend(clinic: Clinic, *, suspended: bool = True) -> None:
    change_organization(by=OPERATOR, organization_id=clinic.id, changes={}, suspended=suspended, now=now())


def turned_back(taken: Taken) -> dict[str, Any]:
    backup = Backup.at(Folder(taken.folder), KEY)
    return turn_back(backup, taken.clinic.organization.slug, by=OPERATOR, now=now(), watch=Watch()).said


def rows(organization_id: UUID) -> dict[str, Any]:
    """Of every table of an organization how many rows it has, and their digest."""
    schema = schema_of(organization_id)
    with connect_as_owner(CLINICAL) as connection, connection.transaction():
        return named(rows_of_schema(connection, schema, lambda _: None)["tables"])


def rows_in_the_backup(taken: Taken) -> dict[str, Any]:
    databases = Backup.at(Folder(taken.folder), KEY).manifest.databases
    return named(part_of(databases[CLINICAL], schema_of(taken.clinic.id))["tables"])


def named(tables: dict[str, Any]) -> dict[str, Any]:
    trail = trail_tables()
    return {name: said for each, said in tables.items() if (name := each.split(".")[1]) not in trail}


def schemas_of(organization_id: UUID) -> list[str]:
    """The schemas of an organization, as what comes after its id in their names."""
    query = "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s) ORDER BY 1"
    with connect_as_owner(CLINICAL) as connection:
        found = connection.execute(query, [schema_of(organization_id)]).fetchall()
    return [name.removeprefix(schema_of(organization_id)) for (name,) in found]


@pytest.fixture
def lakeview(committed: None) -> Iterator[Clinic]:
    """A clinic that works on while another is turned back."""
    clinic = make_clinic(None)
    yield clinic
    drop_organization(clinic.organization)


def test_one_is_turned_back_whole_while_another_works_on(
    taken: Taken, lakeview: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    renew_tokens(taken.clinic)
    live(taken.clinic, 43)
    quiet, written = the_town().riverside.id, rows(lakeview.id)["registry_patient"][0]
    before, number = rows(quiet), 0

    def writing(step: Callable[..., Any]) -> Callable[..., Any]:
        def act(*args: Any, **options: Any) -> Any:
            nonlocal number
            number += 1
            done = step(*args, **options)
            with ThreadPoolExecutor(1) as other:
                other.submit(write, lakeview).result(timeout=5)
            return done

        return act

    for step in ("open_everything", "exchange_tables", "settle"):
        monkeypatch.setattr(turning_back, step, writing(getattr(turning_back, step)))
    suspend(taken.clinic)
    report = turned_back(taken)
    suspend(taken.clinic, suspended=False)

    assert rows(quiet) == before
    assert (number, rows(lakeview.id)["registry_patient"][0]) == (3, written + 3)
    wanted, there = rows_in_the_backup(taken), rows(taken.clinic.id)
    assert {name for name in wanted if wanted[name] != there[name]} <= {
        "notifications_delivery",
        "notifications_counter",
    }
    found = everything(taken.clinic)
    assert [found.holds(known.words) for known in taken.people] == [list(known.words) for known in taken.people]
    assert found.failed == 0
    assert (report["opened"]["opened"], report["opened"]["files"]) == (46, 2)
    assert_the_trail_goes_on(taken.clinic, report)
    assert not Queued.objects.filter(args__organization=str(taken.clinic.id)).exists()
    assert schemas_of(taken.clinic.id)[0] == ""
    assert report["former"]["clinical"] in {
        f"{schema_of(taken.clinic.id)}{each}" for each in schemas_of(taken.clinic.id)
    }
    renew_tokens(taken.clinic)
    client = taken.clinic.client(Role.ADMIN)
    assert client.get(f"/api/patients/{taken.people[0].id}").status_code == 200
    write(taken.clinic)


def write(clinic: Clinic) -> None:
    """As a receptionist does, from a connection of its own."""
    renew_tokens(clinic)
    sent(clinic.client(Role.ADMIN), "/api/patients", {"family": "Boateng", "given": ["Ama"]})
    close_connections()


def assert_the_trail_goes_on(clinic: Clinic, report: dict[str, Any]) -> None:
    """It has an event of 43's registration, which was turned back, and one that says so; with all published heads."""
    while seal(CLINICAL, clinic.id):
        pass
    verified = verify(clinic.id, now=now())
    assert (verified.is_intact, verified.copies) == (True, verified.heads)
    assert report["trail_is_intact"]
    with inside(clinic.id):
        events = Event.objects.using(CLINICAL)
        assert events.filter(action="patient.created").count() >= 3
        assert events.filter(action="backup.restored", resource_id=UUID(report["backup"])).exists()
