"""Large values: sealed in numbered parts, so that any of them opens without the others."""

from os import urandom
from typing import NoReturn
from uuid import UUID

from typing_extensions import override

from chiron.vault.envelope import HEADER, Cipher, place

KEY_BYTES = 32
TAG_BYTES = 16
OVERHEAD = HEADER.size + TAG_BYTES
"""How many bytes a part grows when it is sealed."""


class PartsSafe:
    """Seals and opens the parts of one large value under a key that belongs to it alone.

    A part is bound to its organization, its value, its number and to whether it is the last one: swapped, moved,
    reordered, cut off or continued parts do not open. Seal `secret` with a `Safe` and store it; whoever destroys it, or
    the key that sealed it, has destroyed the value.
    """

    __slots__ = ("_cipher", "_organization_id", "_value_id", "secret")

    def __init__(self, organization_id: UUID, value_id: UUID, secret: bytes | None = None) -> None:
        self.secret = secret or urandom(KEY_BYTES)
        self._organization_id = organization_id
        self._value_id = value_id
        self._cipher = Cipher(value_id, self.secret, "seal parts")

    def seal(self, number: int, plain: bytes, *, last: bool) -> bytes:
        """One part, `OVERHEAD` bytes longer. Each number is sealed once."""
        return self._cipher.seal(self._place_of(number, last), plain)

    def open(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        """What was sealed as this part. Raises `OpeningFailed` for anything else."""
        return self._cipher.open(self._place_of(number, last), sealed)

    def _place_of(self, number: int, last: bool) -> bytes:
        return place("part", self._organization_id, self._value_id, number, "last" if last else "more follow")

    @override
    def __reduce__(self) -> NoReturn:
        raise TypeError("a safe is never copied out of its request")
