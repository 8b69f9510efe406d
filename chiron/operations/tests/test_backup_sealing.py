"""Sealed streams: what comes out is what went in, or nothing does."""

from collections.abc import Iterator
from functools import partial
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from chiron.operations.backup.errors import BackupRefused, Damaged, WrongKey
from chiron.operations.backup.places import Reading
from chiron.operations.backup.sealing import (
    HEADER,
    PIECE,
    TAG,
    Stream,
    begun,
    new_key,
    opened,
    private_key,
    public_key,
)

KEY = X25519PrivateKey.generate()
ID = UUID(int=0xBAC)
SEALED_PIECE = PIECE + TAG


def sealed(plain: bytes, name: str = "clinical.sealed", key: X25519PrivateKey = KEY) -> bytes:
    return b"".join(Stream.sealing(key.public_key(), ID, name).sealed([plain[:7], plain[7:]]))


def read(content: bytes, name: str = "clinical.sealed", key: X25519PrivateKey = KEY, block: int = 100_003) -> bytes:
    return b"".join(opened(key, iter(partial(Reading([content]).read, block), b""), name))


@pytest.mark.parametrize("size", [0, 1, 6, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 5])
@pytest.mark.parametrize("block", [11, 2**20], ids=["in crumbs", "in blocks"])
def test_what_was_sealed_is_opened(size: int, block: int) -> None:
    plain = bytes(range(256)) * (size // 256) + bytes(size % 256)
    content = sealed(plain)

    assert read(content, block=max(block, size // 50)) == plain
    assert len(content) == HEADER + size + TAG * max(1, -(-size // PIECE))
    assert begun(KEY, [content], "clinical.sealed")[0].backup_id == ID


def test_a_byte_changed_anywhere_is_refused() -> None:
    content = sealed(b"one sentence of a record")

    for at in range(len(content)):
        with pytest.raises((Damaged, WrongKey)):
            read(content[:at] + bytes((content[at] ^ 1,)) + content[at + 1 :])


def test_whatever_is_missing_is_missed() -> None:
    content = sealed(bytes(2 * PIECE + 100))

    for length in (0, 1, HEADER - 1, HEADER, HEADER + 1, HEADER + SEALED_PIECE, HEADER + 2 * SEALED_PIECE, -1):
        with pytest.raises(Damaged):
            read(content[:length])
    with pytest.raises(Damaged):
        read(content + b"x")


def test_pieces_stay_in_their_order_and_their_stream() -> None:
    content, other = sealed(bytes(2 * PIECE + 100)), sealed(bytes(2 * PIECE + 100))
    one, two = content[HEADER:][:SEALED_PIECE], content[HEADER + SEALED_PIECE :][:SEALED_PIECE]
    rest, header = content[HEADER + 2 * SEALED_PIECE :], content[:HEADER]

    assert read(header + one + two + rest) == bytes(2 * PIECE + 100)
    for wrong in (
        header + two + one + rest,
        header + one + one + rest,
        header + one + rest,
        header + one + two + rest + rest,
        other[:HEADER] + content[HEADER:],
    ):
        with pytest.raises(Damaged):
            read(wrong)


def test_a_stream_opens_under_its_own_name_only() -> None:
    with pytest.raises(Damaged):
        read(sealed(b"keys", "accounts.sealed"), "clinical.sealed")


def test_another_key_is_told_from_damage() -> None:
    with pytest.raises(WrongKey, match="give the one it was sealed for"):
        read(sealed(b"keys"), key=X25519PrivateKey.generate())


def test_nothing_is_given_out_before_it_is_proven() -> None:
    content = bytearray(sealed(bytes(2 * PIECE)))
    content[-1] ^= 1
    got: list[bytes] = []

    def take(pieces: Iterator[bytes]) -> None:
        got.extend(pieces)

    with pytest.raises(Damaged, match="piece 2"):
        take(opened(KEY, [bytes(content)], "clinical.sealed"))

    assert got == [] or b"".join(got) == bytes(PIECE)


def test_a_new_pair_of_keys_fits_and_a_wrong_one_is_refused() -> None:
    private, public = new_key()

    assert private_key(private).public_key().public_bytes_raw() == public_key(public).public_bytes_raw()
    for wrong in ("", "short", "ö" * 32, private[:-4]):
        with pytest.raises(BackupRefused, match="backup_key"):
            private_key(wrong)
