"""What one version of the matrix changes against another: what opens and what closes, by role, apart."""

from __future__ import annotations

from dataclasses import dataclass

from carnet.authorization.matrix import Matrix


@dataclass(frozen=True, slots=True)
class RoleChange:
    """One role: the types that it begins to read and those that it no longer reads, sorted. `new`, `gone`: the row itself comes or goes."""

    role: str
    opens: tuple[str, ...]
    closes: tuple[str, ...]
    new: bool
    gone: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changes, by role. `named` and `dropped` are types that one version alone names; `basis` counts cells whose basis alone differs.

    A type that is dropped can be read by its authors alone.
    """

    before: str
    after: str
    roles: tuple[RoleChange, ...]
    named: tuple[str, ...]
    dropped: tuple[str, ...]
    basis: int

    @property
    def opened(self) -> int:
        """How many cells become readable."""
        return sum(len(role.opens) for role in self.roles)

    @property
    def closed(self) -> int:
        """How many cells are readable no more."""
        return sum(len(role.closes) for role in self.roles)


def compare(before: Matrix, after: Matrix) -> Comparison:
    """What `after` changes against `before`."""
    changes = (_change(role, before, after) for role in sorted(before.readable.keys() | after.readable.keys()))
    return Comparison(
        before=before.version,
        after=after.version,
        roles=tuple(one for one in changes if one.opens or one.closes or one.new or one.gone),
        named=tuple(sorted(after.types - before.types)),
        dropped=tuple(sorted(before.types - after.types)),
        basis=sum(
            1
            for (role, one), basis in after.basis.items()
            if before.basis.get((role, one), basis) != basis and before.allows(role, one) == after.allows(role, one)
        ),
    )


def _change(role: str, before: Matrix, after: Matrix) -> RoleChange:
    read_before, read_after = (one.readable.get(role, frozenset()) for one in (before, after))
    return RoleChange(
        role=role,
        opens=tuple(sorted(read_after - read_before)),
        closes=tuple(sorted(read_before - read_after)),
        new=role not in before.readable,
        gone=role not in after.readable,
    )
