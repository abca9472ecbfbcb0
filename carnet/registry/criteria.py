"""From the parameters of a stored query to a statement: the shape decides the text, which is kept; the values fill it.

A shape is a tuple of (parameter, sizes). Code filters are spelled `code^^system` where a system is wanted and by the bare code elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, bindparam, or_, true

from carnet.database.statements import Statement, prepare
from carnet.document_query import AllOf, CodeFilter, TimeRange
from carnet.errors import IntegrityFailure, QueryParameterInvalid
from carnet.metadata import AvailabilityStatus
from carnet.registry.matching import bounds
from carnet.registry.value_lists import LARGEST, binds, fill, width_of

Shape = tuple[tuple[str, tuple[int, ...]], ...]
Condition = Callable[[str, tuple[int, ...]], ColumnElement[bool]]

_STATUSES = frozenset(map(str, AvailabilityStatus))


@dataclass(slots=True)
class Criteria:
    """The shape and the values of one query, gathered parameter by parameter; an empty parameter adds nothing."""

    parameters: dict[str, Any]
    items: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)

    @property
    def shape(self) -> Shape:
        """What decides the statement's text."""
        return tuple(self.items)

    def one_of(self, name: str, values: Sequence[str]) -> None:
        """The attribute is one of the values."""
        if values:
            self.items.append((name, (self._list(f"{name}_", values),)))

    def in_status(self, wanted: Sequence[str]) -> None:
        """The status is none of those that are not wanted: a damaged one is found, not left out, and told by `check_statuses`."""
        self.one_of("statuses", [status for status in AvailabilityStatus if status not in wanted])

    def within(self, name: str, wanted: TimeRange) -> None:
        """The attribute is a time of the range."""
        if wanted.start or wanted.stop:
            first, last = bounds(wanted)
            self.parameters |= {f"{name}_first": first, f"{name}_last": last}
            self.items.append((name, ()))

    def coded(self, name: str, filters: Sequence[CodeFilter]) -> None:
        """The attribute is one of the codes."""
        if filters:
            self.items.append((name, self._codes(name, filters)))

    def all_of(self, name: str, slots: AllOf) -> None:
        """For each slot, the attribute has a value that is one of its codes."""
        for index, filters in enumerate(slots):
            if filters:
                self.items.append((name, (index, *self._codes(f"{name}{index}", filters))))

    def all_of_values(self, name: str, slots: Sequence[Sequence[str]]) -> None:
        """For each slot, the attribute has one of its values."""
        for index, values in enumerate(slots):
            if values:
                self.items.append((name, (index, self._list(f"{name}{index}_", values))))

    def _codes(self, prefix: str, filters: Sequence[CodeFilter]) -> tuple[int, int]:
        spelled = [f"{one.code}^^{one.system}" for one in filters if one.system]
        bare = [one.code for one in filters if not one.system]
        return self._list(f"{prefix}_s", spelled), self._list(f"{prefix}_b", bare)

    def _list(self, prefix: str, values: Sequence[str]) -> int:
        if len(values) > LARGEST:
            raise QueryParameterInvalid(f"A parameter has more than {LARGEST} values.")
        if not values:
            return 0
        self.parameters |= fill(prefix, values)
        return width_of(len(values))


def statement(chosen: Select[Any], conditions: Mapping[str, Condition], shape: Shape) -> Statement:
    """The prepared statement of a shape; callers keep it."""
    return prepare(chosen.where(*(conditions[name](name, sizes) for name, sizes in shape)))


def in_list(column: Column[Any]) -> Condition:
    """The condition of `one_of`."""
    return lambda name, sizes: column.in_(binds(f"{name}_", sizes[0]))


def not_in_list(column: Column[Any]) -> Condition:
    """The condition of `in_status`."""
    return lambda name, sizes: column.not_in(binds(f"{name}_", sizes[0]))


def check_statuses(statuses: Iterable[str]) -> None:
    """Raises IntegrityFailure for a status that there is not: then the search does not answer, rather than leave something out."""
    if not _STATUSES.issuperset(statuses):
        raise IntegrityFailure("A registered object is in no status that there is.")


def in_range(column: Column[Any]) -> Condition:
    """The condition of `within`."""
    return lambda name, _: (column >= bindparam(f"{name}_first")) & (column < bindparam(f"{name}_last"))


def in_codes(code: Column[Any], system: Column[Any]) -> Condition:
    """The condition of `coded`."""
    return lambda name, sizes: code_condition(code, system, name, sizes)


def code_condition(code: Column[Any], system: Column[Any], prefix: str, sizes: Sequence[int]) -> ColumnElement[bool]:
    """Whether a code and its system are among `sizes[0]` spelled and `sizes[1]` bare codes."""
    spelled, bare = sizes
    either: list[ColumnElement[bool]] = []
    if spelled:
        either.append((code + "^^" + system).in_(binds(f"{prefix}_s", spelled)))
    if bare:
        either.append(code.in_(binds(f"{prefix}_b", bare)))
    return or_(*either) if either else true()
