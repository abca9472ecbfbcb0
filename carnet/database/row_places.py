"""Where the embedded database lays a row: beside the others of its patient, or a search of one record reads one page of the disk for each document."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Insert

from carnet.database.statements import Statement, prepare

ROOM = 20
"""Bits of a patient's room among the row numbers: a million rows lie together."""


def prepare_by_patient(insertion: Insert) -> Statement:
    """An insertion of one row with `patient_key` first, prepared, that lays it behind the last row of its patient.

    SQLite keeps a table in the order of its row numbers, which are the order of arrival unless the insertion says them. It says the next one of the
    patient's own range. A number tells nothing and is read by nobody: where the range is full SQLite chooses, and a copy made by VACUUM, which
    numbers rows anew, is as right. PostgreSQL gets the insertion as it is.
    """
    prepared = prepare(insertion)
    into, values = f"INSERT INTO {insertion.table.name} (", " VALUES ("
    head, rest = prepared.sqlite.split(values)
    if not head.startswith(f"{into}patient_key, "):
        raise ValueError(f"A row is laid by its patient_key, which comes first: {head[:80]}")
    return replace(
        prepared, text=f"{head.replace(into, f'{into}rowid, ')}{values}({_next_of(insertion.table.name)}), {rest}"
    )


def _next_of(table: str) -> str:
    last = (1 << ROOM) - 1
    following = f"CASE WHEN max(rowid) IS NULL THEN :patient_key << {ROOM} WHEN max(rowid) & {last} < {last} THEN max(rowid) + 1 END"
    among = f"rowid >= :patient_key << {ROOM} AND rowid < (:patient_key + 1) << {ROOM}"
    return f"SELECT {following} FROM {table} WHERE {among}"  # noqa: S608 - a name of ours
