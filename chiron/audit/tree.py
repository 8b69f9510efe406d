"""The Merkle tree of RFC 6962, section 2.1, built leaf by leaf.

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
