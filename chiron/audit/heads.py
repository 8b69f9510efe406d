"""A head as it is signed, stored, copied and checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from chiron.audit.canonical import head_bytes
from chiron.audit.signing import is_signed, sign
from chiron.audit.tree import Frontier

NO_HEAD = bytes(32)  # what the first head calls its previous


@dataclass(frozen=True, slots=True)
class SignedHead:
    """The signed root over the first `size` leaves of a trail."""

    trail: UUID
    size: int
    root: bytes
    previous: bytes
    at: datetime
    signature: bytes

    @property
    def content(self) -> bytes:
        return head_bytes(self.trail, self.size, self.root, self.previous, self.at)

    @property
    def digest(self) -> bytes:
        """What the next head calls its previous."""
        return sha256(self.content).digest()

    def is_signed(self) -> bool:
        return is_signed(self.content, self.signature)


def signed_head(trail: UUID, frontier: Frontier, previous: bytes, at: datetime) -> SignedHead:
    root = frontier.root()
    signature = sign(head_bytes(trail, frontier.size, root, previous, at))
    return SignedHead(trail, frontier.size, root, previous, at, signature)
