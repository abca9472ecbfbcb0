"""The wire forms of what was found: opened from their seals, or from a bounded memory of those opened before."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Table, bindparam, select

from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import document_entry, folder, submission_set
from carnet.errors import IntegrityFailure
from carnet.registry.found import Found, FoundEntry, FoundFolder, FoundSubmissionSet
from carnet.registry.holder import Holder, Renderer
from carnet.registry.sealed_metadata import folder_state, open_rendition
from carnet.registry.value_lists import binds, by_width, each_width

Owner = tuple[str, str]
"""Whose (pseudonym), under which INS (CX), which wire forms carry."""
Mark = tuple[str, str, int]
"""Which object (entryUUID), in what state, registered when (microseconds UTC)."""


class RenditionCache:
    """The opened renditions of the people asked for last, up to a number of bytes, in the memory of one process.

    What it gives is asked for by an owner and a mark taken from a row of the current transaction: another person's object, or
    the same object in a former state, has another mark and is never given. It outlives a closing or a destruction only until
    `forget`, which every worker calls within seconds (`record/forgetting.py`). People are let go of whole: a record is read as a whole, or nearly.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[Owner, dict[Mark, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return sum(map(len, self._kept.values()))

    @property
    def held_bytes(self) -> int:
        """How many bytes of renditions are kept."""
        return self._bytes

    def get_many(self, owner: Owner, marks: Iterable[Mark]) -> list[bytes | None]:
        """A person's renditions in the order of the marks, None where one is not kept."""
        with self._lock:
            kept = self._kept.get(owner, {})
            if kept:
                self._kept.move_to_end(owner)
            return list(map(kept.get, marks))

    def put_many(self, owner: Owner, renditions: Mapping[Mark, bytes]) -> None:
        """Keeps a person's renditions, letting go of the people asked for longest ago."""
        with self._lock:
            kept = self._kept.setdefault(owner, {})
            self._kept.move_to_end(owner)
            for mark, rendition in renditions.items():
                if mark not in kept:
                    kept[mark] = rendition
                    self._bytes += len(rendition)
            while self._bytes > self._max_bytes:
                _, gone = self._kept.popitem(last=False)
                self._bytes -= sum(map(len, gone.values()))

    def pseudonyms(self) -> set[str]:
        """Of whom anything is kept."""
        with self._lock:
            return {pseudonym for pseudonym, _ in self._kept}

    def forget_everybody(self) -> None:
        """Lets go of everything."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def forget(self, pseudonym: str) -> None:
        """Lets go of everything of one person: to be called when their record ends."""
        with self._lock:
            for owner in [owner for owner in self._kept if owner[0] == pseudonym]:
                self._bytes -= sum(map(len, self._kept.pop(owner).values()))


def renditions(
    connection: Connection, holder: Holder, found: Found, renderer: Renderer, cache: RenditionCache
) -> tuple[bytes, ...]:
    """The wire forms of an answer, in the order of `found.uuids`; associations are rendered now.

    Call it in the transaction that found the answer, once the rules have judged it. Raises IntegrityFailure for a row that was altered.
    """
    if found.ends:
        raise RuntimeError("entries that the answer touches were not judged: call without() or seen_by() first")
    return (
        *_opened(connection, holder, cache, _submission_sets, list(map(_mark_of_set, found.submission_sets))),
        *_opened(connection, holder, cache, _folders, list(map(_mark_of_folder, found.folders))),
        *_opened(connection, holder, cache, _entries, list(map(_mark_of_entry, found.entries))),
        *map(renderer.association, found.associations),
    )


def _columns(names: Sequence[str]) -> Callable[[Any], Mark]:
    return itemgetter(*map(names.index, ("uuid", "status", "registered_at")))


_mark_of_entry = _columns(FoundEntry._fields)
_mark_of_set = _columns(FoundSubmissionSet._fields)


def _mark_of_folder(row: FoundFolder) -> Mark:
    return row.uuid, folder_state(row.status, row.last_update_time), row.registered_at


def _opened(
    connection: Connection,
    holder: Holder,
    cache: RenditionCache,
    statement: Callable[[int], Statement],
    marks: list[Mark],
) -> list[bytes]:
    owner = (holder.key.pseudonym, holder.identifier)
    kept = cache.get_many(owner, marks)
    found = [rendition for rendition in kept if rendition is not None]
    if len(found) == len(marks):
        return found
    missing = {mark[0]: mark for mark, rendition in zip(marks, kept, strict=True) if rendition is None}
    opened = _open(connection, holder, statement, missing)
    cache.put_many(owner, opened)
    found = [one for mark, rendition in zip(marks, kept, strict=True) if (one := rendition or opened.get(mark))]
    if len(found) < len(marks):
        raise IntegrityFailure("A registered object has lost its rendition.")
    return found


def _open(
    connection: Connection, holder: Holder, statement: Callable[[int], Statement], missing: dict[str, Mark]
) -> dict[Mark, bytes]:
    return {
        missing[uuid]: open_rendition(holder, uuid, missing[uuid][1], sealed)
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
