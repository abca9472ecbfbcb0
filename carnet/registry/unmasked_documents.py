"""Documents that the holder unmasked by name while everything is masked by default. Rows end, they never change."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, or_, select, update

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import unmasked_document
from carnet.registry.entry_table import settle_masks
from carnet.registry.holder import Holder

_T = unmasked_document.c
_STANDING = prepare(
    select(_T.unique_id)
    .where(
        _T.patient_key == bindparam("patient"),
        _T.since <= bindparam("now"),
        or_(_T.until.is_(None), _T.until > bindparam("now")),
    )
    .order_by(_T.unique_id)
)
_ADD = prepare(
    insert(unmasked_document).values(
        patient_key=bindparam("patient"), unique_id=bindparam("document"), since=bindparam("now")
    )
)
_END = prepare(
    update(unmasked_document)
    .where(_T.patient_key == bindparam("patient"), _T.unique_id == bindparam("document"), _T.until.is_(None))
    .values(until=bindparam("now"))
)


def unmasked_by_name(connection: Connection, patient_key: int, *, now: int) -> tuple[str, ...]:
    """The uniqueIds that stood unmasked by name at a moment (microseconds UTC)."""
    return tuple(row[0] for row in connection.execute(_STANDING, {"patient": patient_key, "now": now}))


def unmask_by_name(connection: Connection, holder: Holder, unique_id: str) -> bool:
    """Lets one document out of the default mask, at once for all its versions; False when it is out already."""
    if unique_id in unmasked_by_name(connection, holder.patient_key, now=holder.now):
        return False
    connection.execute(_ADD, {"patient": holder.patient_key, "document": unique_id, "now": holder.now})
    settle_masks(connection, holder, unique_id)
    return True


def mask_by_default(connection: Connection, holder: Holder, *unique_ids: str) -> bool:
    """Puts documents back under the default mask: those named, or all of them when none is named."""
    standing = unmasked_by_name(connection, holder.patient_key, now=holder.now)
    chosen = [unique_id for unique_id in standing if not unique_ids or unique_id in unique_ids]
    for unique_id in chosen:
        connection.execute(_END, {"patient": holder.patient_key, "document": unique_id, "now": holder.now})
        settle_masks(connection, holder, unique_id)
    return bool(chosen)
