"""Proofs for those who do not trust this server: an event is in the signed tree, and one tree extends another.

No nodes of the tree are stored for this. Every head keeps its frontier, the roots of its full subtrees, so the root
over any part of the tree is found from the last frontier within it and the leaves that followed, which are never more
than one pass of the sealer appends. What is proved was checked against the signed root before it is handed out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from chiron.audit.canonical import event_bytes
from chiron.audit.errors import NotSealedYet, TrailDamaged
from chiron.audit.heads import SignedHead
from chiron.audit.models import Event, Head, Leaf
from chiron.audit.services import record, record_platform
from chiron.audit.trails import PLATFORM, Trail
from chiron.audit.tree import Frontier, consistency_path, inclusion_path, leaf_hash, node_hash
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound, invalid

Source = Literal["organization", "platform"]


@dataclass(frozen=True, slots=True)
class Extension:
    """That a head extends the tree of the first `size` leaves, whose root was `root`."""

    size: int
    root: bytes
    path: list[bytes]


@dataclass(frozen=True, slots=True)
class Proof:
    """That an event is leaf `seq` of the tree under `head`."""

    event: Event
    seq: int
    path: list[bytes]
    head: SignedHead
    extension: Extension | None


@dataclass(frozen=True, slots=True)
class Tree:
    """The stored tree of one trail, read in the transaction at hand."""

    trail: Trail

    def last_head(self) -> SignedHead | None:
        """The newest head, or None where nothing is sealed yet. Raises TrailDamaged."""
        row = Head.objects.using(self.trail.alias).order_by("-size").first()
        if row is None:
            return None
        root, previous, signature = map(bytes, (row.root, row.previous, row.signature))
        head = SignedHead(self.trail.id, row.size, root, previous, row.at, signature)
        if not head.is_signed():
            raise TrailDamaged
        return head

    def root(self, begin: int, end: int) -> bytes:
        """The root over the leaves from `begin` up to, and without, `end`: a subtree, or what stands of one."""
        is_full = (end - begin).bit_count() == 1
        heads = Head.objects.using(self.trail.alias).filter(size__gt=begin, size__lte=end - is_full)
        head = heads.order_by("-size").first()  # a frontier that ends with a full subtree may hold it merged
        known = Frontier()
        if head is not None:
            size = head.size - begin
            known = Frontier(size, Frontier.from_bytes(head.size, bytes(head.frontier)).hashes[-size.bit_count() :])
        leaves = Leaf.objects.using(self.trail.alias).filter(seq__gte=begin + known.size, seq__lt=end)
        return known.extended(map(bytes, leaves.order_by("seq").values_list("hash", flat=True))).root()

    def extension(self, size: int, head: SignedHead) -> Extension:
        """Raises Invalid where the head is not that large, TrailDamaged."""
        if size > head.size:
            raise invalid("is larger than the last head", "query", "from")
        old, parts = self.root(0, size), consistency_path(size, head.size)
        path = [self.root(*part) for part in parts]
        is_beside = bool(parts) and parts[0][1] == size  # what of the old tree the new one holds as a whole
        begins = [begin for begin, _ in parts]
        node, begin = (path[0], begins[0]) if is_beside else (old, 0)
        if _folded(node, begin, path[is_beside:], begins[is_beside:]) != head.root:
            raise TrailDamaged
        return Extension(size, old, path)


def read_head(by: Caller, source: Source, since: int | None) -> tuple[SignedHead | None, Extension | None]:
    """The newest head of the caller's trail and, with `since`, that it extends the tree of that size.

    Reading it is no event: it is about nobody, and an event for each look would make a new head for each. Raises
    NotPermitted, Invalid, TrailDamaged.
    """
    by.scope("audit-proofs", "read")
    tree = Tree(_trail_of(by, source))
    head = tree.last_head()
    if since is None or head is None:
        return head, None
    return head, tree.extension(since, head)


def prove_event(by: Caller, event_id: UUID, source: Source, since: int | None) -> Proof:
    """That an event of the caller's trail is under its newest head; asking for it is an event itself.

    An organization's callers reach their organization's events, platform operators those of the platform. Raises
    NotPermitted, NotFound, NotSealedYet, Invalid, TrailDamaged.
    """
    by.scope("audit-proofs", "read")
    trail = _trail_of(by, source)
    own = {} if by.organization_id is None else {"organization_id": by.organization_id}
    event = Event.objects.using(trail.alias).filter(id=event_id, **own).first()
    if event is None:
        raise NotFound
    tree = Tree(trail)
    leaf, head = Leaf.objects.using(trail.alias).filter(event_id=event_id).first(), tree.last_head()
    if leaf is None or head is None or head.size <= leaf.seq:
        raise NotSealedYet
    parts = inclusion_path(leaf.seq, head.size)
    path = [tree.root(*part) for part in parts]
    sealed = leaf_hash(event_bytes(event) + bytes(event.mac))
    if _folded(sealed, leaf.seq, path, [begin for begin, _ in parts]) != head.root:
        raise TrailDamaged
    proof = Proof(event, leaf.seq, path, head, None if since is None else tree.extension(since, head))
    tell = record_platform if by.organization_id is None else record
    tell(by, "audit-proof.read", resource="audit", resource_id=event.id, subjects=event.subjects)
    return proof


def _trail_of(by: Caller, source: Source) -> Trail:
    return PLATFORM if by.organization_id is None or source == "platform" else Trail(by.organization_id)


def _folded(node: bytes, begin: int, others: list[bytes], begins: list[int]) -> bytes:
    """The root that a node, whose first leaf is `begin`, and those beside it on the way up lead to."""
    for other, at in zip(others, begins, strict=True):
        node = node_hash(node, other) if at > begin else node_hash(other, node)
        begin = min(begin, at)
    return node
