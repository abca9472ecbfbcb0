import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from carnet.audit import merkle
from carnet.audit.merkle import (
    Frontier,
    ProofBuilder,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

ENTRIES = st.lists(st.binary(max_size=40), max_size=70)
SIZES = range(1, 34)


def leaves_of(count):
    return [leaf_hash(b"entry %d" % number) for number in range(count)]


def flips(proof):
    """The proof with one bit of each byte of each hash changed, one hash dropped, one repeated."""
    for place, sibling in enumerate(proof):
        for position in range(len(sibling)):
            yield [
                *proof[:place],
                sibling[:position] + bytes([sibling[position] ^ 1]) + sibling[position + 1 :],
                *proof[place + 1 :],
            ]
        yield [*proof[:place], *proof[place + 1 :]]
        yield [*proof[:place], sibling, *proof[place:]]
    yield [*proof, bytes(32)]


def test_the_root_of_nothing_is_the_hash_of_nothing():
    assert root([]) == hashlib.sha256(b"").digest()


def test_the_roots_of_the_published_example_are_found():
    """The eight inputs that the reference implementations of RFC 6962 test with."""
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    leaves = [leaf_hash(bytes.fromhex(text)) for text in inputs]
    assert root(leaves[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(ENTRIES)
def test_roots_and_proofs_are_those_of_an_independent_implementation(entries):
    oracle = InmemoryTree(algorithm="sha256")
    for entry in entries:
        oracle.append_entry(entry)
    leaves = [leaf_hash(entry) for entry in entries]
    assert root(leaves) == oracle.get_root()
    assert Frontier(leaves).root() == oracle.get_root()


@pytest.mark.parametrize("size", SIZES)
def test_every_inclusion_proof_holds_and_no_altered_one_does(size):
    leaves = leaves_of(size)
    expected = root(leaves)
    for index in range(size):
        proof = inclusion_proof(index, leaves)
        assert verify_inclusion(leaves[index], index, size, proof, expected)
        assert not verify_inclusion(leaf_hash(b"other"), index, size, proof, expected)
        assert not verify_inclusion(leaves[index], index, size, proof, bytes(32))
        for other in range(size):
            assert other == index or not verify_inclusion(leaves[index], other, size, proof, expected)
        if size in {1, 2, 7, 8, 13}:
            assert not any(verify_inclusion(leaves[index], index, size, bad, expected) for bad in flips(proof))


@pytest.mark.parametrize("second", SIZES)
def test_every_consistency_proof_holds_and_no_altered_one_does(second):
    leaves = leaves_of(second)
    new = root(leaves)
    for first in range(second + 1):
        old = root(leaves[:first])
        proof = consistency_proof(first, leaves)
        assert verify_consistency(first, second, old, new, proof)
        assert not verify_consistency(first, second, bytes(32), new, proof)
        assert first == 0 or not verify_consistency(first, second, old, bytes(32), proof)
        if second in {2, 7, 8, 13} and first:
            assert not any(verify_consistency(first, second, old, new, bad) for bad in flips(proof))


def test_a_tree_that_rewrote_its_past_has_no_consistency_proof():
    honest, forged = leaves_of(13), [leaf_hash(b"forged"), *leaves_of(13)[1:]]
    for first in range(1, 13):
        proof = consistency_proof(first, forged)
        assert not verify_consistency(first, 13, root(honest[:first]), root(forged), proof)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_place_outside_the_tree_is_refused(index, size):
    with pytest.raises(IndexError):
        inclusion_proof(index, leaves_of(size))
    assert not verify_inclusion(leaf_hash(b""), index, size, [], root(leaves_of(size)))


def test_a_larger_tree_is_not_the_beginning_of_a_smaller_one():
    with pytest.raises(IndexError):
        consistency_proof(4, leaves_of(3))
    assert not verify_consistency(4, 3, bytes(32), bytes(32), [])
    assert not verify_consistency(3, 5, bytes(32), bytes(32), [])
    assert not verify_consistency(4, 5, bytes(32), bytes(32), [])
    assert not verify_consistency(0, 5, bytes(32), bytes(32), [])


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_copy_of_a_frontier_grows_apart(first, more):
    base = Frontier(leaves_of(first))
    before, twin = base.root(), base.copy()
    for leaf in leaves_of(more):
        twin.append(leaf)
    assert base.root() == before
    assert twin.root() == root(leaves_of(first) + leaves_of(more))
    assert (base.size, twin.size) == (first, first + more)


def test_the_frontier_holds_one_hash_for_each_bit_of_the_size():
    frontier = Frontier()
    for size in range(1, 300):
        frontier.append(leaf_hash(b""))
        assert len(frontier._roots) == size.bit_count()


def test_no_two_trees_of_one_example_have_the_same_root():
    roots = [root(leaves_of(size)) for size in range(40)]
    assert all(one != other for one, other in pairwise(roots))
    assert len(set(roots)) == 40


def test_the_test_of_proofs_would_see_a_tree_without_domain_separation(monkeypatch):
    """Negative control: with leaves hashed as nodes are, two entries of another length give the root of four."""
    monkeypatch.setattr(merkle, "leaf_hash", lambda entry: hashlib.sha256(b"\x01" + entry).digest())
    four = [merkle.leaf_hash(bytes([number]) * 64) for number in range(4)]
    forged = [merkle.leaf_hash(four[0] + four[1]), merkle.leaf_hash(four[2] + four[3])]
    assert root(four) == root(forged)
    monkeypatch.undo()
    four = [leaf_hash(bytes([number]) * 64) for number in range(4)]
    assert root(four) != root([leaf_hash(four[0] + four[1]), leaf_hash(four[2] + four[3])])


@pytest.mark.parametrize("size", [*range(1, 40), 64, 65, 100])
def test_proofs_built_in_one_reading_are_those_of_the_whole_tree(size):
    leaves = leaves_of(size)
    built = ProofBuilder(size, range(size))
    for leaf in leaves:
        built.append(leaf)
    assert built.root() == root(leaves)
    assert [built.inclusion(index) for index in range(size)] == [
        inclusion_proof(index, leaves) for index in range(size)
    ]
    for first in range(size + 1):
        continued = ProofBuilder(size, start=Frontier(leaves[:first]))
        for leaf in leaves[first:]:
            continued.append(leaf)
        assert continued.consistency() == consistency_proof(first, leaves)
