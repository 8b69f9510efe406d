"""Whoever can write to the storage or the database, but has no key, changes no byte unnoticed (promise E1)."""

from collections.abc import Callable
from pathlib import Path
from shutil import copyfile

import pytest

from chiron.files.errors import FileDamaged
from chiron.files.models import File
from chiron.files.ranges import Span
from chiron.files.reading import Content
from chiron.files.storage import PART_SIZE
from chiron.files.tests.factories import PDF, opened, parts_of, pdf_of, store
from chiron.kernel.db import cursor
from chiron.tenancy.public import inside
from chiron.vault.public import OpeningFailed, PartsSafe, Safe, organization_safe

SIZE = 2 * PART_SIZE + 100
PLACES = {"magic": 0, "version": 1, "key": 2, "nonce": 18, "commitment": 30, "first": 62, "last": -17, "tag": -1}


def flip(part: Path, at: int) -> None:
    content = bytearray(part.read_bytes())
    content[at] ^= 1
    part.write_bytes(content)


def flipping(at: int) -> Callable[[list[Path]], None]:
    return lambda parts: flip(parts[1], at)


def write(part: Path, content: bytes) -> None:
    part.write_bytes(content)


def served_of(content: Content) -> bytes:
    """What is given out of a file before its damage is met."""
    served: list[bytes] = []
    with pytest.raises(FileDamaged):
        served.extend(content.read())
    return b"".join(served)


def swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def cut(part: Path, by: int) -> None:
    part.write_bytes(part.read_bytes()[:-by])


DAMAGES: dict[str, Callable[[list[Path]], None]] = {
    **{f"a bit of the {place} flipped": flipping(at) for place, at in PLACES.items()},
    "two parts swapped": lambda parts: swap(parts[0], parts[1]),
    "the last in place of another": lambda parts: swap(parts[1], parts[2]),
    "a part missing": lambda parts: parts[1].unlink(),
    "a part twice": lambda parts: write(parts[1], parts[0].read_bytes()),
    "a part cut short": lambda parts: cut(parts[1], 1),
    "a part cut to nothing": lambda parts: cut(parts[1], parts[1].stat().st_size),
    "a part grown": lambda parts: write(parts[1], parts[1].read_bytes() + b"\x00"),
}


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_a_damaged_part_is_refused_in_the_whole_and_in_its_range(damage: str, safe: Safe) -> None:
    content = pdf_of(SIZE)
    file = store(content, safe)

    DAMAGES[damage](parts_of(file.id))

    served = served_of(opened(file, safe))
    assert served == (b"" if damage == "two parts swapped" else content[:PART_SIZE])
    with pytest.raises(FileDamaged):
        list(opened(file, safe).read(Span(PART_SIZE, PART_SIZE)))


def test_every_single_byte_of_a_stored_part_matters(safe: Safe) -> None:
    file = store(PDF, safe)
    [part] = parts_of(file.id)
    sealed = part.read_bytes()

    for at in range(len(sealed)):
        flip(part, at)
        with pytest.raises(FileDamaged):
            list(opened(file, safe).read())
        flip(part, at)

    assert b"".join(opened(file, safe).read()) == PDF


@pytest.mark.parametrize("size", [PART_SIZE, 2 * PART_SIZE, SIZE - 1, SIZE + 1, 2 * PART_SIZE + 1, 3 * PART_SIZE])
def test_a_file_whose_row_is_cut_short_or_grown_is_refused(size: int, safe: Safe) -> None:
    file = store(pdf_of(SIZE), safe)

    File.objects.filter(id=file.id).update(size=size)

    with pytest.raises(FileDamaged):
        opened(file, safe)


@pytest.mark.parametrize("size", [PART_SIZE, 2 * PART_SIZE, SIZE - 1, SIZE + 1])
def test_even_with_a_manifest_that_says_so_the_parts_do_not_pass_for_a_shorter_file(size: int, safe: Safe) -> None:
    file = store(pdf_of(SIZE), safe)
    content = opened(file, safe)

    content.size = size

    with pytest.raises(FileDamaged):
        list(content.read(Span(size - 1, size - 1)))


def test_a_type_changed_in_the_row_is_refused(safe: Safe) -> None:
    file = store(PDF, safe)

    File.objects.filter(id=file.id).update(content_type="text/html")

    with pytest.raises(FileDamaged):
        opened(file, safe)


def test_a_file_whose_parts_all_open_but_are_not_the_whole_is_cut_before_its_end(safe: Safe) -> None:
    content = pdf_of(SIZE)
    file = store(content, safe)
    reading = opened(file, safe)
    reading._sha256 = "00" * 32

    assert served_of(reading) == content[: 2 * PART_SIZE]


def test_parts_of_one_file_are_no_parts_of_another(safe: Safe) -> None:
    one, other = store(PDF, safe), store(PDF, safe)

    [source], [target] = parts_of(one.id), parts_of(other.id)
    copyfile(source, target)

    with pytest.raises(FileDamaged):
        list(opened(other, safe).read())


def test_a_manifest_opens_in_its_own_row_only(safe: Safe) -> None:
    one, other = store(PDF, safe), store(PDF, safe)

    File.objects.filter(id=other.id).update(manifest=one.manifest)

    with pytest.raises(OpeningFailed):
        opened(other, safe)


def test_rows_and_parts_copied_to_another_organization_do_not_open(
    safe: Safe, riverside: object, hilltop: object
) -> None:
    file = store(PDF, safe)
    [part] = parts_of(file.id)
    sealed = part.read_bytes()

    with inside(riverside.id), cursor("clinical"):  # type: ignore[attr-defined]
        File.objects.bulk_create([file])
        with pytest.raises(OpeningFailed):
            opened(file, organization_safe(riverside.id))  # type: ignore[attr-defined]
    secret = PartsSafe(hilltop.id, file.id).secret  # type: ignore[attr-defined]
    here, there = (PartsSafe(each.id, file.id, secret) for each in (hilltop, riverside))  # type: ignore[attr-defined]
    assert here.open(0, here.seal(0, PDF, last=True), last=True) == PDF
    with pytest.raises(OpeningFailed):
        there.open(0, here.seal(0, PDF, last=True), last=True)
    assert sealed == part.read_bytes()
