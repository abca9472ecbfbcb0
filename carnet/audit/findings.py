"""What a verification of the trace says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: a line between `index` and `until` is bad or missing. None: it is about no sealed line."""

    what: str
    index: int | None = None
    until: int | None = None
    ticket: int | None = None


@dataclass(slots=True)
class Report:
    """What was verified.

    `proved` lines lead to a signed root, but for those that findings name. `unsealed` lines have no place in the tree yet; the key of
    `unopened` ones is destroyed. `witnessed` is the largest size under a co-signature of a witness whose key was given; `cosignatures`
    counts all that are stored.
    """

    sealed: int = 0
    proved: int = 0
    unsealed: int = 0
    unopened: int = 0
    checkpoints: int = 0
    patients: int = 0
    cosignatures: int = 0
    witnessed: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    @property
    def first(self) -> Finding | None:
        """The finding that ends at the lowest index, and is narrowest; those about no index come last."""
        return min(self.findings, key=_rank, default=None)


def _rank(found: Finding) -> tuple[bool, int, int]:
    return found.index is None, found.until or 0, -(found.index or 0)
