"""Readings and targets as they are kept: the kind and the moment in clear, all else sealed; a row is ended, never changed.

Moments are microseconds UTC; numbers are texts with the digits that were typed and a decimal point.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Table, bindparam, delete, func, insert, select, update

from carnet.crypto.envelope import PatientKey
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import measure_reading, measure_target
from carnet.measures.kept_reading import KeptReading, Reading, Target

_R, _T = measure_reading.c, measure_target.c
_COLUMNS = (_R.reading_id, _R.version, _R.kind, _R.measured_at, _R.sealed_reading, _R.since, _R.until, _R.ended_by)
_MINE = _R.patient_key == bindparam("patient")
_HELD = select(*_COLUMNS).where(_MINE, _R.until.is_(None))
_ALL = prepare(_HELD.order_by(_R.measured_at, _R.since, _R.reading_id))
_OF_KIND = prepare(_HELD.where(_R.kind == bindparam("kind")).order_by(_R.measured_at, _R.since, _R.reading_id))
_VERSIONS = prepare(select(*_COLUMNS).where(_MINE, _R.reading_id == bindparam("reading")).order_by(_R.version))
_COUNT = prepare(select(func.count()).select_from(measure_reading).where(_MINE))
_ADD = prepare(
    insert(measure_reading).values(
        {
            name: bindparam(name)
            for name in ("patient_key", "reading_id", "version", "kind", "measured_at", "sealed_reading", "since")
        }
    )
)
_END = prepare(
    update(measure_reading)
    .where(_MINE, _R.reading_id == bindparam("reading"), _R.until.is_(None))
    .values(until=bindparam("moment"), ended_by=bindparam("cause"))
)
_TARGETS = prepare(
    select(_T.target_id, _T.kind, _T.sealed_target).where(_T.patient_key == bindparam("patient"), _T.until.is_(None))
)
_ADD_TARGET = prepare(
    insert(measure_target).values(
        {name: bindparam(name) for name in ("patient_key", "target_id", "kind", "sealed_target", "since")}
    )
)
_END_TARGET = prepare(
    update(measure_target)
    .where(_T.patient_key == bindparam("patient"), _T.kind == bindparam("kind"), _T.until.is_(None))
    .values(until=bindparam("moment"))
)
ERASED: tuple[Table, ...] = (measure_reading, measure_target)
_ERASE = tuple(prepare(delete(table).where(table.c.patient_key == bindparam("patient"))) for table in ERASED)


def readings(connection: Connection, patient_key: int, key: PatientKey, kind: str = "") -> list[KeptReading]:
    """The readings that hold, the oldest first; of one kind, or of all. Raises IntegrityFailure for another key."""
    values = {"patient": patient_key}
    rows = connection.execute(_OF_KIND, {**values, "kind": kind}) if kind else connection.execute(_ALL, values)
    return [_opened(key, row) for row in rows]


def versions(connection: Connection, patient_key: int, key: PatientKey, reading_id: str) -> list[KeptReading]:
    """Every version of one reading, the first first; none for a reading of nobody, or of somebody else."""
    rows = connection.execute(_VERSIONS, {"patient": patient_key, "reading": reading_id})
    return [_opened(key, row) for row in rows]


def count(connection: Connection, patient_key: int) -> int:
    """How many versions of readings are kept of a patient, ended ones too."""
    return int(connection.execute(_COUNT, {"patient": patient_key})[0][0])


def add(
    connection: Connection, patient_key: int, key: PatientKey, said: Reading, *, kind: str, measured_at: int, now: int
) -> str:
    """Keeps a new reading, and returns what names it."""
    reading_id = secrets.token_hex(12)
    _write(connection, patient_key, key, KeptReading(reading_id, 1, kind, measured_at, said, now))
    return reading_id


def correct(
    connection: Connection, patient_key: int, key: PatientKey, former: KeptReading, said: Reading, *, measured_at: int, now: int
) -> None:  # fmt: skip
    """Ends a version that holds and keeps the next one."""
    end(connection, patient_key, former.reading_id, "corrected", now=now)
    row = KeptReading(former.reading_id, former.version + 1, former.kind, measured_at, said, now)
    _write(connection, patient_key, key, row)


def end(connection: Connection, patient_key: int, reading_id: str, cause: str, *, now: int) -> None:
    """Ends the version that holds: corrected or withdrawn. It stays in the history."""
    connection.execute(_END, {"patient": patient_key, "reading": reading_id, "moment": now, "cause": cause})


def targets(connection: Connection, patient_key: int, key: PatientKey) -> dict[str, Target]:
    """The targets that hold, by kind."""
    rows = connection.execute(_TARGETS, {"patient": patient_key})
    return {
        kind: msgspec.json.decode(key.open(sealed, f"measure-target|{target_id}|{kind}"), type=Target)
        for target_id, kind, sealed in rows
    }


def set_target(
    connection: Connection, patient_key: int, key: PatientKey, kind: str, target: Target | None, *, now: int
) -> None:
    """Ends the target of a kind, and keeps another where one is given."""
    connection.execute(_END_TARGET, {"patient": patient_key, "kind": kind, "moment": now})
    if target is not None:
        target_id = secrets.token_hex(12)
        sealed = key.seal(msgspec.json.encode(target), f"measure-target|{target_id}|{kind}")
        row = {"target_id": target_id, "kind": kind, "sealed_target": sealed, "since": now}
        connection.execute(_ADD_TARGET, {"patient_key": patient_key, **row})


def erase_measurements(connection: Connection, patient_key: int) -> None:
    """Deletes every reading and target of a patient whose record is destroyed: their kinds and moments stand in clear."""
    for statement in _ERASE:
        connection.execute(statement, {"patient": patient_key})


def _write(connection: Connection, patient_key: int, key: PatientKey, kept: KeptReading) -> None:
    row = {
        "patient_key": patient_key,
        "reading_id": kept.reading_id,
        "version": kept.version,
        "kind": kept.kind,
        "measured_at": kept.measured_at,
        "sealed_reading": key.seal(msgspec.json.encode(kept.said), _context(*_place(kept))),
        "since": kept.since,
    }
    connection.execute(_ADD, row)


def _place(kept: KeptReading) -> tuple[str, int, str, int]:
    return kept.reading_id, kept.version, kept.kind, kept.measured_at


def _opened(key: PatientKey, row: Sequence[Any]) -> KeptReading:
    reading_id, version, kind, measured_at, sealed, since, until, ended_by = row
    said = msgspec.json.decode(key.open(sealed, _context(reading_id, version, kind, measured_at)), type=Reading)
    return KeptReading(reading_id, version, kind, measured_at, said, since, until, ended_by)


def _context(reading_id: str, version: int, kind: str, measured_at: int) -> str:
    """What a sealed reading is bound to: moved to another kind, version or moment it does not open."""
    return f"measure|{reading_id}|{version}|{kind}|{measured_at}"
