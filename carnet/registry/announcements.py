"""Documents hidden from their patient until they are announced, and since when (R1111-53 CSP). Moments are microseconds UTC."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from carnet.database.connection import Connection
from carnet.database.statements import Position, prepare
from carnet.database.tables import announcement, document_entry
from carnet.metadata import AvailabilityStatus

_T = document_entry.c
_TOLD = announcement.c
_HIDDEN = (_T.is_signature == literal_column("0")) & (
    Position(_T.masks, literal_column("'INVISIBLE_PATIENT'")) > literal_column("0")
)
"""Written as in the index that it uses. The signature of a submission set has that mask too (protocols §7.4) and is nothing that anybody announces."""

_FIND = prepare(
    select(_T.patient_key, _T.logical_id, func.min(_T.registered_at), _TOLD.told_at)
    .select_from(
        document_entry.outerjoin(
            announcement, (_TOLD.patient_key == _T.patient_key) & (_TOLD.logical_id == _T.logical_id)
        )
    )
    .where(_HIDDEN, _T.registered_at <= bindparam("before"), _T.status != AvailabilityStatus.DELETED.value)
    .group_by(_T.patient_key, _T.logical_id, _TOLD.told_at)
    .order_by(func.min(_T.registered_at))
)
_TELL = prepare(
    insert(announcement)
    .values(patient_key=bindparam("patient"), logical_id=bindparam("document"), told_at=bindparam("now"))
    .on_conflict_do_nothing()
)
_ASK = prepare(
    select(_TOLD.told_at).where(_TOLD.patient_key == bindparam("patient"), _TOLD.logical_id == bindparam("document"))
)
_SHOW = prepare(
    update(announcement)
    .where(_TOLD.patient_key == bindparam("patient"), _TOLD.logical_id == bindparam("document"))
    .values(shown_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A document that its patient does not see: `told_at` is None until the patient was told that the record changed."""

    patient_key: int
    logical_id: str
    deposited_at: int
    told_at: int | None


def hidden_documents(connection: Connection, *, deposited_before: int) -> list[Hidden]:
    """The documents hidden from their patients that were deposited at or before a moment, the oldest first; those deleted apart."""
    return [Hidden(*row) for row in connection.execute(_FIND, {"before": deposited_before})]


def is_told(connection: Connection, patient_key: int, logical_id: str) -> bool:
    """Whether the patient was told of a document."""
    return bool(connection.execute(_ASK, {"patient": patient_key, "document": logical_id}))


def told(connection: Connection, patient_key: int, logical_id: str, *, now: int) -> None:
    """Notes that the patient is told."""
    connection.execute(_TELL, {"patient": patient_key, "document": logical_id, "now": now})


def shown(connection: Connection, patient_key: int, logical_id: str, *, now: int) -> None:
    """Notes that the document became visible of itself."""
    told(connection, patient_key, logical_id, now=now)
    connection.execute(_SHOW, {"patient": patient_key, "document": logical_id, "now": now})
