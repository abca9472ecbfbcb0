"""The wire forms of what was found: opened from their seals, or from a bounded memory of those opened before."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Table, bindparam, select

from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import document_entry, folder, submission_set
from carnet.errors import IntegrityFailure
from carnet.registry.found import Found
from carnet.registry.holder import Holder, Renderer
from carnet.registry.sealed_metadata import folder_state, rendition_context
from carnet.registry.value_lists import binds, by_width, each_width

Mark = tuple[str, str, str, int, str]
"""Whose (pseudonym), which object (entryUUID), in what state, registered when (microseconds UTC), under which INS (CX)."""


class RenditionCache:
    """The opened renditions used last, up to a number of bytes, in the memory of one process.

    What it gives is asked for by a mark taken from a row of the current transaction: another person's object, or the same object in a
    former state, has another mark and is never given. It outlives the destruction of a person's key only until `forget`.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[Mark, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def held_bytes(self) -> int:
        """How many bytes of renditions are kept."""
        return self._bytes

    def get_many(self, marks: Iterable[Mark]) -> dict[Mark, bytes]:
        """The renditions kept among those marked."""
        found: dict[Mark, bytes] = {}
        with self._lock:
            for mark in marks:
                rendition = self._kept.get(mark)
                if rendition is not None:
                    self._kept.move_to_end(mark)
                    found[mark] = rendition
        return found

    def put_many(self, renditions: dict[Mark, bytes]) -> None:
        """Keeps renditions, letting go of those used longest ago."""
        with self._lock:
            for mark, rendition in renditions.items():
                if mark not in self._kept:
                    self._kept[mark] = rendition
                    self._bytes += len(rendition)
            while self._bytes > self._max_bytes:
                _, gone = self._kept.popitem(last=False)
                self._bytes -= len(gone)

    def forget(self, pseudonym: str) -> None:
        """Lets go of everything of one person: to be called when their key is destroyed."""
        with self._lock:
            for mark in [mark for mark in self._kept if mark[0] == pseudonym]:
                self._bytes -= len(self._kept.pop(mark))


def renditions(
    connection: Connection, holder: Holder, found: Found, renderer: Renderer, cache: RenditionCache
) -> tuple[bytes, ...]:
    """The wire forms of an answer, in the order of `found.uuids`; associations are rendered now.

    Call it in the transaction that found the answer, once the rules have judged it. Raises IntegrityFailure for a row that was altered.
    """
    if found.ends:
        raise RuntimeError("entries that the answer touches were not judged: call without() or seen_by() first")
    return (
        *_opened(connection, holder, cache, _submission_sets, _marks(holder, found.submission_sets, _by_status)),
        *_opened(connection, holder, cache, _folders, _marks(holder, found.folders, _by_status_and_update)),
        *_opened(connection, holder, cache, _entries, _marks(holder, found.entries, _by_status)),
        *map(renderer.association, found.associations),
    )


def _marks(holder: Holder, rows: Iterable[Any], state: Callable[[Any], str]) -> list[Mark]:
    pseudonym, identifier = holder.key.pseudonym, holder.identifier
    return [(pseudonym, row.uuid, state(row), row.registered_at, identifier) for row in rows]


def _by_status(row: Any) -> str:
    return str(row.status)


def _by_status_and_update(row: Any) -> str:
    return folder_state(row.status, row.last_update_time)


def _opened(
    connection: Connection,
    holder: Holder,
    cache: RenditionCache,
    statement: Callable[[int], Statement],
    marks: list[Mark],
) -> list[bytes]:
    known = cache.get_many(marks)
    missing = {mark[1]: mark for mark in marks if mark not in known}
    if missing:
        opened = _open(connection, holder, statement, missing)
        cache.put_many(opened)
        known |= opened
    if len(known) < len(set(marks)):
        raise IntegrityFailure("A registered object has lost its rendition.")
    return [known[mark] for mark in marks]


def _open(
    connection: Connection, holder: Holder, statement: Callable[[int], Statement], missing: dict[str, Mark]
) -> dict[Mark, bytes]:
    unseal = holder.key.open
    return {
        missing[uuid]: unseal(sealed, rendition_context(uuid, missing[uuid][2]))
        for width, parameters in each_width("value", missing)
        for uuid, sealed in connection.execute(statement(width), {"patient": holder.patient_key, **parameters})
    }


def _sealed(table: Table, width: int) -> Statement:
    chosen = select(table.c.entry_uuid, table.c.sealed_rendition).where(table.c.patient_key == bindparam("patient"))
    return prepare(chosen.where(table.c.entry_uuid.in_(binds("value", width))))


@by_width
def _entries(width: int) -> Statement:
    return _sealed(document_entry, width)


@by_width
def _submission_sets(width: int) -> Statement:
    return _sealed(submission_set, width)


@by_width
def _folders(width: int) -> Statement:
    return _sealed(folder, width)
