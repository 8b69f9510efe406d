"""What cannot be done is said in a sentence, before anything is begun that would be lost."""

from pathlib import Path

import pytest

from chiron.kernel.ids import new_id
from chiron.operations.backup.errors import BackupRefused
from chiron.operations.backup.writing import _parts_of
from tests.backup.places import Taken, backed_up


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


def test_an_organization_that_is_deleted_meanwhile_has_no_files_any_more(taken: Taken, committed: None) -> None:
    assert list(_parts_of([(new_id(), new_id(), 10)])) == []
