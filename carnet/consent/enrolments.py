"""Whom an insurer affiliates, and when each was informed of the right to object (R1111-28 CSP). Moments are microseconds UTC."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import enrolment

_ADD = prepare(
    insert(enrolment)
    .values(
        patient_key=bindparam("patient"),
        territory=bindparam("where"),
        channel=bindparam("how"),
        former_record=bindparam("former"),
        received_at=bindparam("now"),
        informed_at=bindparam("told"),
    )
    .on_conflict_do_nothing()
    .returning(enrolment.c.patient_key)
)
_TERRITORIES = prepare(select(enrolment.c.territory).where(enrolment.c.informed_at.is_(None)).distinct())
_WAITING = prepare(
    select(enrolment.c.patient_key, enrolment.c.former_record)
    .where(
        enrolment.c.informed_at.is_(None),
        enrolment.c.territory == bindparam("where"),
        enrolment.c.patient_key > bindparam("after"),
    )
    .order_by(enrolment.c.patient_key)
    .limit(bindparam("count"))
)
_INFORMED = prepare(
    update(enrolment)
    .where(enrolment.c.patient_key == bindparam("patient"), enrolment.c.informed_at.is_(None))
    .values(informed_at=bindparam("now"))
)

_STRIKE = prepare(
    delete(enrolment)
    .where(enrolment.c.patient_key == bindparam("patient"), enrolment.c.informed_at.is_(None))
    .returning(enrolment.c.patient_key)
)


def enrol(
    connection: Connection,
    patient_key: int,
    *,
    territory: str,
    channel: str,
    former_record: bool,
    now: int,
    informed: bool,
) -> bool:
    """Writes that a person is affiliated, informed now or waiting for their territory; False when that was written before."""
    values = {
        "patient": patient_key,
        "where": territory,
        "how": channel,
        "former": int(former_record),
        "now": now,
        "told": now if informed else None,
    }
    return bool(connection.execute(_ADD, values))


def strike(connection: Connection, patient_key: int) -> bool:
    """Forgets that somebody waits to be informed, because they died; False when they did not wait."""
    return bool(connection.execute(_STRIKE, {"patient": patient_key}))


def waiting_territories(connection: Connection) -> Sequence[str]:
    """Territories with people who wait to be informed."""
    return sorted(row[0] for row in connection.execute(_TERRITORIES))


def waiting(connection: Connection, territory: str, *, after: int, count: int) -> list[tuple[int, bool]]:
    """People of a territory who wait, in the order of internal keys after one of them: (patient_key, has a record of before 2022)."""
    rows = connection.execute(_WAITING, {"where": territory, "after": after, "count": count})
    return [(row[0], bool(row[1])) for row in rows]


def informed(connection: Connection, patient_key: int, *, now: int) -> None:
    """Writes the day of sending for somebody who waited."""
    connection.execute(_INFORMED, {"patient": patient_key, "now": now})
