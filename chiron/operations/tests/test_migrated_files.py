"""Files of version 1 come whole and once, sealed, to the patient whose they are; what is not whole is set aside."""

import json
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from bson import ObjectId
from django.core.management import call_command

from chiron.files.models import File, State
from chiron.files.public import sweep
from chiron.files.tests.factories import MEBIBYTE, parts_of, pdf_of
from chiron.kernel.clock import now
from chiron.kernel.schemas import PageQuery
from chiron.operations.models import MigratedDocument, QuarantinedDocument, UnplacedDocument
from chiron.operations.mongo.report import Report
from chiron.operations.tests.conftest import Ground
from chiron.operations.tests.mongod import mongod
from chiron.operations.tests.test_migration import admin_of, counts, first, organization_of
from chiron.operations.tests.version_1 import AT, Version1, clinic
from chiron.records.attachments import list_attachments, read_attachment
from chiron.records.models import Record
from chiron.registry.services.erase import erase_patient
from chiron.tenancy.public import inside
from tests.town import OPERATOR

LETTER = pdf_of(2500)


def a_clinic_with(content: bytes = LETTER, **fields: Any) -> Version1:
    """Its only file is of the first patient."""
    old = clinic(1)
    patient = old.collections["patients"][0]["_id"]
    about = {"organization_id": old.clinic, "patient_id": patient, "contentType": "application/pdf"}
    old.file(content, **{"metadata": about} | fields)
    return old


def files_and_chunks(report: Report) -> list[tuple[int, int, int, dict[str, int]]]:
    """What was there, what came, what was here, and why the others did not."""
    return [
        (each.source, each.migrated, each.unchanged, dict(each.quarantined))
        for each in (report.tallies["files"], report.tallies["chunks"])
    ]


def stored(old: Version1) -> list[bytes]:
    """The bytes of every file that stands on a record, as those see them who may."""
    by, found = admin_of(old), []
    with inside(organization_of(old)):
        for record in Record.objects.order_by("id"):
            attached, _ = list_attachments(by, record, PageQuery(limit=10, cursor=None))
            found += [b"".join(read_attachment(by, each.attachment.id)[1].read()) for each in attached]
    return found


def test_a_file_comes_once_as_a_document_of_its_patient(ground: Ground) -> None:
    old = a_clinic_with()

    come, again, verified = ground.backfill(old), ground.backfill(old), ground.verify(old)

    assert files_and_chunks(come) == [(1, 1, 0, {}), (3, 0, 0, {})]
    assert files_and_chunks(again) == [(1, 0, 1, {}), (3, 0, 0, {})]
    assert come.tallies["chunks"].skipped == {"in its file, or of one that is left behind": 3}
    with inside(organization_of(old)):
        record = Record.objects.get()
        [attached], _ = list_attachments(admin_of(old), record, PageQuery(limit=10, cursor=None))
    assert (record.id, record.patient_id) == (first(old, "fs.files", "files"), first(old, "patients"))
    assert (record.record_type, record.recorded_at) == ("DOCUMENT", AT)
    assert (attached.name, attached.manifest.content_type) == ("letter.pdf", "application/pdf")
    assert stored(old) == [LETTER]
    assert (verified.compared["files"].documents, verified.compared["files"].differences) == (1, {})
    assert [each.differs for each in (come, again, verified)] == [False] * 3


def test_a_forecast_of_files_says_the_same_and_stores_nothing(ground: Ground) -> None:
    old = a_clinic_with()
    old.file(b"<html>", metadata={})

    forecast = ground.migration(old).forecast()

    assert ground.made == []
    assert counts(forecast) == counts(ground.backfill(old))


@pytest.mark.parametrize("compressed", [False, True])
def test_files_come_from_a_packed_dump_and_with_their_chunks_in_any_order(compressed: bool, ground: Ground) -> None:
    old = a_clinic_with()
    metadata = old.collections["fs.files"][0]["metadata"]
    old.file(pdf_of(3100), metadata=metadata)
    old.collections["fs.chunks"].reverse()
    folder = old.written(ground.folder, compressed=compressed)

    call_command("migrate_from_mongodb", dump=folder, stdout=StringIO())

    assert sorted(map(len, stored(old))) == [2500, 3100]


