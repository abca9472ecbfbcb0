"""Where the embedded database lays a row: beside the others of its patient, or a search of one record reads one page of the disk for each document."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Insert
from sqlalchemy.ext.compiler import compiles

ROOM = 20
"""Bits of a patient's room among the row numbers: a million rows lie together."""


class InsertByPatient(Insert):
    """An insertion of one row, by parameters of the columns' names, that SQLite lays behind the last row of its patient: `InsertByPatient(table)`.

    SQLite keeps a table in the order of its row numbers, which are the order of arrival unless the insertion says them. It says the next one of the
    patient's own range. A number tells nothing and is read by nobody: where the range is full SQLite chooses, and a copy made by VACUUM, which
    numbers rows anew, is as right. PostgreSQL gets an ordinary insertion. Compiling one whose first column is not `patient_key` raises ValueError.
    """

    inherit_cache = False


@compiles(InsertByPatient, "sqlite")
def _laid(element: InsertByPatient, compiler: Any, **options: Any) -> str:
    table = element.table.name
    into, values = f"INSERT INTO {table} (", " VALUES ("
    head, rest = compiler.visit_insert(element, **options).split(values)
    if not head.startswith(f"{into}patient_key, "):
        raise ValueError(f"A row is laid by its patient_key, which comes first: {head[:80]}")
    return f"{head.replace(into, f'{into}rowid, ')}{values}({_next_of(table)}), {rest}"


def _next_of(table: str) -> str:
    last = (1 << ROOM) - 1
    following = f"CASE WHEN max(rowid) IS NULL THEN :patient_key << {ROOM} WHEN max(rowid) & {last} < {last} THEN max(rowid) + 1 END"
    among = f"rowid >= :patient_key << {ROOM} AND rowid < (:patient_key + 1) << {ROOM}"
    return f"SELECT {following} FROM {table} WHERE {among}"  # noqa: S608 - a name of ours
