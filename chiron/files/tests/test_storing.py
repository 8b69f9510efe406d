"""A file comes back as it went in, whole and in ranges, and lies nowhere in plaintext."""

import os
from hashlib import sha256
from typing import Any

import pytest
from django.db import IntegrityError

from chiron.files.errors import EmptyFile, UnsupportedFile, UploadAbandoned
from chiron.files.manifest import manifest_of
from chiron.files.models import File, State
from chiron.files.ranges import Span
from chiron.files.receiving import Receiver
from chiron.files.services import begin_file, keep_file
from chiron.files.storage import PART_SIZE
from chiron.files.tests.factories import NINE, PDF, opened, parts_of, pdf_of, store
from chiron.kernel.db import atomic
from chiron.kernel.errors import BodyTooLarge
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import OVERHEAD, Safe


@pytest.mark.parametrize(
    ("size", "parts"),
    [(len(PDF), 1), (PART_SIZE - 1, 1), (PART_SIZE, 1), (PART_SIZE + 1, 2), (2 * PART_SIZE, 2), (2 * PART_SIZE + 9, 3)],
)
def test_a_file_comes_back_as_it_went_in(size: int, parts: int, safe: Safe) -> None:
    content = pdf_of(size)

    file = store(content, safe, piece=1_000_003)

    assert b"".join(opened(file, safe).read()) == content
    assert (file.state, file.size, file.content_type) == (State.STORED, size, "application/pdf")
    assert manifest_of(file, safe).sha256 == sha256(content).hexdigest()
    assert sum(part.stat().st_size for part in parts_of(file.id)) == size + parts * OVERHEAD
    assert len(parts_of(file.id)) == parts


@pytest.mark.parametrize(
    "span",
    [Span(0, 0), Span(0, PART_SIZE - 1), Span(PART_SIZE - 1, PART_SIZE), Span(PART_SIZE, 2 * PART_SIZE - 1),
     Span(7, 2 * PART_SIZE + 8), Span(2 * PART_SIZE, 2 * PART_SIZE + 8), Span(2 * PART_SIZE + 8, 2 * PART_SIZE + 8)],
)  # fmt: skip
def test_any_range_comes_back(span: Span, safe: Safe) -> None:
    content = pdf_of(2 * PART_SIZE + 9)
    file = store(content, safe)

    assert b"".join(opened(file, safe).read(span)) == content[span.first : span.last + 1]


def test_a_range_reads_only_the_parts_it_touches(safe: Safe) -> None:
    content = pdf_of(3 * PART_SIZE)
    file = store(content, safe)
    first, _, last = parts_of(file.id)
    first.unlink()
    last.unlink()

    assert b"".join(opened(file, safe).read(Span(PART_SIZE, PART_SIZE + 4))) == content[PART_SIZE : PART_SIZE + 5]


def test_what_lies_on_the_disk_is_private_and_sealed(safe: Safe) -> None:
    word = b"Qzvxkwjpfh"
    file = store(PDF + word * 100, safe)

    [part] = parts_of(file.id)
    assert (part.stat().st_mode & 0o777, part.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert word not in part.read_bytes()
    assert PDF[:8] not in part.read_bytes()
    assert (part.name, part.parent.name) == ("000000", file.id.hex)


def test_the_same_file_twice_is_two_files_that_have_nothing_in_common(safe: Safe) -> None:
    one, other = store(PDF, safe), store(PDF, safe)

    [sealed], [sealed_again] = parts_of(one.id), parts_of(other.id)
    assert sealed.read_bytes()[1:] != sealed_again.read_bytes()[1:]
    assert manifest_of(one, safe).key != manifest_of(other, safe).key


def test_a_part_is_on_the_disk_before_it_counts_as_stored(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda opened: synced.append(os.readlink(f"/proc/self/fd/{opened}")))

    file = store(PDF, safe)

    [part] = parts_of(file.id)
    assert synced[:4] == [str(part), *map(str, list(part.parents)[:3])]


@pytest.mark.parametrize("size", [10 * PART_SIZE, PART_SIZE + 101])
def test_a_file_too_large_is_refused_as_soon_as_it_is(size: int, safe: Safe) -> None:
    file = begin_file(now=NINE)
    receiver = Receiver(current_organization_id(), file.id, at_most=PART_SIZE + 100)
    receiver.write(pdf_of(PART_SIZE + 100))

    with pytest.raises(BodyTooLarge):
        receiver.write(bytes(size - PART_SIZE - 100))

    assert File.objects.get().state == State.RECEIVING
    assert len(parts_of(file.id)) == 1


def test_an_empty_file_is_refused(safe: Safe) -> None:
    with pytest.raises(EmptyFile):
        store(b"", safe)

    assert File.objects.get().state == State.RECEIVING


def test_a_refused_kind_stores_no_part(safe: Safe) -> None:
    with pytest.raises(UnsupportedFile):
        store(b"MZ\x90\x00" + bytes(100), safe)

    assert parts_of(File.objects.get().id) == []


def test_a_file_is_kept_once(safe: Safe) -> None:
    file = store(PDF, safe)

    with pytest.raises(UploadAbandoned):
        keep_file(file_id=file.id, manifest=manifest_of(file, safe), safe=safe)

    assert b"".join(opened(file, safe).read()) == PDF


def test_a_key_never_leaves_its_process(safe: Safe) -> None:
    manifest = manifest_of(store(PDF, safe), safe)

    assert "key" not in repr(manifest)


@pytest.mark.parametrize("wrong", [{"state": State.STORED}, {"size": 5}, {"state": "lost"}])
def test_the_database_refuses_a_stored_file_without_its_manifest(wrong: dict[str, Any], safe: Safe) -> None:
    with pytest.raises(IntegrityError), atomic("clinical"):
        File.objects.create(begun_at=NINE, **wrong)

    assert not File.objects.exists()
