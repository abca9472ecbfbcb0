"""A document as the rules saw it at a past moment: its newest version then, with the masks that held then for all its versions."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import document_entry, entry_code
from carnet.metadata import UNMASKED_BY_NAME, VISIBILITY_SYSTEM, AvailabilityStatus
from carnet.registry.entry_table import find_by_unique_id, latest
from carnet.registry.found import FoundEntry
from carnet.registry.holder import Holder
from carnet.registry.unmasked_documents import unmasked_by_name

_MASKS = prepare(
    select(document_entry.c.entry_uuid, entry_code.c.code)
    .join(
        entry_code,
        (entry_code.c.patient_key == document_entry.c.patient_key)
        & (entry_code.c.entry_uuid == document_entry.c.entry_uuid),
    )
    .where(
        document_entry.c.patient_key == bindparam("patient"),
        document_entry.c.unique_id == bindparam("document"),
        entry_code.c.kind == "confidentiality",
        entry_code.c.system == VISIBILITY_SYSTEM,
    )
)


def entry_at(connection: Connection, holder: Holder, unique_id: str, *, at: int) -> FoundEntry | None:
    """The document at a moment (microseconds UTC); None when it was not registered yet.

    A status has no history: an old version counts as Approved while it was the newest, the newest of all has the status of today.
    """
    rows = find_by_unique_id(connection, holder, (unique_id,))
    known = [row for row in rows if row.registered_at <= at]
    newest = latest(known)
    if not newest:
        return None
    uuids = {row.uuid for row in newest.values()}
    codes = connection.execute(_MASKS, {"patient": holder.patient_key, "document": unique_id})
    masks = {code for uuid, code in codes if uuid in uuids}
    if unique_id in unmasked_by_name(connection, holder.patient_key, now=at):
        masks.add(UNMASKED_BY_NAME)
    last = max(newest.values(), key=lambda row: (row.registered_at, row.uuid))
    still = latest(rows)[last.logical_id].uuid == last.uuid
    status = last.status if still else AvailabilityStatus.APPROVED.value
    return last._replace(masks=" ".join(sorted(masks)), status=status)
