"""Emergency accesses that a person must review before a deadline (CNIL's demand on break-glass: reviewed, not merely logged)."""

from __future__ import annotations

import uuid
from typing import Protocol

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.sqlite import insert

from carnet.clock import HOUR
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import emergency_review

_INSERT = prepare(
    insert(emergency_review)
    .values(
        patient_key=bindparam("patient_key"),
        review_id=bindparam("review_id"),
        requester=bindparam("requester"),
        mode=bindparam("mode"),
        sealed_reason=bindparam("sealed_reason"),
        opened_at=bindparam("opened_at"),
        due_at=bindparam("due_at"),
    )
    .on_conflict_do_nothing()
)
_OPEN = prepare(
    select(
        emergency_review.c.review_id, emergency_review.c.requester, emergency_review.c.mode, emergency_review.c.due_at
    )
    .where(emergency_review.c.reviewed_at.is_(None))
    .order_by(emergency_review.c.due_at)
)
_NAMESPACE = uuid.UUID("6e2c3a0c-91a4-5c38-8a0c-1f7e5b8d2f43")


class Sealing(Protocol):
    """The part of a patient's key that is used here."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypts under the patient's key, bound to the context."""
        ...


def request_review(
    connection: Connection,
    patient_key: int,
    *,
    key: Sealing,
    requester: str,
    mode: str,
    reason: str,
    now: int,
    within_hours: int,
) -> str:
    """Enters an emergency access in the review queue, once an hour for one requester and patient; returns the review's id."""
    review_id = str(uuid.uuid5(_NAMESPACE, f"{patient_key}|{requester}|{mode}|{now // HOUR}"))
    connection.execute(
        _INSERT,
        {
            "patient_key": patient_key,
            "review_id": review_id,
            "requester": requester,
            "mode": mode,
            "sealed_reason": key.seal(reason.encode(), f"emergency|{review_id}"),
            "opened_at": now,
            "due_at": now + within_hours * HOUR,
        },
    )
    return review_id


def awaiting_review(connection: Connection) -> list[tuple[str, str, str, int]]:
    """Reviews not yet made, the most urgent first: id, requester, mode, deadline (microseconds UTC)."""
    return [(str(a), str(b), str(c), int(d)) for a, b, c, d in connection.execute(_OPEN)]
