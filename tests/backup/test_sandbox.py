"""One organization restored alone: everything of it, under its own id, and nothing of any other."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command

from chiron.audit.public import verify
from chiron.identity.public import Account, Membership, Role
from chiron.jobs.models import Waiting
from chiron.kernel.clock import now
from chiron.kernel.db import ACCOUNTS, ALIASES, CLINICAL
from chiron.kernel.ids import NIL, new_id
from chiron.operations.backup.errors import BackupRefused, Damaged
from chiron.operations.backup.filling import put_files
from chiron.operations.backup.places import Folder
from chiron.operations.backup.proving import prove_equal_alone, prove_trails
from chiron.operations.backup.reading import Backup
from chiron.operations.backup.restoring import restore_alone
from chiron.operations.backup.snapshots import connect_as_owner
from chiron.operations.backup.watch import Watch
from chiron.registry.models import Patient
from chiron.tenancy.public import all_organizations, inside, schema_of
from chiron.vault.models import OrganizationKey, PatientKey
from tests.backup.places import KEY, Taken, databases, elsewhere
from tests.erasure.scanning import everything
from tests.town import BUILT, OPERATOR


@pytest.fixture
def sandbox(committed: None, settings: Any, tmp_path: Path) -> Iterator[str]:
    """An installation that is empty, with a storage of its own."""
    sealed = settings.STORAGES["sealed"]
    own = sealed | {"OPTIONS": sealed["OPTIONS"] | {"location": tmp_path / "files"}}
    settings.STORAGES = settings.STORAGES | {"sealed": own}
    with elsewhere() as prefix:
        yield prefix


def alone(taken: Taken, slug: str) -> dict[str, Any]:
    backup = Backup.at(Folder(taken.folder), KEY)
    return restore_alone(backup, slug, by=OPERATOR, now=now(), watch=Watch()).said


def test_an_organization_is_restored_alone_and_whole(taken: Taken, sandbox: str) -> None:
    other = BUILT["town"].hilltop

    report = alone(taken, taken.clinic.organization.slug)

    assert [each.id for each in all_organizations()] == [taken.clinic.id]
    assert report["opened"]["files"] == 2
    found = everything(taken.clinic)
    assert [found.holds(known.words) for known in taken.people] == [list(known.words) for known in taken.people]
    assert found.failed == 0
    assert verify(taken.clinic.id, now=now()).is_intact
    assert Membership.objects.count() == len(Role) + len(taken.people)
    assert not Account.objects.filter(username__startswith=other.organization.slug).exists()
    assert set(OrganizationKey.objects.values_list("organization_id", flat=True)) == {NIL, taken.clinic.id}
    keys = PatientKey.objects.filter(wrapped__isnull=False)  # the ledger's lines of others leave keys destroyed
    assert set(keys.values_list("organization_id", flat=True)) == {taken.clinic.id}
    assert not Waiting.objects.exists()
    with connect_as_owner(CLINICAL) as connection:
        schemas = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^t_'").fetchall()
        jobs = connection.execute("SELECT count(*) FROM public.procrastinate_jobs").fetchall()
    assert (schemas, jobs) == ([(schema_of(taken.clinic.id),)], [(0,)])
    ids = [each.hex for each in (other.id, other.patient_id, other.doctor_id)]
    assert [each for each in ids if each in dump_of(ACCOUNTS) + dump_of(CLINICAL)] == []


def test_what_was_altered_in_the_restored_is_found(taken: Taken, sandbox: str, settings: Any) -> None:
    alone(taken, taken.clinic.organization.slug)
    manifest, organization_id = Backup.at(Folder(taken.folder), KEY).manifest, taken.clinic.id
    with inside(organization_id):
        Patient.objects.filter(id=taken.clinic.patient_id).update(birth_date="1901-02-03")
    heads = settings.AUDIT_HEADS_DIR / f"{organization_id}.jsonl"
    *former, last = heads.read_text().splitlines()
    said = orjson.loads(last)
    said["size"] += 1
    heads.write_text("\n".join([*former, orjson.dumps(said).decode(), ""]))

    with pytest.raises(Damaged, match=r"The organization is not what was backed up: .*\.registry_patient"):
        prove_equal_alone(manifest, organization_id, Watch())
    with pytest.raises(Damaged, match=f"The audit trail {organization_id} is not intact: "):
        prove_trails()


def test_only_the_files_of_the_organization_come_along_and_none_may_lack(
    taken: Taken, sandbox: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = Backup.at(Folder(taken.folder), KEY)

    nobodys = put_files(backup, Watch(), new_id())
    theirs = put_files(backup, Watch(), taken.clinic.id)

    assert (nobodys["members"], theirs["members"]) == (0, backup.manifest.stored["members"])
    assert [each.name for each in (tmp_path / "files").iterdir()] == [taken.clinic.id.hex]
    monkeypatch.setattr(Backup, "members", lambda *_: iter(()))
    with pytest.raises(Damaged, match="The files are not those that were backed up"):
        put_files(backup, Watch(), taken.clinic.id)


def dump_of(alias: str) -> str:
    """Every row of every table, as text."""
    said = []
    with connect_as_owner(alias) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information_schema$)'"
        ).fetchall()
        for schema, table in tables:
            said += [str(row) for (row,) in connection.execute(f'SELECT t::text FROM {schema}."{table}" t').fetchall()]
    return "\n".join(said).replace("-", "")


def test_a_sandbox_is_refused_where_it_could_harm_a_clinic(
    taken: Taken, sandbox: str, settings: Any, tmp_path: Path
) -> None:
    with pytest.raises(BackupRefused, match="There is no organization 'nobodys'"):
        alone(taken, "nobodys")
    assert databases(sandbox) == []
    folder = tmp_path / "files" / taken.clinic.id.hex
    shutil.copytree(settings.HOME.path / "files" / taken.clinic.id.hex, folder)
    with pytest.raises(BackupRefused, match="a sandbox needs a storage of its own"):
        alone(taken, taken.clinic.organization.slug)
    assert databases(sandbox) == []
    shutil.rmtree(folder)

    alone(taken, taken.clinic.organization.slug)

    assert databases(sandbox) == sorted(ALIASES)
    with pytest.raises(BackupRefused, match="is not empty, and stays as it is"):
        alone(taken, taken.clinic.organization.slug)
    with pytest.raises(CommandError, match="BACKUP_ENCRYPTION_KEY is missing"):
        call_command("restore", str(taken.folder), organization=taken.clinic.organization.slug)
