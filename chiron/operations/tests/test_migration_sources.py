"""A live server and a dump say the same; a source that breaks off is refused, never taken for its end."""

import json
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import bson
import pytest
from bson import ObjectId
from django.core.management import call_command
from django.core.management.base import CommandError

from chiron.operations.models import MigratedDocument
from chiron.operations.mongo.sources import Dump, Server, SourceDamaged
from chiron.operations.tests.conftest import Ground
from chiron.operations.tests.mongod import mongod
from chiron.operations.tests.version_1 import Version1, clinic
from chiron.tenancy.public import inside


def everything(source: Any) -> dict[str, list[dict[str, Any]]]:
    with closing(source) as read:
        return {name: [bson.decode(raw) for raw in read.read(name)] for name in read.counts()}


@pytest.fixture
def old() -> Version1:
    return clinic(7)


def test_server_and_dump_say_the_same(old: Version1, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chiron.operations.mongo.sources.BATCH", 3)

    with mongod(old.collections) as (address, server):
        from_server = everything(Server(address))

    assert from_server == everything(Dump(old.written(tmp_path / "plain")))
    assert from_server == everything(Dump(old.written(tmp_path / "packed", compressed=True)))
    finds = [each for each in server.asked if "find" in each]
    assert {(each["readConcern"]["level"], str(each["sort"])) for each in finds} == {("majority", "{'_id': 1}")}


def test_a_server_with_ids_of_several_types_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chiron.operations.mongo.sources.BATCH", 3)
    ids: list[Any] = [*range(6), "a", "b", *(ObjectId() for _ in range(4))]
    screenings = [{"_id": each} for each in ids]

    with mongod({"screenings": screenings}) as (address, _):
        read = everything(Server(address))

    assert read == {"screenings": screenings}


def test_fewer_documents_than_the_server_counted_are_a_difference(
    old: Version1, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = len(old.collections["patients"]) + 1
    counts = dict.fromkeys(old.collections, 0)
    counts |= {name: len(documents) for name, documents in old.collections.items()} | {"patients": counted}
    monkeypatch.setattr(Server, "counts", lambda _: counts)
    told = StringIO()

    with mongod(old.collections, page=1000) as (address, _), pytest.raises(SystemExit) as ended:
        call_command("migrate_from_mongodb", mongodb_uri=address, json=True, stdout=told)

    backfill, verified = json.loads(told.getvalue())
    assert ended.value.code == 1
    assert backfill["miscounted"] == verified["miscounted"] == {"patients": {"counted": counted, "read": counted - 1}}


def test_the_command_takes_everything_from_a_server(old: Version1, ground: Ground) -> None:
    with mongod(old.collections, page=1000) as (address, _):
        told = StringIO()
        call_command("migrate_from_mongodb", mongodb_uri=address, json=True, stdout=told)

    backfill, verified = json.loads(told.getvalue())
    assert (backfill["stage"], verified["stage"]) == ("backfill", "verify")
    assert backfill["collections"]["patients"]["migrated"] == len(old.collections["patients"])
    assert verified["verified"]["patients"]["source_sha256"] == verified["verified"]["patients"]["here_sha256"]
    assert [backfill["differs"], verified["differs"]] == [False, False]


def test_a_server_that_dies_ends_the_run_and_the_next_one_finishes_it(old: Version1, ground: Ground) -> None:
    with mongod(old.collections, page=1000, dies_after=4) as (address, _), pytest.raises(CommandError) as refused:
        call_command("migrate_from_mongodb", mongodb_uri=address, stdout=StringIO())
    some = sum(in_organization(each.id) for each in ground.made)

    with mongod(old.collections, page=1000) as (address, _):
        call_command("migrate_from_mongodb", mongodb_uri=address, stdout=StringIO())

    assert "The server stopped answering" in str(refused.value)
    assert 0 < some < sum(in_organization(each.id) for each in ground.made)


def in_organization(organization_id: Any) -> int:
    with inside(organization_id):
        return MigratedDocument.objects.count()


@pytest.mark.parametrize("cut", [1, 3, 40, -1])
def test_a_dump_that_is_cut_off_is_refused_before_anything_is_done(cut: int, old: Version1, ground: Ground) -> None:
    folder = old.written(ground.folder)
    path = folder / "version1" / "patients.bson"
    path.write_bytes(path.read_bytes()[:cut])

    with pytest.raises(CommandError, match=r"patients\.bson is cut off or damaged"):
        call_command("migrate_from_mongodb", dump=folder, stdout=StringIO())

    assert ground.made == []


def test_a_cut_off_packed_dump_is_refused(old: Version1, tmp_path: Path) -> None:
    folder = old.written(tmp_path, compressed=True)
    path = folder / "version1" / "patients.bson.gz"
    path.write_bytes(path.read_bytes()[:-9])

    with pytest.raises(SourceDamaged, match="cut off or damaged"):
        Dump(folder).counts()


def test_two_files_of_one_collection_are_refused(old: Version1, ground: Ground) -> None:
    folder = old.written(ground.folder)
    old.written(ground.folder, compressed=True)

    with pytest.raises(CommandError, match=r"audit_logs\.bson and audit_logs\.bson\.gz are of one collection"):
        call_command("migrate_from_mongodb", dump=folder, stdout=StringIO())

    assert ground.made == []


def test_a_packed_dump_with_bytes_turned_over_is_refused(old: Version1, tmp_path: Path) -> None:
    folder = old.written(tmp_path, compressed=True)
    path = folder / "version1" / "patients.bson.gz"
    packed = path.read_bytes()
    path.write_bytes(packed[:12] + bytes(255 - each for each in packed[12:14]) + packed[14:])

    with pytest.raises(SourceDamaged, match=r"patients\.bson\.gz is cut off or damaged"):
        Dump(folder).counts()


@pytest.mark.parametrize("address", ["mongodb://127.0.0.1:1", "nonsense", "mongodb://"])
def test_an_address_without_a_database_is_refused(address: str) -> None:
    with pytest.raises(SourceDamaged, match="address cannot be used"):
        Server(address)


def test_a_folder_without_a_dump_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SourceDamaged, match="is not a folder|holds 0 databases"):
            Dump(folder)


def test_the_folder_of_the_database_is_as_good_as_the_one_around_it(old: Version1, tmp_path: Path) -> None:
    folder = old.written(tmp_path)
    (folder / "admin").mkdir()
    (folder / "admin" / "system.version.bson").write_bytes(b"")

    assert Dump(folder / "version1").counts() == Dump(folder).counts()


def test_of_two_databases_neither_is_guessed(old: Version1, tmp_path: Path) -> None:
    folder = old.written(tmp_path)
    (folder / "version1").rename(folder / "before")
    old.written(tmp_path)

    with pytest.raises(SourceDamaged, match="holds 2 databases"):
        Dump(folder)


@pytest.mark.parametrize("said", [{}, {"mongodb_uri": "mongodb://127.0.0.1/x", "dump": Path()}])
def test_one_source_is_needed(said: dict[str, Any], db: None) -> None:
    with pytest.raises(CommandError, match="Say where version 1 is"):
        call_command("migrate_from_mongodb", stdout=StringIO(), **said)
