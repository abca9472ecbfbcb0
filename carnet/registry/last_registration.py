"""When a record last received something: a cheap first look, before the rules say what of it a caller may know."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import document_entry

_LAST = prepare(
    select(func.max(document_entry.c.registered_at)).where(document_entry.c.patient_key == bindparam("patient"))
)


def last_registration(connection: Connection, patient_key: int) -> int | None:
    """The moment (microseconds UTC) at which the newest entry version was registered, masked or not; None for an empty record.

    Not to be shown: it tells of documents that the caller may not know of.
    """
    moment: int | None = connection.execute(_LAST, {"patient": patient_key})[0][0]
    return moment