def test_files_come_from_a_server(ground: Ground) -> None:
    old, told = a_clinic_with(), StringIO()

    with mongod(old.collections) as (address, _):
        call_command("migrate_from_mongodb", mongodb_uri=address, json=True, stdout=told)

    backfill, verified = json.loads(told.getvalue())
    assert (backfill["collections"]["files"]["migrated"], verified["differs"]) == (1, False)
    assert stored(old) == [LETTER]


@pytest.mark.parametrize("collection", ["patients", "screenings"])
def test_a_file_is_whose_documents_refer_to_it(collection: str, ground: Ground) -> None:
    old = a_clinic_with(metadata=None)
    file = old.collections["fs.files"][0]["_id"]
    old.collections[collection][0]["file_ids"] = [str(file)] if collection == "patients" else file

    report, verified = ground.backfill(old), ground.verify(old)

    assert (report.tallies["files"].migrated, report.differs, verified.differs) == (1, False, False)
    with inside(organization_of(old)):
        assert Record.objects.get().patient_id == first(old, "patients")


def lacks_one(old: Version1) -> None:
    del old.collections["fs.chunks"][1]


def has_one_twice(old: Version1) -> None:
    old.collections["fs.chunks"].append(old.collections["fs.chunks"][1] | {"_id": ObjectId()})


def has_a_short_one(old: Version1) -> None:
    old.collections["fs.chunks"][1]["data"] = b"short"


def was_altered(old: Version1) -> None:
    old.collections["fs.chunks"][1]["data"] = bytes(1000)


def is_of_nobody(old: Version1) -> None:
    del old.collections["fs.files"][0]["metadata"]["patient_id"]


def is_of_two(old: Version1) -> None:
    is_of_nobody(old)
    old.patient(file_ids=[old.collections["fs.files"][0]["_id"]])
    old.collections["patients"][0]["file_ids"] = [old.collections["fs.files"][0]["_id"]]


def is_of_one_who_did_not_come(old: Version1) -> None:
    old.collections["fs.files"][0]["metadata"]["patient_id"] = ObjectId()


def is_of_one_who_was_refused(old: Version1) -> None:
    is_of_nobody(old)
    old.patient(last_name=7, file_ids=[old.collections["fs.files"][0]["_id"]])


def is_a_page(old: Version1) -> None:
    old.collections["fs.files"][0].update(length=6, md5=None)
    old.collections["fs.chunks"][:] = [old.collections["fs.chunks"][0] | {"data": b"<html>"}]


def is_empty(old: Version1) -> None:
    old.collections["fs.files"][0].update(length=0, md5=None)
    del old.collections["fs.chunks"][:]


WRONG: list[tuple[Callable[[Version1], None], str]] = [
    (lacks_one, "chunk-missing"),
    (has_one_twice, "chunk-twice"),
    (has_a_short_one, "not-its-length"),
    (was_altered, "not-its-digest"),
    (is_of_nobody, "missing-value"),
    (is_of_two, "file-of-several-patients"),
    (is_of_one_who_did_not_come, "dangling-reference"),
    (is_of_one_who_was_refused, "dangling-reference"),
    (is_a_page, "file-not-accepted"),
    (is_empty, "file-not-accepted"),
]


@pytest.mark.parametrize(("spoil", "reason"), WRONG)
def test_what_is_not_a_whole_file_of_one_patient_is_set_aside_with_its_chunks(
    spoil: Callable[[Version1], None], reason: str, ground: Ground
) -> None:
    old = a_clinic_with()
    spoil(old)
    chunks = len(old.collections["fs.chunks"])

    report, verified = ground.backfill(old), ground.verify(old)

    dangling = {"dangling-reference": chunks} if chunks else {}
    assert files_and_chunks(report) == [(1, 0, 0, {reason: 1}), (chunks, 0, 0, dangling)]
    with inside(organization_of(old)):
        assert (File.objects.count(), Record.objects.count()) == (0, 0)
        assert QuarantinedDocument.objects.filter(collection__in=["files", "chunks"]).count() == 1 + chunks
    assert [report.differs, verified.differs] == [False, False]


