"""The tree against the vectors of Certificate Transparency and against RFC 6962's recursive definition."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.audit.tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_path,
    inclusion_path,
    leaf_hash,
    node_hash,
    root_of,
)
from chiron.audit.verifier import is_extended, is_included

# The test vectors of the reference implementation (google/certificate-transparency, merkle tree tests).
ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIBLINGS = {
    "0": "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "2-4": "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "4-8": "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    "4": "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "6-8": "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "0-4": "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "0-2": "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "4-6": "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "6": "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
    "first": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
}
INCLUSION = {  # of a leaf, from 0, in a tree of a size
    (0, 1): [],
    (0, 8): ["0", "2-4", "4-8"],
    (5, 8): ["4", "6-8", "0-4"],
    (2, 3): ["0-2"],
    (1, 5): ["first", "2-4", "4"],
}
CONSISTENCY = {  # of a smaller tree with a larger one
    (1, 1): [],
    (1, 8): ["0", "2-4", "4-8"],
    (6, 8): ["4-6", "6-8", "0-4"],
    (2, 5): ["2-4", "4"],
    (6, 7): ["4-6", "6", "0-4"],
}
LEAVES = [leaf_hash(bytes.fromhex(entry)) for entry in ENTRIES]
hashes = st.integers(min_value=0, max_value=2**32).map(lambda number: sha256(number.to_bytes(8)).digest())


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1: split at the largest power of two smaller than the number of leaves."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_the_published_vectors(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_published_root() -> None:
    assert root_of([]) == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(st.lists(hashes, max_size=70), st.integers(min_value=0, max_value=70))
def test_a_tree_built_in_two_parts_is_the_tree_of_the_definition(leaves: list[bytes], cut: int) -> None:
    first = Frontier().extended(leaves[:cut])

    resumed = Frontier.from_bytes(first.size, first.to_bytes()).extended(leaves[cut:])

    assert resumed.size == len(leaves)
    assert resumed.root() == by_definition(leaves)
    assert len(resumed.hashes) == len(leaves).bit_count()


@given(st.lists(hashes, min_size=1, max_size=40), st.data())
def test_any_other_leaf_gives_another_root(leaves: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(min_value=0, max_value=len(leaves) - 1))
    flipped = bytes([leaves[at][0] ^ 1]) + leaves[at][1:]

    assert root_of([*leaves[:at], flipped, *leaves[at + 1 :]]) != root_of(leaves)


def test_a_frontier_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a tree of 3 leaves has no frontier of 32 bytes"):
        Frontier.from_bytes(3, bytes(32))


def test_a_node_is_never_a_leaf() -> None:
    assert node_hash(LEAVES[0], LEAVES[1]) != leaf_hash(LEAVES[0] + LEAVES[1])


@pytest.mark.parametrize(("seq", "size"), INCLUSION)
def test_the_inclusion_proofs_are_those_of_the_published_vectors(seq: int, size: int) -> None:
    path = [by_definition(LEAVES[begin:end]) for begin, end in inclusion_path(seq, size)]

    assert [node.hex() for node in path] == [SIBLINGS[name] for name in INCLUSION[seq, size]]
    assert is_included(LEAVES[seq], seq, size, path, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "size"), CONSISTENCY)
def test_the_consistency_proofs_are_those_of_the_published_vectors(old: int, size: int) -> None:
    path = [by_definition(LEAVES[begin:end]) for begin, end in consistency_path(old, size)]

    assert [node.hex() for node in path] == [SIBLINGS[name] for name in CONSISTENCY[old, size]]
    assert is_extended(old, size, path, *(bytes.fromhex(ROOTS[each - 1]) for each in (old, size)))


@given(st.lists(hashes, min_size=1, max_size=70, unique=True), st.data())
def test_every_leaf_and_every_smaller_tree_has_a_proof_and_no_other_has_the_same(
    leaves: list[bytes], data: st.DataObject
) -> None:
    size, root = len(leaves), by_definition(leaves)
    seq, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))

    inclusion = [by_definition(leaves[begin:end]) for begin, end in inclusion_path(seq, size)]
    consistency = [by_definition(leaves[begin:end]) for begin, end in consistency_path(old, size)]

    assert [at for at in range(size + 2) if is_included(leaves[seq], at, size, inclusion, root)] == [seq]
    old_root = by_definition(leaves[:old])
    assert [at for at in range(size + 2) if is_extended(at, size, consistency, old_root, root)] == [old]
