"""Streams sealed for a public key: whoever writes backups cannot read those that were written before.

A sealed stream is ``magic | recipient | ephemeral public key | backup id``, then pieces of 1 MiB, each AES-256-GCM.
The key is derived (HKDF-SHA256) from an X25519 agreement with the ephemeral key, the header and the stream's name: it
serves one stream once, and a stream opens under its own name only. A piece's nonce is its number, and whether it is the
last: pieces cannot be left out, repeated, reordered or cut off at the end.

Sources: RFC 7748 (X25519), RFC 5869 (HKDF), NIST SP 800-38D (GCM); Hoang, Reyhanitabar, Rogaway and Vizár 2015, "Online
authenticated-encryption and its nonce-reuse misuse-resistance" (STREAM), as in the format of age.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterable, Iterator
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chiron.operations.backup.errors import BackupRefused, Damaged, WrongKey

MAGIC = b"CHIRONB1"
PIECE, TAG = 2**20, 16
HEADER = len(MAGIC) + 8 + 32 + 16


class Stream:
    """One stream's key: it seals once, and opens what was sealed, which its writer uses to read it back."""

    def __init__(self, header: bytes, name: str, secret: bytes, public: bytes) -> None:
        ephemeral = header[16:48]
        derivation = HKDF(SHA256(), 32, salt=ephemeral + public, info=b"chiron backup 1 " + header + name.encode())
        self._cipher = AESGCM(derivation.derive(secret))
        self._header, self._name = header, name

    @classmethod
    def sealing(cls, recipient: X25519PublicKey, backup_id: UUID, name: str) -> "Stream":
        """A new stream that only the recipient's private key opens, and this object while it lasts."""
        once, public = X25519PrivateKey.generate(), recipient.public_bytes_raw()
        header = MAGIC + mark_of(recipient) + once.public_key().public_bytes_raw() + backup_id.bytes
        return cls(header, name, once.exchange(recipient), public)

    @classmethod
    def opening(cls, key: X25519PrivateKey, header: bytes, name: str) -> "Stream":
        """The stream that begins with this header. Raises Damaged, WrongKey."""
        if len(header) != HEADER or not header.startswith(MAGIC):
            raise Damaged(f"{name} is no part of a backup, or its beginning is damaged.")
        if header[8:16] != mark_of(key.public_key()):
            raise WrongKey(
                f"The backup was sealed for the key {header[8:16].hex()}, and BACKUP_ENCRYPTION_KEY is "
                f"{mark_of(key.public_key()).hex()}: give the one it was sealed for."
            )
        public = key.public_key().public_bytes_raw()
        try:
            secret = key.exchange(X25519PublicKey.from_public_bytes(header[16:48]))
        except ValueError:  # a point of low order, which nobody draws
            raise Damaged(f"{name} is damaged.") from None
        return cls(header, name, secret, public)

    @property
    def backup_id(self) -> UUID:
        """Of which backup the stream says it is a part; true if it opens."""
        return UUID(bytes=self._header[48:HEADER])

    def sealed(self, plain: Iterable[bytes]) -> Iterator[bytes]:
        """The stream as it is written."""
        yield self._header
        for number, (piece, is_last) in enumerate(pieces_of(plain, PIECE)):
            yield self._cipher.encrypt(_nonce(number, is_last), piece, None)

    def opened(self, body: Iterable[bytes]) -> Iterator[bytes]:
        """What was sealed, from what follows the header; each piece is authenticated before it is given out.

        Raises Damaged at the first piece that is not what was written there, or after the last where one is missing.
        """
        for number, (piece, is_last) in enumerate(pieces_of(body, PIECE + TAG)):
            try:
                yield self._cipher.decrypt(_nonce(number, is_last), piece, None)
            except (InvalidTag, ValueError):
                raise Damaged(f"{self._name} is damaged, in or after its piece {number + 1}.") from None


def opened(key: X25519PrivateKey, content: Iterable[bytes], name: str) -> Iterator[bytes]:
    """What a whole sealed stream holds. Raises Damaged, WrongKey."""
    stream, body = begun(key, content, name)
    return stream.opened(body)


def begun(key: X25519PrivateKey, content: Iterable[bytes], name: str) -> tuple[Stream, Iterator[bytes]]:
    """A sealed stream by its header, and what follows it. Raises Damaged, WrongKey."""
    header, body = split(content)
    return Stream.opening(key, header, name), body


def split(content: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The header of a sealed stream, or what there is of one, and what follows it."""
    pieces, beginning = iter(content), b""
    while len(beginning) < HEADER:
        more = next(pieces, b"")
        if not more:
            break
        beginning += more
    return beginning[:HEADER], _chained(beginning[HEADER:], pieces)


def pieces_of(stream: Iterable[bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """A stream in pieces of that size, each with whether it is the last, which may be shorter, or empty."""
    held = bytearray()
    for each in stream:
        held += each
        while len(held) > size:
            yield bytes(held[:size]), False
            del held[:size]
    yield bytes(held), True


def new_key() -> tuple[str, str]:
    """A new private key and its public one, as BACKUP_ENCRYPTION_KEY and BACKUP_PUBLIC_KEY take them."""
    key = X25519PrivateKey.generate()
    return _text(key.private_bytes_raw()), _text(key.public_key().public_bytes_raw())


def private_key(text: str) -> X25519PrivateKey:
    """The key that a setting says. Raises BackupRefused where it says none."""
    return X25519PrivateKey.from_private_bytes(_secret(text, "BACKUP_ENCRYPTION_KEY"))


def public_key(text: str) -> X25519PublicKey:
    """The key that a setting says. Raises BackupRefused where it says none."""
    key = X25519PublicKey.from_public_bytes(_secret(text, "BACKUP_PUBLIC_KEY"))
    try:
        X25519PrivateKey.generate().exchange(key)
    except ValueError:  # a point of low order
        raise BackupRefused(
            "BACKUP_PUBLIC_KEY is a key that everybody could open: `chiron backup_key` makes a pair."
        ) from None
    return key


def mark_of(key: X25519PublicKey) -> bytes:
    """Eight bytes by which keys are told apart."""
    return sha256(key.public_bytes_raw()).digest()[:8]


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11) + bytes((is_last,))


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode()


def _secret(text: str, setting: str) -> bytes:
    try:
        raw = urlsafe_b64decode(text.encode("ascii"))
    except (Error, UnicodeEncodeError, ValueError):
        raw = b""
    if len(raw) != 32:
        raise BackupRefused(
            f"{setting} is missing, or is not 32 bytes in URL-safe base64: `chiron backup_key` makes a pair."
        )
    return raw