def test_a_file_that_was_mended_comes_and_leaves_nothing_behind(ground: Ground) -> None:
    old = a_clinic_with()
    lost = old.collections["fs.chunks"].pop()
    ground.backfill(old)
    old.collections["fs.chunks"].append(lost)

    report = ground.backfill(old)

    assert files_and_chunks(report) == [(1, 1, 0, {}), (3, 0, 0, {})]
    with inside(organization_of(old)):
        assert QuarantinedDocument.objects.count() == 0


def test_files_of_an_erased_patient_go_and_stay_away(ground: Ground) -> None:
    old = a_clinic_with()
    metadata = old.collections["fs.files"][0]["metadata"]
    old.file(LETTER, metadata=metadata, md5="0" * 32)
    ground.backfill(old)
    with inside(organization_of(old)):
        kept = QuarantinedDocument.objects.filter(collection__in=["files", "chunks"])
        assert set(kept.values_list("patient_id", flat=True)) == {first(old, "patients")}
        erase_patient(by=admin_of(old), patient_id=first(old, "patients"), reason="asked", now=now())

    again, verified = ground.backfill(old), ground.verify(old)

    with inside(organization_of(old)):
        assert set(kept.values_list("digest", "document")) == {(None, b"")}
        assert set(File.objects.values_list("state", flat=True)) <= {State.ERASED}
    assert (again.tallies["files"].migrated, again.differs) == (0, False)
    assert [verified.compared[name].differs for name in ("files", "chunks")] == [False, False]


def test_a_lost_part_is_found_by_the_verification(ground: Ground) -> None:
    old = a_clinic_with()
    ground.backfill(old)
    with inside(organization_of(old)):
        [part] = parts_of(File.objects.get().id)
    part.write_bytes(part.read_bytes()[:-1] + b"\0")

    verified = ground.verify(old)

    assert verified.compared["files"].differences == {"File.sha256": 1}


class Killed(BaseException):
    """Nobody catches it."""


def test_killed_between_bytes_and_rows_it_is_finished_and_the_sweep_takes_the_rest(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(**given: Any) -> None:
        raise Killed

    old = a_clinic_with()
    with monkeypatch.context() as patched:
        patched.setattr("chiron.operations.mongo.kinds.files.admit_file", killed)
        patched.setattr("chiron.operations.mongo.kinds.files.drop_file", lambda **given: None)
        with pytest.raises(Killed):
            ground.backfill(old)

    report = ground.backfill(old)
    organization_id = organization_of(old)
    swept = sweep(by=OPERATOR, organization_id=organization_id, begun_before=now() + timedelta(hours=1))

    assert (report.tallies["files"].migrated, stored(old)) == (1, [LETTER])
    assert (swept.files, swept.parts) == (1, 1)
    with inside(organization_id):
        assert MigratedDocument.objects.filter(collection="files").count() == 1
        assert len([each for file in File.objects.all() for each in parts_of(file.id)]) == 1


def test_a_large_file_is_never_whole_in_memory(ground: Ground) -> None:
    content = pdf_of(32 * MEBIBYTE)
    old = a_clinic_with(content, chunk=261_120)
    folder = old.written(ground.folder)
    del old.collections["fs.chunks"]

    tracemalloc.start()
    call_command("migrate_from_mongodb", "backfill", dump=folder, stdout=StringIO())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 20 * MEBIBYTE
    assert stored(old) == [content]


def test_files_that_the_mapping_leaves_behind_stay(ground: Ground) -> None:
    old, mapping = a_clinic_with(), ground.folder / "mapping.toml"
    mapping.write_text('[skip]\n"fs.files" = "kept elsewhere"\n"fs.chunks" = "kept elsewhere"\n')

    report = ground.backfill(old, mapping=mapping)

    assert report.skipped == {"fs.files": (1, "kept elsewhere"), "fs.chunks": (3, "kept elsewhere")}
    assert files_and_chunks(report) == [(0, 0, 0, {}), (0, 0, 0, {})]
    assert (report.differs, UnplacedDocument.objects.filter(collection="chunks").count()) == (False, 0)
