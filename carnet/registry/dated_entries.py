"""The dates and classes of a patient's documents, by entryUUID: what lists are ordered by before any metadata is opened."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import document_entry
from carnet.registry.holder import Holder

_DATED = prepare(
    select(document_entry.c.entry_uuid, document_entry.c.creation_time, document_entry.c.class_code).where(
        document_entry.c.patient_key == bindparam("patient"), document_entry.c.is_signature == 0
    )
)


def dates_and_classes(connection: Connection, holder: Holder) -> dict[str, tuple[str, str]]:
    """CreationTime (DTM text in UTC) and classCode of every version of every document of the holder's patient, signatures of sets apart."""
    rows = connection.execute(_DATED, {"patient": holder.patient_key})
    return {str(uuid): (str(time), str(class_code)) for uuid, time, class_code in rows}
