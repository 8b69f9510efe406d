"""Backups in a bucket, of an S3 that runs in this process and is reached over HTTP."""

import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from chiron.kernel.clock import now
from chiron.kernel.db import ALIASES
from chiron.operations.backup.errors import BackupRefused, Damaged
from chiron.operations.backup.places import MANIFEST, Bucket
from chiron.operations.backup.reading import Backup
from chiron.operations.backup.restoring import restore
from chiron.operations.backup.watch import Watch
from tests.backup.places import KEY, Taken, databases, elsewhere
from tests.town import OPERATOR


@pytest.fixture
def client(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What speaks to the bucket `nightly`."""
    import boto3  # type: ignore[import-untyped]
    from moto.server import ThreadedMotoServer

    for name, value in {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    settings.BACKUP_ENDPOINT_URL = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    settings.BACKUP_PUBLIC_KEY = urlsafe_b64encode(KEY.public_key().public_bytes_raw()).decode()
    made = boto3.client("s3", endpoint_url=settings.BACKUP_ENDPOINT_URL)
    made.create_bucket(Bucket="nightly")
    yield made
    server.stop()


def objects(client: Any) -> dict[str, bytes]:
    listed = client.list_objects_v2(Bucket="nightly").get("Contents", [])
    return {
        each["Key"]: client.get_object(Bucket="nightly", Key=each["Key"])["Body"].read() for each in listed
    }  # fmt: skip


def test_a_backup_goes_to_a_bucket_and_comes_back(
    taken: Taken, committed: None, client: Any, tmp_path: Path, capsys: Any
) -> None:
    before = objects(client)
    call_command("backup", str(tmp_path), s3="nightly/chiron")
    call_command("backup", s3="nightly")

    said = capsys.readouterr().out
    [folder] = tmp_path.iterdir()
    found = {name: content for name, content in objects(client).items() if name not in before}
    assert f"{folder} and s3://nightly/chiron/{folder.name}: " in said
    assert {name: content for name, content in found.items() if name.startswith("chiron/")} == {
        f"chiron/{folder.name}/{path.name}": path.read_bytes() for path in folder.iterdir()
    }
    [prefix] = {name.partition("/")[0] for name in found} - {"chiron"}
    with elsewhere() as other:
        restore(
            Backup.at(Bucket("nightly", prefix), KEY), by=OPERATOR, replace=False, now=now(), watch=Watch()
        )  # fmt: skip
        assert databases(other) == sorted(ALIASES)


def test_what_is_not_whole_in_a_bucket_is_no_backup(taken: Taken, committed: None, client: Any, settings: Any) -> None:
    bucket = Bucket("nightly", "chiron-test")
    for path in taken.folder.iterdir():
        if path.name != MANIFEST:
            bucket.put(path.name, [path.read_bytes()])

    with pytest.raises(Damaged, match="not in the bucket"):
        Backup.at(bucket, KEY)

    bucket.put(MANIFEST, [(taken.folder / MANIFEST).read_bytes()])
    Backup.at(bucket, KEY).must_be_whole(Watch())
    bucket.put("accounts.sealed", [(taken.folder / "accounts.sealed").read_bytes()[:-1]])
    with pytest.raises(Damaged, match="accounts.sealed is not what was written"):
        Backup.at(bucket, KEY).must_be_whole(Watch())


def test_a_bucket_that_is_not_there_is_said_so(taken: Taken, committed: None, client: Any, settings: Any) -> None:
    with pytest.raises(CommandError, match="No backup was made, or not everywhere. The bucket cannot be used"):
        call_command("backup", s3="nobodys")
    with pytest.raises(BackupRefused, match="The bucket cannot be used"):
        Backup.at(Bucket("nobodys", "chiron-test"), KEY)
    with pytest.raises(CommandError, match="Say where"):
        call_command("backup")


@pytest.mark.parametrize("arguments", [[], ["./where"]], ids=["a bucket", "a folder"])
def test_the_scripts_say_where(arguments: list[str], tmp_path: Path) -> None:
    """Asked of a command that only repeats what it is told."""
    for name in ("backup.sh", "restore.sh"):
        (tmp_path / "scripts").mkdir(exist_ok=True)
        script = tmp_path / "scripts" / name
        script.write_text((Path(settings.BASE_DIR) / "scripts" / name).read_text())
        script.chmod(0o755)
    echo = tmp_path / ".venv" / "bin" / "chiron"
    echo.parent.mkdir(parents=True)
    echo.write_text('#!/bin/sh\necho "$@ S3_BUCKET=$S3_BUCKET"\n')
    echo.chmod(0o755)

    def run(name: str, *given: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [tmp_path / "scripts" / name, *given], env={"PATH": "/usr/bin:/bin"} | environment, capture_output=True,
            text=True, check=False,
        )  # fmt: skip

    done = run("backup.sh", *arguments, S3_BUCKET="nightly")

    assert done.stdout == ("backup ./where S3_BUCKET=nightly\n" if arguments else "backup --s3 nightly S3_BUCKET=\n")
    assert run("backup.sh").returncode != 0
    assert run("restore.sh").returncode != 0
    assert run("restore.sh", "s3://nightly/chiron-1", "--replace").stdout.startswith(
        "restore s3://nightly/chiron-1 --rep"
    )
