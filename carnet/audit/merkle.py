"""The hash tree of the trace (RFC 6962, section 2.1; RFC 9162): pure functions on bytes, no storage.

A leaf is SHA-256(0x00 | entry), a node SHA-256(0x01 | left | right). A tree of n leaves splits at the largest power of two below n.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry's bytes as a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that only grows, known by the roots of its perfect subtrees: one hash for each bit of its size."""

    __slots__ = ("_roots", "size")

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._roots: list[bytes] = []
        for leaf in leaves:
            self.append(leaf)

    def append(self, leaf: bytes) -> None:
        """Adds a leaf hash at the end."""
        size = self.size
        while size & 1:
            leaf = hashlib.sha256(b"\x01" + self._roots.pop() + leaf).digest()
            size >>= 1
        self._roots.append(leaf)
        self.size += 1

    def append_and_tell(self, leaf: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
        """The same, and every perfect subtree that it completes, the leaf first: ((level, index among those of its level), hash)."""
        level, index = 0, self.size
        yield (level, index), leaf
        while index & 1:
            leaf = node_hash(self._roots.pop(), leaf)
            level, index = level + 1, index >> 1
            yield (level, index), leaf
        self._roots.append(leaf)
        self.size += 1

    def perfect(self) -> Iterator[tuple[tuple[int, int], bytes]]:
        """The perfect subtrees, largest first: ((level, index among those of its level), hash)."""
        levels = [level for level in reversed(range(self.size.bit_length())) if self.size >> level & 1]
        for level, node in zip(levels, self._roots, strict=True):
            yield (level, (self.size >> level) - 1), node

    def root(self) -> bytes:
        """The root hash of the leaves so far."""
        return _folded(self._roots)

    def root_below(self, level: int) -> bytes:
        """The root hash of the last leaves, those that are too few for a perfect subtree of 2^level."""
        return _folded([node for (of, _), node in self.perfect() if of < level])

    def copy(self) -> Frontier:
        """The same tree, growing apart from now on."""
        twin = Frontier()
        twin.size = self.size
        twin._roots = self._roots.copy()
        return twin


class ProofBuilder:
    """Inclusion and consistency proofs of a large tree whose leaves are read once, in order; only the hashes that proofs need are kept.

    `size` is that of the whole tree. `start` is the tree of the leaves that were read before, of which only their count and the roots of
    their perfect subtrees are needed: enough for the proof that the whole continues `start`.
    """

    __slots__ = ("_frontier", "_kept", "_start", "_wanted", "size")

    def __init__(self, size: int, indexes: Iterable[int] = (), start: Frontier | None = None) -> None:
        self.size = size
        self._start = (start or Frontier()).copy()
        self._frontier = self._start.copy()
        self._wanted = {place for index in indexes for place in self._path(0, index)}
        self._wanted.update(self._path(*self._edge()) if self._start.size else ())
        self._kept = {place: node for place, node in self._start.perfect() if place in self._wanted}

    def append(self, leaf: bytes) -> None:
        """The next leaf hash."""
        for place, node in self._frontier.append_and_tell(leaf):
            if place in self._wanted:
                self._kept[place] = node

    def continuing(self) -> ProofBuilder:
        """One for the proof that the whole continues the tree of the leaves read so far."""
        return ProofBuilder(self.size, start=self._frontier)

    def inclusion(self, index: int) -> list[bytes]:
        """The proof of a leaf whose index was announced, once all leaves were read (as `inclusion_proof`)."""
        return [self._node(place) for place in self._path(0, index)]

    def consistency(self) -> list[bytes]:
        """The proof that the tree continues `start`, once all leaves were read (as `consistency_proof`)."""
        if self._start.size in (0, self.size):
            return []
        edge = self._edge()
        proof = [self._node(place) for place in self._path(*edge)]
        power_of_two = self._start.size == 1 << edge[0]
        return proof if power_of_two else [dict(self._start.perfect())[edge], *proof]

    def root(self) -> bytes:
        """The root of the leaves so far."""
        return self._frontier.root()

    def grown(self) -> Frontier:
        """The tree of the leaves so far."""
        return self._frontier.copy()

    def _edge(self) -> tuple[int, int]:
        """The last perfect subtree of `start`."""
        level = (self._start.size & -self._start.size).bit_length() - 1
        return level, (self._start.size >> level) - 1

    def _path(self, level: int, index: int) -> list[tuple[int, int]]:
        """The siblings on the way from a node to the root; a node without one is passed on to the next level as it is."""
        path = []
        while (1 << level) < self.size:
            if (index ^ 1) << level < self.size:
                path.append((level, index ^ 1))
            level, index = level + 1, index >> 1
        return path

    def _node(self, place: tuple[int, int]) -> bytes:
        """A kept node, or the one at the right edge, which is not perfect: what is left of the frontier below its level."""
        level, index = place
        if (index + 1) << level <= self.size:
            return self._kept[place]
        return self._frontier.root_below(level)


def root(leaves: Sequence[bytes]) -> bytes:
    """The root hash of leaf hashes."""
    return Frontier(leaves).root()


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The audit path of the leaf at `index`, nearest sibling first (RFC 6962, 2.1.1). Raises IndexError outside the tree."""
    if not 0 <= index < len(leaves):
        raise IndexError("no such leaf")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(index, leaves[:split]), root(leaves[split:])]
    return [*inclusion_proof(index - split, leaves[split:]), root(leaves[:split])]


def consistency_proof(first: int, leaves: Sequence[bytes]) -> list[bytes]:
    """That the tree of the first `first` leaves is the beginning of the whole (RFC 6962, 2.1.2); empty for none and for all."""
    if not 0 <= first <= len(leaves):
        raise IndexError("no such tree")
    return [] if first in (0, len(leaves)) else _subproof(first, leaves, whole=True)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes) -> bool:
    """Whether the leaf hash stands at `index` in the tree of `size` leaves with that root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            computed = node_hash(sibling, computed)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            computed = node_hash(computed, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and computed == expected_root


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the first tree (size and root) is the beginning of the second (RFC 9162, 2.1.4.2)."""
    if not 0 <= first <= second:
        return False
    if first == 0:
        return not proof and first_root == EMPTY_ROOT
    if first == second:
        return not proof and first_root == second_root
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    if not path:
        return False
    position, last = first - 1, second - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and old == first_root and new == second_root


def _folded(roots: Sequence[bytes]) -> bytes:
    if not roots:
        return EMPTY_ROOT
    root = roots[-1]
    for left in reversed(roots[:-1]):
        root = node_hash(left, root)
    return root


def _split(size: int) -> int:
    """The largest power of two below `size` (at least 2)."""
    return 1 << (size - 1).bit_length() - 1


def _subproof(first: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    if first == len(leaves):
        return [] if whole else [root(leaves)]
    split = _split(len(leaves))
    if first <= split:
        return [*_subproof(first, leaves[:split], whole=whole), root(leaves[split:])]
    return [*_subproof(first - split, leaves[split:], whole=False), root(leaves[:split])]
