"""Heads in a bucket with object lock: put once, never taken back, and compared at every verification."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import boto3  # type: ignore[import-untyped]
import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from chiron.audit.bucket import Bucket, NotLocked, OutOfReach, bucket
from chiron.audit.copies import path_of
from chiron.audit.heads import signed_head
from chiron.audit.public import Sealer
from chiron.audit.tests.factories import examined, read_patient, rows, sealed_trail, tamper, told
from chiron.audit.tests.test_sealing import eventually, unsealed
from chiron.audit.trails import Trail
from chiron.audit.tree import Frontier
from chiron.audit.verification import verify
from chiron.audit.witness import Witness
from chiron.files.tests.stores import free_port
from chiron.kernel.clock import now


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 that runs in this process and is reached over HTTP."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def place(endpoint: str, settings: Any, monkeypatch: pytest.MonkeyPatch, clinic: UUID) -> Bucket:
    """The bucket that the settings name, new and locked."""
    for name, value in {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    settings.AUDIT_HEADS_BUCKET, settings.AUDIT_HEADS_ENDPOINT_URL = f"heads-{clinic}", endpoint
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket=settings.AUDIT_HEADS_BUCKET, ObjectLockEnabledForBucket=True)
    named = bucket()
    assert named is not None
    return named


def witness(clinic: UUID, place: Bucket) -> None:
    Witness(trails=lambda: [Trail(clinic)]).look_round(place)


def later(clinic: UUID) -> list[tuple[str, int | None, UUID | None, int | None]]:
    """What is found when every head must have been witnessed."""
    return told(verify(clinic, now=now() + timedelta(minutes=6), patience=timedelta(0), bound=timedelta(hours=1)))


def test_the_newest_head_is_kept_once_and_locked(clinic: UUID, place: Bucket) -> None:
    sealed_trail(clinic, 3, 4)

    witness(clinic, place)
    witness(clinic, place)

    [only] = place.copies(str(clinic))
    [head] = rows(clinic, "SELECT size, root FROM audit_head ORDER BY size DESC LIMIT 1")
    copy = only.open()  # type: ignore[union-attr]
    assert (copy.size, copy.root) == (head[0], bytes(head[1]))  # type: ignore[union-attr]
    [version] = place.client.list_object_versions(Bucket=place.name)["Versions"]
    kept = place.client.head_object(Bucket=place.name, Key=version["Key"], VersionId=version["VersionId"])
    assert kept["ObjectLockMode"] == "COMPLIANCE"
    assert kept["ObjectLockRetainUntilDate"] > now() + timedelta(days=3649)
    with pytest.raises(ClientError, match="AccessDenied"):
        place.client.delete_object(Bucket=place.name, Key=version["Key"], VersionId=version["VersionId"])
    assert later(clinic) == []


def test_a_trail_that_was_cut_off_with_its_folder_is_found_by_the_bucket(clinic: UUID, place: Bucket) -> None:
    sealed_trail(clinic, 3, 4)
    witness(clinic, place)
    copied = path_of(str(clinic)).read_bytes().splitlines(keepends=True)
    path_of(str(clinic)).write_bytes(copied[0])
    tamper(
        clinic,
        "DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_leaf WHERE seq > 2)",
        "DELETE FROM audit_leaf WHERE seq > 2",
        "DELETE FROM audit_head WHERE size > 3",
    )

    assert told(examined(clinic)) == [("truncated", 3, None, 7)]


def test_a_contradicting_copy_is_found_and_one_that_is_not_ours_is_told_apart(clinic: UUID, place: Bucket) -> None:
    sealed_trail(clinic, 3)
    witness(clinic, place)
    other = signed_head(clinic, Frontier().extended([bytes(32)] * 3), bytes(32), now())
    place.keep(str(clinic), other, now())
    contradicted = told(examined(clinic))
    place.client.put_object(Bucket=place.name, Key=f"{clinic}/{3:020}-{bytes(32).hex()}.json", Body=b"{}")
    place.client.put_object(Bucket=place.name, Key=f"{clinic}/x", Body=b"{}")

    assert contradicted == [("contradicted", None, None, 3)]
    assert sorted(told(examined(clinic)), key=str) == sorted(
        [("contradicted", None, None, 3), ("edited", None, None, None), ("edited", None, None, None)], key=str
    )


def test_a_copy_that_was_hidden_by_deleting_it_is_found(clinic: UUID, place: Bucket) -> None:
    sealed_trail(clinic, 3)
    witness(clinic, place)
    [version] = place.client.list_object_versions(Bucket=place.name)["Versions"]
    place.client.delete_object(Bucket=place.name, Key=version["Key"])

    assert told(examined(clinic)) == [("deleted", None, None, 3)]


def test_a_head_that_was_never_witnessed_is_found_after_a_while(clinic: UUID, place: Bucket) -> None:
    sealed_trail(clinic, 3)
    fresh, stale = told(examined(clinic)), later(clinic)
    witness(clinic, place)

    assert (fresh, stale) == ([], [("unwitnessed", None, None, 3)])
    assert later(clinic) == []


def test_a_bucket_out_of_reach_stops_no_sealing_is_told_and_caught_up_with(
    clinic: UUID, place: Bucket, settings: Any
) -> None:
    there = settings.AUDIT_HEADS_ENDPOINT_URL
    settings.AUDIT_HEADS_ENDPOINT_URL = f"http://127.0.0.1:{free_port()}"
    sealer = Sealer(trails=lambda: [Trail(clinic)], witness=Witness(trails=lambda: [Trail(clinic)]))
    sealer.start()
    read_patient(clinic, 3)
    assert eventually(lambda: unsealed(clinic) == 0)
    sealer.stop()

    dead = bucket()
    assert dead is not None
    with pytest.raises(OutOfReach):
        dead.check()
    assert told(examined(clinic)) == [("unwitnessed", None, None, None)]
    settings.AUDIT_HEADS_ENDPOINT_URL = there
    witness(clinic, place)
    assert later(clinic) == []


def test_a_folder_that_cannot_be_written_stops_no_sealing(clinic: UUID, settings: Any, tmp_path: Any) -> None:
    heads, in_the_way = settings.AUDIT_HEADS_DIR, tmp_path / "file"
    in_the_way.touch()
    settings.AUDIT_HEADS_DIR = in_the_way
    sealer = Sealer(trails=lambda: [Trail(clinic)])
    sealer.start()
    for _ in range(3):
        read_patient(clinic)
        assert eventually(lambda: unsealed(clinic) == 0)
    settings.AUDIT_HEADS_DIR = heads
    assert eventually(lambda: path_of(str(clinic)).exists())
    sealer.stop()

    assert examined(clinic).is_intact


def test_a_bucket_without_a_lock_is_told(clinic: UUID, place: Bucket, settings: Any) -> None:
    settings.AUDIT_HEADS_BUCKET = f"open-{clinic}"
    place.client.create_bucket(Bucket=settings.AUDIT_HEADS_BUCKET)
    place.check()
    unlocked = bucket()

    assert unlocked is not None
    with pytest.raises(NotLocked):
        unlocked.check()
