"""What is done between the snapshots of two databases, and whoever backs up with the wrong programs."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import close_connections
from chiron.operations.backup import snapshots
from chiron.operations.backup.errors import BackupRefused
from chiron.operations.backup.programs import folder_for
from chiron.operations.backup.snapshots import Snapshot
from chiron.postgres.programs import shipped
from chiron.registry.models import Patient
from chiron.registry.public import Entry, Person, create_patient
from chiron.tenancy.public import inside
from chiron.vault.models import PatientKey
from tests.backup.places import Taken, backed_up, elsewhere, restored
from tests.erasure.scanning import everything


def register(taken: Taken) -> None:
    """As another process does it, which knows nothing of the transactions of this thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_register, taken).result()


def _register(taken: Taken) -> None:
    by = Caller(organization_id=taken.clinic.id, roles=frozenset({"ADMIN"}))
    with inside(taken.clinic.id):
        create_patient(by=by, entry=Entry(person=Person(family="Between")), now=now())
    close_connections()


def numbers(taken: Taken) -> tuple[int, int]:
    """Patients, and patients with a key."""
    with inside(taken.clinic.id):
        patients = Patient.objects.count()
    return patients, PatientKey.objects.filter(organization_id=taken.clinic.id).count()


def test_who_is_registered_between_two_snapshots_leaves_a_key_without_a_lock_and_no_lock_without_a_key(
    taken: Taken, committed: None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, patients = snapshots._taken, numbers(taken)[0]

    def and_register(connection: object) -> Snapshot:
        snapshot = take(connection)  # type: ignore[arg-type]
        register(taken)
        return snapshot

    monkeypatch.setattr(snapshots, "_taken", and_register)
    folder = backed_up(tmp_path_factory.mktemp("backup"))

    with elsewhere():
        restored(folder)
        assert numbers(taken) == (patients, patients + 2)
        assert everything(taken.clinic).failed == 0


def test_the_models_of_the_screening_come_along(taken: Taken, committed: None, tmp_path: Path, settings: Any) -> None:
    shelf, other = tmp_path / "shelf", tmp_path / "other"
    for name, content in {"ab12/bundle.json": b"{}", "ab12/card.json": b"[]", "new-x/bundle.json": b"half"}.items():
        (shelf / name).parent.mkdir(parents=True, exist_ok=True)
        (shelf / name).write_bytes(content)
    settings.BUNDLES_DIR = shelf
    folder = backed_up(tmp_path / "backup")

    settings.BUNDLES_DIR = other
    with elsewhere():
        assert restored(folder).said["bundles"] == 2

    found = {path.relative_to(other).as_posix(): path.read_bytes() for path in other.rglob("*") if path.is_file()}
    assert found == {"ab12/bundle.json": b"{}", "ab12/card.json": b"[]"}


def test_only_programs_of_the_servers_version_are_used() -> None:
    assert (folder_for(18) / "pg_dump").exists()
    assert (shipped() / "pg_restore").exists()
    with pytest.raises(BackupRefused, match="install postgresql-client-9"):
        folder_for(9)
