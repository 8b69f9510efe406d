"""What a backup holds, what it refuses to be restored from, and what a restore leaves alone."""

import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.conf import settings

from chiron.kernel.db import ALIASES
from chiron.operations.backup.errors import BackupRefused, Damaged, WrongKey
from chiron.operations.backup.places import Folder
from chiron.operations.backup.reading import Backup
from chiron.operations.backup.sealing import opened
from chiron.operations.backup.watch import Watch
from chiron.postgres import programs
from chiron.vault.public import forget_keys
from tests.backup.places import KEY, Taken, backed_up, databases, elsewhere, restored
from tests.canary.places import a_moment_ago, files

POSITIONS = [pytest.param(25, id="25 bytes"), pytest.param(2000, marks=pytest.mark.stress, id="2000 bytes")]


def plain(taken: Taken, part: str) -> bytes:
    return b"".join(opened(KEY, Folder(taken.folder).get(part), part))


def as_sql(taken: Taken, part: str) -> bytes:
    """A dump as everybody reads it who has the key of backups."""
    program = programs.shipped() / "pg_restore"
    return subprocess.run([program, "--file=-"], input=plain(taken, part), capture_output=True, check=True).stdout


def sealed_words(taken: Taken) -> list[bytes]:
    """Numbers, addresses and a narrative; a name is part of its owner's username here, a code stands in clear."""
    said = [(number, mail, f"{told} again") for _, number, told, *_, mail in (known.words for known in taken.people)]
    return [word.encode() for each in said for word in each]


def assert_refused(folder: Path, refusal: type[Exception], why: str, key: X25519PrivateKey = KEY) -> None:
    """Refused, and the server has not even an empty database of it."""
    with elsewhere() as prefix:
        with pytest.raises(refusal, match=why):
            restored(folder, key=key)
        assert databases(prefix) == []


def test_nothing_of_a_backup_is_plain_and_keys_lie_apart(taken: Taken, committed: None) -> None:
    said = [word.encode() for known in taken.people for word in known.words]

    written = {path.name: path.read_bytes() for path in taken.folder.iterdir()}

    assert set(written) == {f"{each}.sealed" for each in (*ALIASES, "files", "heads", "bundles", "manifest")}
    assert {path.stat().st_mode & 0o777 for path in taken.folder.iterdir()} == {0o600}
    assert [
        word for content in written.values() for word in [*said, b"CREATE TABLE", b"PGDMP"] if word in content
    ] == []
    assert plain(taken, "clinical.sealed").startswith(b"PGDMP")
    for part in (as_sql(taken, "clinical.sealed"), as_sql(taken, "accounts.sealed"), plain(taken, "files.sealed")):
        assert taken.clinic.id.hex.encode() in part.replace(b"-", b"")
        assert [word for word in sealed_words(taken) if word in part] == []
    secrets = [settings.MASTER_ENCRYPTION_KEY, settings.AUDIT_SIGNING_KEY, settings.SECRET_KEY]
    assert [each for each in secrets for name in written if each.encode() in plain(taken, name)] == []


