"""One organization of a living installation turned back to a backup: all of it, and nothing of any other."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.audit.public import seal, verify
from chiron.files.public import File, remove_erased
from chiron.identity.public import Role
from chiron.jobs.models import Queued, Waiting
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, close_connections
from chiron.operations.backup import turning_back
from chiron.operations.backup.names import names, restoring
from chiron.operations.backup.snapshots import connect_as_owner
from chiron.operations.keys import rotate_organization, rotate_patients
from chiron.operations.replaying import is_pending
from chiron.tenancy.public import inside, schema_beside, schema_of
from chiron.vault import settling
from chiron.vault.public import Watch, unfinished
from tests.backup.places import Taken, backed_up
from tests.backup.turning import rows, rows_in_the_backup, schemas_of, suspend, turned_back
from tests.erasure.people import live, sent
from tests.erasure.scanning import everything
from tests.erasure.test_restore import erase
from tests.town import OPERATOR, Clinic, drop_organization, make_clinic, renew_tokens, the_town


@pytest.fixture
def lakeview(django_db_setup: None, committed: None) -> Iterator[Clinic]:
    """A clinic of whom everything is committed, and dropped afterwards."""
    clinic = make_clinic(None)
    yield clinic
    Waiting.objects.filter(organization_id=clinic.id).delete()
    drop_organization(clinic.organization)


def test_one_is_turned_back_whole_while_another_works_on(
    taken: Taken, lakeview: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    renew_tokens(taken.clinic)
    live(taken.clinic, 43)
    leave_what_a_killed_run_leaves(taken.clinic)
    lose_a_file(taken.clinic)
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
    assert {name for name in wanted if wanted[name] != there[name]} == {"notifications_counter"}
    found = everything(taken.clinic)
    assert [found.holds(known.words) for known in taken.people] == [list(known.words) for known in taken.people]
    assert found.failed == 0
    assert (report["opened"]["opened"], report["opened"]["files"]) == (46, 2)
    assert report["files_of_the_former"] == 1
    assert_the_trail_goes_on(taken.clinic, report)
    assert not Queued.objects.filter(args__organization=str(taken.clinic.id)).exists()
    assert schemas_of(taken.clinic.id) == [schema_of(taken.clinic.id), report["former"]["clinical"]]
    renew_tokens(taken.clinic)
    client = taken.clinic.client(Role.ADMIN)
    assert client.get(f"/api/patients/{taken.people[0].id}").status_code == 200
    write(taken.clinic)


def leave_what_a_killed_run_leaves(clinic: Clinic) -> None:
    with connect_as_owner(CLINICAL) as connection:
        connection.execute(f"CREATE DATABASE {restoring(names()[CLINICAL])}")
        connection.execute(f"CREATE SCHEMA {schema_beside(clinic.id)}")
        connection.execute(f"CREATE TABLE {schema_beside(clinic.id)}.registry_patient (id uuid)")


def lose_a_file(clinic: Clinic) -> None:
    with inside(clinic.id):
        lost = File.objects.order_by("id").first()
        assert lost is not None
    assert remove_erased(clinic.id, [lost.id]) == 1


def write(clinic: Clinic) -> None:
    """As a receptionist does, from a connection of its own."""
    renew_tokens(clinic)
    sent(clinic.client(Role.ADMIN), "/api/patients", {"family": "Boateng", "given": ["Ama"]})
    close_connections()


def assert_the_trail_goes_on(clinic: Clinic, report: dict[str, Any]) -> None:
    """It has the event of what was turned back, and one that says so, and all that was published still holds."""
    while seal(CLINICAL, clinic.id):
        pass
    verified = verify(clinic.id, now=now())
    assert (verified.is_intact, verified.copies) == (True, verified.heads)
    assert report["trail_is_intact"]
    with inside(clinic.id):
        events = Event.objects.using(CLINICAL)
        assert events.filter(action="patient.created").count() == 5
        assert events.filter(action="backup.restored", resource_id=UUID(report["backup"])).count() == 1


def test_who_was_erased_since_stays_erased_and_keys_that_retired_since_open_again(
    lakeview: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "SETTLED", 0)
    erased, other = live(lakeview, 44), live(lakeview, 45)
    taken = Taken(backed_up(tmp_path), lakeview, [erased, other])
    erase(lakeview, erased)
    rotate_organization(by=OPERATOR, organization_id=lakeview.id, now=now(), watch=Watch())
    rotate_patients(by=OPERATOR, organization_id=lakeview.id, now=now(), watch=Watch())
    suspend(lakeview)

    report = turned_back(taken)

    suspend(lakeview, suspended=False)
    assert (report["erased_again"], report["files"]["members"], is_pending()) == (1, 1, False)
    found = everything(lakeview)
    assert found.holds(tuple(word for word in erased.words if word not in other.words)) == []
    assert found.holds(other.words) == list(other.words)
    assert found.failed == 0
    assert (report["keys_standing_again"], report["rotations_to_finish"]) == (4, ["organization", "patients"])
    renew_tokens(lakeview)
    assert lakeview.client(Role.ADMIN).get(f"/api/patients/{erased.id}").status_code == 404
    record = lakeview.client(Role.DOCTOR).get(f"/api/records/{other.record_id}")
    assert record.json()["record"]["title"] == f"{other.words[2]} again"
    rotate_organization(by=OPERATOR, organization_id=lakeview.id, now=now(), watch=Watch())
    rotate_patients(by=OPERATOR, organization_id=lakeview.id, now=now(), watch=Watch())
    assert unfinished(lakeview.id) == []
    assert everything(lakeview).failed == 0
