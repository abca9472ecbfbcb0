"""Whose records are read at all now: what a process keeps in memory of anybody else is to be let go."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, or_, select

from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import health_record, patient
from carnet.registry.value_lists import binds, by_width, each_width


@by_width
def _readable(width: int) -> Statement:
    return prepare(
        select(patient.c.pseudonym)
        .join(health_record, health_record.c.patient_key == patient.c.patient_key)
        .where(
            patient.c.pseudonym.in_(binds("value", width)),
            or_(health_record.c.state == bindparam("open"), health_record.c.state == bindparam("active")),
        )
    )


def readable(connection: Connection, pseudonyms: Collection[str]) -> set[str]:
    """Those of these people whose record is open: not closed, suspended, destroyed, nor gone."""
    states = {"open": "open", "active": "activated"}
    return {
        row[0]
        for width, parameters in each_width("value", pseudonyms)
        for row in connection.execute(_readable(width), {**states, **parameters})
    }
