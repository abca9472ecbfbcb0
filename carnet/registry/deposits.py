"""How many documents one depositor put into a record since a moment: what a limit a day is counted by."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import document_entry
from carnet.registry.holder import Holder

_T = document_entry.c
_COUNT = prepare(
    select(func.count()).where(
        _T.patient_key == bindparam("patient"),
        _T.depositor == bindparam("depositor"),
        _T.registered_at > bindparam("since"),
        _T.version == 1,
    )
)


def deposited_since(connection: Connection, holder: Holder, since: int) -> int:
    """Documents of the holder's patient that the holder's requester registered after a moment (microseconds UTC), deleted ones included."""
    parameters = {"patient": holder.patient_key, "depositor": holder.requester_id, "since": since}
    return int(connection.execute(_COUNT, parameters)[0][0])
