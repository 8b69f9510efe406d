"""Sealed bytes: AES-256-GCM, bound to a place, committed to a key.

A sealed value is ``magic | version | key id | nonce | commitment | ciphertext and tag``. All of the header and the
place are authenticated, so neither a byte of it nor the place it stands in can change unnoticed. The commitment lets
one sealed value be opened by one key only, which GCM alone does not promise.

Sources: NIST SP 800-38D (GCM, 96-bit nonces), RFC 5869 (HKDF), Albertini et al. 2022, "How to abuse and fix
authenticated encryption without key commitment".
"""

from hmac import compare_digest
from os import urandom
from struct import Struct, error
from typing import NamedTuple, NoReturn
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from typing_extensions import override

from chiron.vault.errors import OpeningFailed

MAGIC, VERSION = 0xC5, 1
NONCE_BYTES = 12
HEADER = Struct(f">BB16s{NONCE_BYTES}s32s")
NONCE = 18
COMMITMENT = NONCE + NONCE_BYTES


class Header(NamedTuple):
    key_id: UUID
    nonce: bytes
    commitment: bytes

    @classmethod
    def of(cls, sealed: bytes) -> "Header":
        """What a sealed value says about itself. Raises `OpeningFailed` for anything that is not one."""
        try:
            magic, version, key_id, nonce, commitment = HEADER.unpack_from(sealed)
        except error:
            raise OpeningFailed from None
        if (magic, version) != (MAGIC, VERSION):
            raise OpeningFailed
        return cls(UUID(bytes=key_id), nonce, commitment)

    def packed(self) -> bytes:
        return HEADER.pack(MAGIC, VERSION, self.key_id.bytes, self.nonce, self.commitment)


class Cipher:
    """Seals and opens for one purpose of one key.

    The key that encrypts and the commitment come from the same derivation; another purpose of the same key has others.
    """

    __slots__ = ("_aead", "_beginning", "_commitment", "key_id")

    def __init__(self, key_id: UUID, secret: bytes, purpose: str) -> None:
        pair = derived(secret, purpose, 64)
        self.key_id = key_id
        self._aead = AESGCM(pair[:32])
        self._commitment = pair[32:]
        self._beginning = bytes((MAGIC, VERSION)) + key_id.bytes

    def sealed(self, sealed: bytes) -> bool:
        """Whether a value says that this key sealed it."""
        return sealed.startswith(self._beginning)

    def seal(self, at: bytes, plain: bytes) -> bytes:
        """These bytes, readable only by this key and only at this place (see `place`). 78 bytes longer than they."""
        header = Header(self.key_id, urandom(NONCE_BYTES), self._commitment)
        packed = header.packed()
        return packed + self._aead.encrypt(header.nonce, plain, packed + at)

    def open(self, at: bytes, sealed: bytes) -> bytes:
        """What was sealed at this place. Raises `OpeningFailed` for another key, another place or a changed byte."""
        header, body = sealed[: HEADER.size], sealed[HEADER.size :]
        if not (header.startswith(self._beginning) and compare_digest(header[COMMITMENT:], self._commitment)):
            raise OpeningFailed
        try:
            return self._aead.decrypt(header[NONCE:COMMITMENT], body, header + at)
        except InvalidTag:
            raise OpeningFailed from None

    @override
    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is never copied out of its process")


def key_id_of(sealed: bytes) -> UUID:
    """The id of the key that a sealed value, or a wrapped key, names. Raises `OpeningFailed` where it names none."""
    if len(sealed) < NONCE or sealed[:2] != bytes((MAGIC, VERSION)):
        raise OpeningFailed
    return UUID(bytes=sealed[2:NONCE])


def place(*parts: object) -> bytes:
    """The parts as one byte string, each with its length before it: no two tuples of parts give the same one."""
    texts = [str(part).encode() for part in parts]
    return len(texts).to_bytes(2) + b"".join([len(text).to_bytes(4) + text for text in texts])


def derived(secret: bytes, purpose: str, size: int = 32) -> bytes:
    """A key of its own for one purpose of a secret (HKDF-SHA256): knowing one tells nothing of another."""
    return HKDF(SHA256(), size, salt=None, info=f"chiron vault 1 {purpose}".encode()).derive(secret)
