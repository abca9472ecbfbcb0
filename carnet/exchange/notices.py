"""Notices: what the patient or the médecin traitant must be told (R1111-48 CSP), without any health content."""

from __future__ import annotations

import uuid

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.sqlite import insert

from carnet.clock import HOUR
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import notice

_INSERT = prepare(
    insert(notice)
    .values(
        patient_key=bindparam("patient_key"),
        notice_id=bindparam("notice_id"),
        kind=bindparam("kind"),
        recipient=bindparam("recipient"),
        due_at=bindparam("due_at"),
    )
    .on_conflict_do_nothing()
)
_DUE = prepare(
    select(notice.c.notice_id, notice.c.kind, notice.c.recipient, notice.c.due_at)
    .where(notice.c.patient_key == bindparam("patient_key"), notice.c.delivered_at.is_(None))
    .order_by(notice.c.due_at)
)
_NAMESPACE = uuid.UUID("0b0f6f0e-7f0c-5d0a-9a54-6a1f0a0c6d11")


def owe(connection: Connection, patient_key: int, *, kind: str, recipient: str, cause: str, now: int) -> str:
    """Writes down that `recipient` ('patient' or 'medecin_traitant') must be told; returns the notice's id.

    One notice an hour for the same kind, recipient and cause (the requester), so that one emergency of forty calls is told once.
    """
    name = f"{patient_key}|{kind}|{recipient}|{cause}|{now // HOUR}"
    notice_id = str(uuid.uuid5(_NAMESPACE, name))
    connection.execute(
        _INSERT,
        {
            "patient_key": patient_key,
            "notice_id": notice_id,
            "kind": kind,
            "recipient": recipient,
            "due_at": now,
        },
    )
    return notice_id


def undelivered(connection: Connection, patient_key: int) -> list[tuple[str, str, str, int]]:
    """Notices not yet delivered, oldest first: id, kind, recipient, due moment (microseconds UTC)."""
    return [(str(a), str(b), str(c), int(d)) for a, b, c, d in connection.execute(_DUE, {"patient_key": patient_key})]
