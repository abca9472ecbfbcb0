"""When a notice of a kind reached its patient: the day of sending, from which a delay of the law runs."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import notice

_SENT = prepare(
    select(notice.c.delivered_at)
    .where(
        notice.c.patient_key == bindparam("patient"),
        notice.c.kind == bindparam("what"),
        notice.c.recipient == "patient",
    )
    .order_by(notice.c.due_at.desc())
    .limit(1)
)


def sent_at(connection: Connection, patient_key: int, kind: str) -> int | None:
    """When the last notice of this kind went to the patient (microseconds UTC); None while it has not, or when none is owed."""
    rows = connection.execute(_SENT, {"patient": patient_key, "what": kind})
    moment: int | None = rows[0][0] if rows else None
    return moment
