"""Filling the embedded database of a home with so many documents, fast: the tables that a search reads or writes, with all their indexes.

Documents come to one record after the other, through all the years, so that what lies in the order of arrival lies as far apart as after
years of service; the rows of entries lie by patient, where a registration lays them. The records that are searched are filled last and in the order of time, so
that their pages have been parted, as in service.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from bench.growth_rows import Copies, Example
from carnet.clock import DAY
from carnet.database.row_places import ROOM
from carnet.registry.entry_table import INSERT
from carnet.registry.holder import Holder

EACH = 50
"""Documents of a record."""
YEARS = 3
AT_ONCE = 20_000
"""Documents a transaction."""
LINE = bytes(64)
"""A line of the trace of somebody else's record: nobody reads it."""
_TABLES_OF_THE_MASS = ("document_entry", "audit_event", "care_link")


@dataclass(frozen=True, slots=True)
class Load:
    """What is loaded: `asked` are the holders of the records that are searched, `until` (microseconds UTC) the last document's time."""

    documents: int
    asked: tuple[Holder, ...]
    example: Example
    until: int

    @property
    def records(self) -> int:
        """How many records there are in all."""
        return self.documents // EACH

    def time_of(self, number: int) -> int:
        """When document `number` was registered: evenly over the years."""
        return self.until - (self.documents - number) * (YEARS * 365 * DAY) // self.documents


def spread(database: Path, keys: Iterable[int], records: int) -> dict[int, int]:
    """Gives the people of these internal keys others, evenly over those of all records: new keys by former ones.

    People are registered over years: those who are asked about must not stand side by side in every index.
    """
    old = sorted(keys)
    stride = max(1, records // len(old))
    first = max(old) + 1
    new = {key: first + number * stride for number, key in enumerate(old)}
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as raw:
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("BEGIN IMMEDIATE")
        for table in _with_patient_key(raw):
            raw.executemany(
                f'UPDATE "{table}" SET patient_key = ? WHERE patient_key = ?', [(n, o) for o, n in new.items()]
            )
        raw.execute("COMMIT")
    return new


def _with_patient_key(raw: sqlite3.Connection) -> list[str]:
    tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [one for one in tables if any(row[1] == "patient_key" for row in raw.execute(f'PRAGMA table_info("{one}")'))]


def fill(database: Path, load: Load) -> int:
    """Loads everything; returns the bytes of the database. Indexes of the large tables are made at the end, from sorted rows."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as raw:
        for setting in ("foreign_keys=OFF", "synchronous=OFF", "cache_size=-1000000", "temp_store=FILE"):
            raw.execute(f"PRAGMA {setting}")
        indexes = _drop_indexes(raw)
        people = _strangers(raw, load)
        _add_people(raw, load, people)
        _add_documents(raw, load, people)
        for statement in indexes:
            raw.execute(statement)
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.sync()
    return database.stat().st_size


def _drop_indexes(raw: sqlite3.Connection) -> list[str]:
    wanted = ", ".join("?" * len(_TABLES_OF_THE_MASS))
    found = raw.execute(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({wanted})",
        _TABLES_OF_THE_MASS,
    ).fetchall()
    for name, _ in found:
        raw.execute(f'DROP INDEX "{name}"')
    return [sql for _, sql in found]


def _strangers(raw: sqlite3.Connection, load: Load) -> list[int]:
    """The keys of those who are not asked about."""
    taken = {key for (key,) in raw.execute("SELECT patient_key FROM patient")}
    first = min(one.patient_key for one in load.asked)
    free = (key for key in range(first, first + 2 * load.records + len(taken)) if key not in taken)
    return list(islice(free, max(0, load.records - len(load.asked))))


def _add_people(raw: sqlite3.Connection, load: Load, people: list[int]) -> None:
    """People with a record each, and as many links to professionals as those who are asked about have."""
    asked = load.asked[0].patient_key
    began = load.time_of(0)
    links = raw.execute("SELECT * FROM care_link WHERE patient_key = ?", (asked,)).fetchall()
    state = raw.execute("SELECT * FROM health_record WHERE patient_key = ?", (asked,)).fetchone()
    raw.execute("BEGIN IMMEDIATE")
    raw.executemany(
        "INSERT INTO patient (patient_key, pseudonym, sealed_traits, updated_at) VALUES (?, ?, ?, ?)",
        ((k, uuid.uuid4().hex, bytes(200), began) for k in people),
    )
    raw.executemany(
        "INSERT INTO patient_identifier VALUES (?, ?, ?, ?, NULL)",
        ((os.urandom(32), key, bytes(60), began) for key in people),
    )
    raw.executemany(f"INSERT INTO health_record VALUES ({_marks(state)})", ((key, *state[1:]) for key in people))
    for link in links:
        raw.executemany(
            f"INSERT INTO care_link VALUES ({_marks(link)})", ((key, str(uuid.uuid4()), *link[2:]) for key in people)
        )
    raw.execute("COMMIT")


def _add_documents(raw: sqlite3.Connection, load: Load, people: list[int]) -> None:
    asked = {one.patient_key: one for one in load.asked}
    everybody = sorted([*people, *asked])
    numbers = {key: range(place, load.documents, len(everybody)) for place, key in enumerate(everybody)}
    copies = Copies.of(load.example.whole(load.asked[0]))
    insert = f"INSERT INTO document_entry (rowid, {', '.join(copies.columns)}) VALUES ({_marks(copies.columns)}, ?)"
    many = AT_ONCE // EACH
    for first in range(0, len(people), many):
        some = {key: numbers[key] for key in people[first : first + many]}
        _together(raw, insert, _copied(load, some, copies))
    for number in sorted(number for key in asked for number in numbers[key]):
        holder = asked[everybody[number % len(everybody)]]
        _together(raw, INSERT.sqlite, load.example.whole(replace(holder, now=load.time_of(number))))
    for start in range(0, load.documents, AT_ONCE):
        _together(raw, _AUDIT, _lines(load, range(start, min(start + AT_ONCE, load.documents)), everybody))
    raw.execute(_PLACES)


def _together(raw: sqlite3.Connection, insert: str, rows: Iterable[Any]) -> None:
    raw.execute("BEGIN IMMEDIATE")
    raw.executemany(insert, rows)
    raw.execute("COMMIT")


_AUDIT = (
    "INSERT INTO audit_event (patient_key, patient_seq, at, entry, sealed_openings, leaf_hash, leaf_index)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_PLACES = "INSERT INTO audit_place SELECT leaf_index, ticket FROM audit_event WHERE leaf_index >= 1000000000 ORDER BY leaf_index"


def _copied(load: Load, numbers: Mapping[int, range], copies: Copies) -> Iterator[tuple[Any, ...]]:
    """The rows of strangers, each behind the last of its patient, where a registration lays it."""
    for key, of_patient in numbers.items():
        rows = (row for number in of_patient for row in copies.rows(key, load.time_of(number)))
        yield from ((key << ROOM | place, *row) for place, row in enumerate(rows))


def _lines(load: Load, numbers: range, everybody: list[int]) -> Iterator[tuple[Any, ...]]:
    """A line of the trace for each submission, numbered beyond those that the home has."""
    beyond = 10_000
    for number in numbers:
        place = number // len(everybody) + beyond
        yield (
            everybody[number % len(everybody)],
            place,
            load.time_of(number),
            LINE,
            LINE,
            os.urandom(32),
            number + 10**9,
        )


def _marks(values: Iterable[Any]) -> str:
    return ", ".join("?" for _ in values)
