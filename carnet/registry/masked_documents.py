"""Which documents of a record carry masks, and which: one statement, whatever the number of documents."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import document_entry
from carnet.registry.holder import Holder

_MASKED = prepare(
    select(document_entry.c.unique_id, document_entry.c.masks)
    .where(document_entry.c.patient_key == bindparam("patient"), document_entry.c.masks != "")
    .distinct()
)


def masked_documents(connection: Connection, holder: Holder) -> dict[str, frozenset[str]]:
    """The masks that each document of the holder's patient has now, by uniqueId, in whatever status; documents without any are left out."""
    found: dict[str, frozenset[str]] = {}
    for unique_id, masks in connection.execute(_MASKED, {"patient": holder.patient_key}):
        found[str(unique_id)] = found.get(str(unique_id), frozenset()) | frozenset(str(masks).split())
    return found
