"""The same file in a folder, a bucket and a container; and what is answered when one of them is dead."""

import shutil
import subprocess
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.test import override_settings

from chiron.files.errors import FileDamaged, StorageUnavailable
from chiron.files.models import File, State
from chiron.files.ranges import Span
from chiron.files.services import Swept, sweep
from chiron.files.storage import PART_SIZE, folder_of, folders_of, get_part, is_in_reach, put_part, remove_parts
from chiron.files.tests.factories import NINE, opened, pdf_of, store
from chiron.files.tests.stores import azure, free_port, s3
from chiron.kernel.access import Caller
from chiron.vault.public import OVERHEAD, Safe

CONTENT = pdf_of(2 * PART_SIZE + 9)
AZURITE = shutil.which("azurite-blob")


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, Any]]:
    """A bucket of an S3 that runs in this process and is reached over HTTP."""
    import boto3  # type: ignore[import-untyped]
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    store = s3(port)
    options = store["OPTIONS"]
    boto3.client(
        "s3", endpoint_url=options["endpoint_url"], region_name="us-east-1", aws_access_key_id="a",
        aws_secret_access_key="b",
    ).create_bucket(Bucket=options["bucket_name"])  # fmt: skip
    yield store
    server.stop()


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A container of Azurite, where it is installed (`npm install --global azurite`)."""
    if AZURITE is None:
        pytest.skip("azurite-blob is not installed")
    from azure.storage.blob import BlobServiceClient

    port, folder = free_port(), tmp_path_factory.mktemp("azurite")
    process = subprocess.Popen(
        [
            AZURITE,
            "--silent",
            "--disableTelemetry",
            "--skipApiVersionCheck",
            "--location",
            str(folder),
            "--blobPort",
            str(port),
        ]
    )
    store = azure(port)
    client = BlobServiceClient.from_connection_string(store["OPTIONS"]["connection_string"], retry_total=20)
    client.create_container(store["OPTIONS"]["azure_container"])
    client.close()
    yield store
    process.terminate()
    process.wait(10)


@pytest.fixture(params=["folder", "bucket", "container"])
def somewhere(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each kind of storage in turn."""
    if request.param == "folder":
        yield storages["sealed"]
        return
    store = request.getfixturevalue(request.param)
    with override_settings(STORAGES={"sealed": store}):
        yield storages["sealed"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:botocore", "ignore:unclosed:ResourceWarning")
def test_a_file_lives_its_life_in_each_storage(somewhere: Any, safe: Safe, hilltop: Any) -> None:
    file = store(CONTENT, safe)
    folder = folder_of(hilltop.id, file.id)

    assert sorted(somewhere.listdir(folder)[1]) == ["000000", "000001", "000002"]
    assert folder in folders_of(hilltop.id)
    assert b"".join(opened(file, safe).read()) == CONTENT
    assert b"".join(opened(file, safe).read(Span(PART_SIZE - 1, PART_SIZE))) == CONTENT[PART_SIZE - 1 : PART_SIZE + 1]
    somewhere.delete(f"{folder}/000001")
    with pytest.raises(FileDamaged):
        list(opened(file, safe).read(Span(PART_SIZE, PART_SIZE)))
    File.objects.update(state=State.ABANDONED, manifest=None, size=None)
    by = Caller(organization_id=hilltop.id)
    assert [sweep(by=by, organization_id=hilltop.id, begun_before=NINE.replace(year=2027)) for _ in range(2)] == [
        Swept(1, 2),
        Swept(1, 0),
    ]
    assert is_in_reach()


def test_a_part_is_written_once(safe: Safe, hilltop: Any) -> None:
    folder = folder_of(hilltop.id, store(CONTENT, safe).id)
    before = get_part(folder, 0, PART_SIZE + OVERHEAD)

    with pytest.raises(StorageUnavailable):
        put_part(folder, 0, b"another")

    assert get_part(folder, 0, PART_SIZE + OVERHEAD) == before


def test_no_more_of_a_part_is_read_than_was_asked_for(safe: Safe, hilltop: Any) -> None:
    folder = folder_of(hilltop.id, store(CONTENT, safe).id)

    assert len(get_part(folder, 0, 10)) == 10


@pytest.mark.parametrize(
    "kind",
    [
        "folder",
        "refusing bucket",
        "refusing container",
        pytest.param("silent bucket", marks=pytest.mark.stress),
        pytest.param("silent container", marks=pytest.mark.stress),
    ],
)
def test_a_dead_storage_is_a_503_in_bounded_time(kind: str, tmp_path: Path, silent_port: int) -> None:
    (tmp_path / "file").write_text("where a folder should be")
    folder = {"BACKEND": "chiron.files.backends.folder.Folder", "OPTIONS": {"location": tmp_path / "file"}}
    dead = {
        "folder": folder,
        "refusing bucket": s3(free_port()),
        "silent bucket": s3(silent_port),
        "refusing container": azure(free_port()),
        "silent container": azure(silent_port),
    }
    began = time.monotonic()

    with override_settings(STORAGES={"sealed": dead[kind]}), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        with pytest.raises(StorageUnavailable):
            put_part("a/b", 0, b"sealed")
        stored = time.monotonic() - began
        with pytest.raises(StorageUnavailable):
            remove_parts("a/b")

    assert max(stored, time.monotonic() - began - stored) < 10
