"""The Merkle tree of RFC 6962, section 2.1, built leaf by leaf, and what its proofs are made of.

Leaves and nodes are hashed with different prefixes, so no node can be passed off as a leaf. All hashes are SHA-256, 32
bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

WIDTH = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All of a tree that is needed to go on building it: the roots of its full subtrees, the largest first.

    A tree of `size` leaves has one full subtree for every one in the binary form of `size`.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def extended(self, leaves: Iterable[bytes]) -> Frontier:
        """The frontier after these leaf hashes were appended, in their order."""
        size, hashes = self.size, list(self.hashes)
        for leaf in leaves:
            node, full = leaf, size
            while full & 1:
                node = node_hash(hashes.pop(), node)
                full >>= 1
            hashes.append(node)
            size += 1
        return Frontier(size, tuple(hashes))

    def root(self) -> bytes:
        if not self.hashes:
            return EMPTY_ROOT
        *larger, node = self.hashes
        for left in reversed(larger):
            node = node_hash(left, node)
        return node

    def to_bytes(self) -> bytes:
        return b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, size: int, packed: bytes) -> Frontier:
        """Raises ValueError when `packed` cannot be the frontier of a tree of this size."""
        if len(packed) != size.bit_count() * WIDTH:
            raise ValueError(f"a tree of {size} leaves has no frontier of {len(packed)} bytes")
        return cls(size, tuple(packed[at : at + WIDTH] for at in range(0, len(packed), WIDTH)))


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over these leaf hashes."""
    return Frontier().extended(leaves).root()


Range = tuple[int, int]
"""Leaves from the first number up to, and without, the second; a proof names the roots over such ranges."""


def inclusion_path(seq: int, size: int) -> list[Range]:
    """The subtrees whose roots show that a leaf is in a tree of that size, from the leaf up (RFC 6962, 2.1.1)."""
    begin, end, path = 0, size, list[Range]()
    while end - begin > 1:
        middle = begin + _left(end - begin)
        if seq < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((begin, middle))
            begin = middle
    return path[::-1]


def consistency_path(old: int, size: int) -> list[Range]:
    """The subtrees whose roots show that a tree of `size` leaves extends one of `old`, 0 < old <= size (2.1.2)."""
    begin, end, path = 0, size, list[Range]()
    while end != old:
        middle = begin + _left(end - begin)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((begin, middle))
            begin = middle
    if begin:  # else it is the old tree itself, whose root the other side knows
        path.append((begin, end))
    return path[::-1]


def _left(leaves: int) -> int:
    """How many of so many leaves, two or more, are left of the root: the largest power of two that is less."""
    return 1 << ((leaves - 1).bit_length() - 1)
