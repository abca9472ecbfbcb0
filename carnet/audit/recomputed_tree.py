"""The tree of the trace, computed again leaf by leaf, and compared with every root that was signed. No input or output here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from carnet.audit.findings import Finding
from carnet.audit.merkle import Frontier, leaf_hash


class Expected(NamedTuple):
    """A root that the tree must have at a size, or why the statement of it is worth nothing. `stored`: here, not kept elsewhere."""

    size: int
    root: bytes
    stored: bool = True
    problem: str = ""

    @property
    def name(self) -> str:
        """What to call it."""
        return f"{'the' if self.stored else 'an outside'} checkpoint of size {self.size}"


class RecomputedTree:
    """Takes lines in the order of their places and signed roots in the order of sizes; gives what is wrong with them.

    `size` is how many places were seen, `proved` how many lines lead to a root that was signed.
    """

    def __init__(self) -> None:
        self.size = 0
        self.proved = 0
        self._frontier = Frontier()
        self._as_stored: Frontier | None = None
        self._broken = False
        self._covered = 0
        self._agreed = 0
        self._diverged = False
        self._ticket: int | None = None

    def add(self, index: int, ticket: int, entry: bytes | None, stored: bytes) -> Iterator[Finding]:
        """One more leaf; `entry` is None when it cannot be hashed. After a gap or a repetition no root can be right, and none is compared."""
        if index != self.size or entry is None:
            self._broken = True
        if index > self.size:
            yield Finding("sealed lines are missing", self.size, index - 1)
        elif index < self.size:
            yield Finding("a line has a place that is taken, or impossible", index, index, ticket)
        elif self._ticket is not None and ticket <= self._ticket:
            yield Finding("a line is not in the order of tickets", index - 1, index, ticket)
        self._ticket = ticket
        if not self._broken and entry is not None:
            self._grow(leaf_hash(entry), stored)
        self.size = max(self.size, index + 1)

    def refuse(self) -> None:
        """A line whose place is not even a number."""
        self._broken = True

    def meet(self, expected: Expected) -> Iterator[Finding]:
        """A signed root whose lines have all been seen, or should have been."""
        if expected.problem:
            yield Finding(f"{expected.name}: {expected.problem}")
        elif expected.size > self.size:
            yield from self._miss(expected)
        elif expected.stored:
            yield from self._compare(expected)
        else:
            yield from self._compare_outside(expected)

    def end(self) -> Iterator[Finding]:
        """After the last line and the last root: nothing stands in the tree unsigned."""
        if self._covered < self.size:
            yield Finding("no checkpoint covers these lines", self._covered, self.size - 1)

    def _grow(self, computed: bytes, stored: bytes) -> None:
        """Where a line and its stored hash disagree, the next root may tell which of the two is right: both trees are kept until then."""
        if self._as_stored is None and computed != stored:
            self._as_stored = self._frontier.copy()
        self._frontier.append(computed)
        if self._as_stored is not None:
            self._as_stored.append(stored)

    def _miss(self, expected: Expected) -> Iterator[Finding]:
        first = self.proved if expected.stored else self._agreed
        yield Finding(
            f"{expected.name} speaks of lines that are missing: there are {self.size}", first, expected.size - 1
        )
        self._covered = max(self._covered, expected.size)

    def _compare(self, expected: Expected) -> Iterator[Finding]:
        if not self._broken:
            if self._leads_to(expected):
                self.proved = expected.size
            else:
                self._broken = True
                what = f"the lines do not lead to the root of {expected.name}"
                yield Finding(what, self.proved, max(self.proved, expected.size - 1))
        self._covered = expected.size
        self._ticket = None

    def _compare_outside(self, expected: Expected) -> Iterator[Finding]:
        if self._broken or self._diverged:
            return
        if self._leads_to(expected):
            self._agreed = self.proved = expected.size
        else:
            self._diverged = True
            yield Finding(f"the lines do not lead to the root of {expected.name}", self._agreed, expected.size - 1)

    def _leads_to(self, expected: Expected) -> bool:
        for candidate in (self._frontier, self._as_stored):
            if candidate is not None and (candidate.size, candidate.root()) == (expected.size, expected.root):
                self._frontier, self._as_stored = candidate, None
                return True
        return False
