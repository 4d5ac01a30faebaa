"""The Merkle tree: the RFC's known values, and proofs that hold for what they say and for nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.ledger import tree

# The test tree of the reference implementation of Certificate Transparency (RFC 6962), in hex.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
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
HASHES = tree.leaf_hashes(LEAVES)


def by_definition(leaves: list[bytes]) -> bytes:
    """The root as section 2.1 defines it, from above."""
    if len(leaves) < 2:
        return leaves[0] if leaves else tree.EMPTY
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return tree.node_hash(by_definition(leaves[:half]), by_definition(leaves[half:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_of_the_known_test_trees_are_computed(size: int) -> None:
    assert tree.root_of(HASHES[:size]).hex() == ROOTS[size - 1]


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert tree.root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_known_proof_of_inclusion_is_computed() -> None:
    assert [node.hex() for node in tree.inclusion_proof(HASHES, 0)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


sizes = st.integers(1, 70)


def leaves_of(size: int) -> list[bytes]:
    return tree.leaf_hashes(b"%d" % number for number in range(size))


@given(sizes)
def test_the_root_built_from_below_is_the_definition_s(size: int) -> None:
    assert tree.root_of(leaves_of(size)) == by_definition(leaves_of(size))


@given(sizes, st.data())
def test_a_proof_shows_a_leaf_at_its_own_place_and_at_no_other(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(-1, size))
    root, proof = tree.root_of(leaves), tree.inclusion_proof(leaves, index)
    assert tree.verify_proof(root, size, index, leaves[index], proof)
    if other != index:
        assert not tree.verify_proof(root, size, other, leaves[index], proof)
    assert not tree.verify_proof(root, size, index, tree.leaf_hash(b"other"), proof)
    assert not tree.verify_proof(root, size, index, leaves[index], [*proof, root])
    assert not proof or not tree.verify_proof(root, size, index, leaves[index], proof[:-1])


def test_a_leaf_outside_the_tree_can_t_be_proved() -> None:
    with pytest.raises(IndexError):
        tree.inclusion_proof(HASHES, 8)