@pytest.mark.skipif(not settings.EMBEDDED, reason="reads the files of the session's own server")
def test_nothing_is_written_in_plaintext_even_for_a_moment(
    taken: Taken, committed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name lies in any file that the server, or we, write meanwhile; no temporary file is made."""
    said, moment = sealed_words(taken), a_moment_ago()
    for variable in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(variable, str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()

    backup = backed_up(tmp_path / "backups")
    with elsewhere():
        restored(backup)

        written = [*files(settings.HOME.path, moment), *files(tmp_path, moment)]

    assert list((tmp_path / "temporary").iterdir()) == []
    assert len(written) > 20
    assert [(name, word) for name, content in written for word in said if word in content] == []


@pytest.mark.parametrize("number", POSITIONS)
def test_a_byte_changed_anywhere_in_any_file_is_refused(
    taken: Taken, committed: None, tmp_path: Path, number: int, shown: Any
) -> None:
    damaged = taken.copy(tmp_path)
    Backup.at(Folder(damaged), KEY).must_be_whole(Watch())
    accepted, tried = [], 0

    for path in sorted(damaged.iterdir()):
        whole = path.read_bytes()
        ends = {0, 7, 8, 15, 16, 47, 48, 63, 64, len(whole) - 1}
        for at in sorted(ends | set(random.sample(range(len(whole)), min(number, len(whole))))):
            path.write_bytes(whole[:at] + bytes((whole[at] ^ random.choice((1, 128)),)) + whole[at + 1 :])
            tried += 1
            try:
                Backup.at(Folder(damaged), KEY).must_be_whole(Watch())
            except (Damaged, WrongKey):
                continue
            accepted.append((path.name, at))
        path.write_bytes(whole)

    assert accepted == []
    Backup.at(Folder(damaged), KEY).must_be_whole(Watch())
    shown("R5", f"one bit flipped at {tried:,} places, in every file of a backup: {len(accepted)} accepted")


def test_a_damaged_backup_touches_no_server(taken: Taken, committed: None, tmp_path: Path) -> None:
    damaged = taken.copy(tmp_path)
    path = damaged / "clinical.sealed"
    whole = path.read_bytes()

    for content in (whole[:-1], whole[: len(whole) // 2], whole + b"x", whole[:-1] + bytes((whole[-1] ^ 1,))):
        path.write_bytes(content)
        assert_refused(damaged, Damaged, "clinical.sealed is not what was written")
    path.unlink()
    assert_refused(damaged, Damaged, "clinical.sealed of the backup cannot be read")


def test_parts_of_two_backups_make_none(taken: Taken, committed: None, tmp_path: Path) -> None:
    other, mixed = backed_up(tmp_path / "other"), taken.copy(tmp_path)

    (mixed / "research.sealed").write_bytes((other / "research.sealed").read_bytes())

    assert_refused(mixed, Damaged, "another backup's")


def test_another_key_is_said_to_be_another(taken: Taken, committed: None) -> None:
    assert_refused(taken.folder, WrongKey, "give the one it was sealed for", key=X25519PrivateKey.generate())


def test_a_backup_that_somebody_made_up_is_refused(taken: Taken, committed: None, settings: Any) -> None:
    settings.AUDIT_SIGNING_KEY = "of somebody who knows the public key only"

    assert_refused(taken.folder, BackupRefused, "not signed with this AUDIT_SIGNING_KEY")


def test_without_the_master_key_nothing_is_begun(taken: Taken, committed: None, settings: Any) -> None:
    settings.MASTER_ENCRYPTION_KEY = Fernet.generate_key().decode()

    assert_refused(taken.folder, BackupRefused, "MASTER_ENCRYPTION_PREVIOUS_KEYS")


def test_a_backup_of_another_version_is_restored_by_that_version(
    taken: Taken, committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chiron.operations.backup.reading.migrations", lambda: "records.9999_later")

    assert_refused(taken.folder, BackupRefused, "restore it with that version, then upgrade")


def test_a_backup_is_refused_that_would_lack_a_file(
    taken: Taken, committed: None, tmp_path: Path, settings: Any
) -> None:
    sealed = settings.STORAGES["sealed"]
    settings.STORAGES = settings.STORAGES | {
        "sealed": sealed | {"OPTIONS": sealed["OPTIONS"] | {"location": tmp_path / "nothing"}}
    }

    with pytest.raises(BackupRefused, match="is not where the settings say"):
        backed_up(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == []


def test_what_is_read_back_otherwise_is_no_backup(
    taken: Taken, committed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = Folder.get
    monkeypatch.setattr(Folder, "get", lambda place, name: (block[:-1] for block in get(place, name)))

    with pytest.raises(Damaged, match="something else is read back"):
        backed_up(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == []


@pytest.mark.parametrize("rotated", [False, True], ids=["the same master key", "a rotated master key"])
def test_everything_is_restored_under_other_names(taken: Taken, committed: None, settings: Any, rotated: bool) -> None:
    if rotated:
        settings.MASTER_ENCRYPTION_PREVIOUS_KEYS = [settings.MASTER_ENCRYPTION_KEY]
        settings.MASTER_ENCRYPTION_KEY = Fernet.generate_key().decode()
    with elsewhere() as prefix:
        report = restored(taken.folder).said

        assert databases(prefix) == sorted(ALIASES)
        assert report["opened"]["opened"] >= 20
        assert report["opened"]["files"] == 2
        assert report["replayed"] == {"lines": 0, "patients": 0, "organizations": 0}
        with pytest.raises(BackupRefused, match="is not empty, and stays as it is"):
            restored(taken.folder)
        assert databases(prefix) == sorted(ALIASES)
    forget_keys()
