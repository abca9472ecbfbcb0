"""A document hidden from its patient with those that it replaced, or that replaced it: for the law they are one datum, with one delay (R1111-53 CSP).

Each is a document of its own in the registry. Without this, a new version every three weeks would keep a result from its patient for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from carnet.database.connection import Connection
from carnet.metadata import INVISIBLE_PATIENT, Association, AvailabilityStatus
from carnet.registry import association_table, entry_table
from carnet.registry.found import FoundEntry
from carnet.registry.holder import Holder
from carnet.registry.relationships import REPLACEMENTS

Step = Callable[[list[str]], Iterable[str]]
"""(entryUUIDs) -> those at the other end of their replacements."""


def hidden_since(connection: Connection, holder: Holder, logical_id: str) -> int:
    """When the first of a row of hidden documents was deposited, each replaced by the next, this one the last (microseconds UTC)."""

    def before(uuids: list[str]) -> Iterable[str]:
        return (one.target for one in _replacing(association_table.find_by_source(connection, holder, uuids)))

    return min(row.registered_at for row in _row(connection, holder, logical_id, before))


def hidden_from(connection: Connection, holder: Holder, logical_id: str) -> tuple[str, ...]:
    """A hidden document and the hidden ones that took its place, one after the other: their logicalIds, that of the first first."""

    def after(uuids: list[str]) -> Iterable[str]:
        return (one.source for one in _replacing(association_table.find_by_target(connection, holder, uuids)))

    return tuple(dict.fromkeys(row.logical_id for row in _row(connection, holder, logical_id, after)))


def is_hidden(row: FoundEntry) -> bool:
    """Whether its patient does not see it."""
    return INVISIBLE_PATIENT in row.masks.split()


def _replacing(links: Iterable[Association]) -> Iterable[Association]:
    return (one for one in links if one.type in REPLACEMENTS)


def _row(connection: Connection, holder: Holder, logical_id: str, step: Step) -> list[FoundEntry]:
    """All versions of a document, then of the hidden ones that a step leads to, and so on until nothing is new."""
    found: dict[str, list[FoundEntry]] = {}
    waiting = [logical_id]
    while waiting:
        name = waiting.pop(0)
        found[name] = entry_table.find_by_logical_id(connection, holder, (name,))
        beside = entry_table.find_by_uuid(connection, holder, step([row.uuid for row in found[name]]))
        hidden = {
            row.logical_id for row in beside.values() if is_hidden(row) and row.status != AvailabilityStatus.DELETED
        }
        waiting += sorted(hidden - found.keys() - set(waiting))
    return [row for rows in found.values() for row in rows]
