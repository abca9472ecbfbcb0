"""The state of a record as software is told of it: state, dates, reason of closing."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import health_record


@dataclass(frozen=True, slots=True)
class RecordStatus:
    """A record's state (health_record.state) and its dates in microseconds UTC; `closing_reason` is a code, '' for none."""

    state: str
    opened_at: int | None
    closed_at: int | None
    closing_reason: str


_READ = prepare(
    select(
        health_record.c.state, health_record.c.opened_at, health_record.c.closed_at, health_record.c.closing_reason
    ).where(health_record.c.patient_key == bindparam("patient"))
)


def record_status(connection: Connection, patient_key: int) -> RecordStatus | None:
    """The state of a person's record; None when there is none."""
    rows = connection.execute(_READ, {"patient": patient_key})
    return RecordStatus(*rows[0]) if rows else None
