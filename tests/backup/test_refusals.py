"""What cannot be done is said in a sentence, before anything is begun that would be lost."""

from base64 import urlsafe_b64encode
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chiron.kernel.ids import new_id
from chiron.operations.backup.errors import BackupRefused, Damaged
from chiron.operations.backup.places import MANIFEST, Folder
from chiron.operations.backup.watch import Watch
from chiron.operations.backup.writing import _parts_of, copy
from tests.backup.places import KEY, Taken, backed_up, databases, elsewhere


def test_of_two_backups_of_one_second_the_first_is_made(taken: Taken, committed: None, tmp_path: Path) -> None:
    first = tmp_path / "chiron-test.partial"
    first.mkdir()
    (first / "clinical.sealed").write_bytes(b"the first one's")

    with pytest.raises(BackupRefused, match="Another backup is being made as .*chiron-test"):
        backed_up(tmp_path)

    assert [path.read_bytes() for path in first.iterdir()] == [b"the first one's"]
    first.rename(tmp_path / "chiron-test")
    with pytest.raises(BackupRefused, match="Another backup was made as .*chiron-test"):
        backed_up(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["chiron-test"]


def test_what_another_place_reads_back_otherwise_does_not_count_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, other, put = Folder(tmp_path / "made"), Folder(tmp_path / "other"), Folder.put
    made.path.mkdir()
    for name in ("research.sealed", MANIFEST):
        (made.path / name).write_bytes(b"sealed")
    manifest: Any = SimpleNamespace(parts={"research.sealed": {}})
    monkeypatch.setattr(Folder, "put", lambda place, name, content: put(place, name, [b"".join(content)[:-1]]))

    with pytest.raises(Damaged, match="was brought to .*other, but something else is read back"):
        copy(manifest, made, other, watch=Watch())

    assert not other.path.exists()
    other.abandon()
    monkeypatch.undo()
    copy(manifest, made, other, watch=Watch())
    assert {each.name: each.read_bytes() for each in other.path.iterdir()} == {
        "research.sealed": b"sealed", MANIFEST: b"sealed",
    }  # fmt: skip


def test_an_organization_that_is_deleted_meanwhile_has_no_files_any_more(taken: Taken, committed: None) -> None:
    assert list(_parts_of([(new_id(), new_id(), 10)])) == []


@pytest.fixture
def keys(settings: Any) -> None:
    """Both keys of backups are given."""
    settings.BACKUP_ENCRYPTION_KEY = urlsafe_b64encode(KEY.private_bytes_raw()).decode()
    settings.BACKUP_PUBLIC_KEY = urlsafe_b64encode(KEY.public_key().public_bytes_raw()).decode()


@pytest.mark.parametrize("where", ["nothing/x.json", "."])
def test_a_report_that_could_not_be_written_is_refused_before_anything_is_restored(
    taken: Taken, committed: None, keys: None, tmp_path: Path, where: str
) -> None:
    with elsewhere() as prefix:
        with pytest.raises(CommandError, match="Nothing was restored, .* The report cannot be written to"):
            call_command("restore", str(taken.folder), report=tmp_path / where)

        assert databases(prefix) == []


def test_one_organization_alone_replaces_nothing(taken: Taken, committed: None, keys: None) -> None:
    slug = taken.clinic.organization.slug
    with elsewhere() as prefix:
        with pytest.raises(CommandError, match="One organization is restored into an installation that is empty"):
            call_command("restore", str(taken.folder), organization=slug, replace=True)
        assert databases(prefix) == []

    with pytest.raises(CommandError, match="is not empty, and stays as it is. One organization is restored into"):
        call_command("restore", str(taken.folder), organization=slug)


def test_what_is_no_place_and_no_key_is_said_so(committed: None, keys: None, tmp_path: Path, settings: Any) -> None:
    with pytest.raises(CommandError, match="/ is no backup"):
        call_command("restore", "/")

    settings.BACKUP_ENDPOINT_URL = "foo"
    with pytest.raises(CommandError, match="BACKUP_ENDPOINT_URL is no address"):
        call_command("backup", s3="nightly")

    settings.BACKUP_PUBLIC_KEY = urlsafe_b64encode(bytes(32)).decode()
    with pytest.raises(CommandError, match="BACKUP_PUBLIC_KEY is a key that everybody"):
        call_command("backup", str(tmp_path))
    assert list(tmp_path.iterdir()) == []
