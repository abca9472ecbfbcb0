"""The dates and classes of a patient's documents, by entryUUID: what lists are ordered by before any metadata is opened."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import document_entry
from carnet.registry.holder import Holder

_DATED = prepare(
    select(
        document_entry.c.entry_uuid,
        document_entry.c.creation_time,
        document_entry.c.class_code,
        document_entry.c.service_start_time,
    ).where(document_entry.c.patient_key == bindparam("patient"), document_entry.c.is_signature == 0)
)


_SIGNATURES = prepare(
    select(document_entry.c.unique_id).where(
        document_entry.c.patient_key == bindparam("patient"), document_entry.c.is_signature == 1
    )
)


def signatures_of(connection: Connection, holder: Holder) -> frozenset[str]:
    """The uniqueIds of the signatures of submission sets in the holder's patient's record; queries leave them out."""
    return frozenset(str(row[0]) for row in connection.execute(_SIGNATURES, {"patient": holder.patient_key}))


def dates_and_classes(connection: Connection, holder: Holder) -> dict[str, tuple[str, str, str]]:
    """CreationTime (DTM text in UTC), classCode and serviceStartTime of every version of every document of the holder's patient, signatures of sets apart."""
    rows = connection.execute(_DATED, {"patient": holder.patient_key})
    return {str(uuid): (str(time), str(class_code), str(started or "")) for uuid, time, class_code, started in rows}
