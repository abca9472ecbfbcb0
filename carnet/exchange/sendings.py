"""When a notice of a kind reached its patient: the day of sending, from which a delay of the law runs."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import notice

_SENT = prepare(
    select(func.max(notice.c.delivered_at)).where(
        notice.c.patient_key == bindparam("patient"),
        notice.c.kind == bindparam("what"),
        notice.c.recipient == "patient",
    )
)


def sent_at(connection: Connection, patient_key: int, kind: str) -> int | None:
    """The last moment (microseconds UTC) at which a notice of this kind went to the patient; None while none has."""
    moment: int | None = connection.execute(_SENT, {"patient": patient_key, "what": kind})[0][0]
    return moment
