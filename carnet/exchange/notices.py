"""Notices: what the patient or the médecin traitant must be told (R1111-48 CSP), without any health content.

The rows are the list that the space shows: a notice is in the space from the moment that it is owed. Its state says how far its e-mail is
(exchange/notice_states.py).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from carnet.clock import HOUR
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import care_link, notice
from carnet.exchange.notice_states import DELIVERED, STEPS

_NOTICE = notice.c
_INSERT = prepare(
    insert(notice)
    .values(
        patient_key=bindparam("patient_key"),
        notice_id=bindparam("notice_id"),
        kind=bindparam("kind"),
        recipient=bindparam("recipient"),
        due_at=bindparam("due_at"),
        next_at=bindparam("due_at"),
        secret=bindparam("secret"),
    )
    .on_conflict_do_nothing()
)
_DUE = prepare(
    select(_NOTICE.notice_id, _NOTICE.kind, _NOTICE.recipient, _NOTICE.due_at)
    .where(_NOTICE.patient_key == bindparam("patient_key"), _NOTICE.delivered_at.is_(None))
    .order_by(_NOTICE.due_at)
)
_COLUMNS = (
    _NOTICE.patient_key,
    _NOTICE.notice_id,
    _NOTICE.kind,
    _NOTICE.recipient,
    _NOTICE.due_at,
    _NOTICE.delivered_at,
    _NOTICE.state,
    _NOTICE.attempts,
    _NOTICE.message_id,
    _NOTICE.answer,
    _NOTICE.secret,
)
_OF_PATIENT = prepare(
    select(*_COLUMNS)
    .where(_NOTICE.patient_key == bindparam("patient"), _NOTICE.recipient == bindparam("to_whom"))
    .order_by(_NOTICE.due_at, _NOTICE.notice_id)
)
_IN_STATE = prepare(
    select(*_COLUMNS).where(_NOTICE.state == bindparam("in_state")).order_by(_NOTICE.due_at, _NOTICE.notice_id)
)
_ONE = prepare(select(*_COLUMNS).where(_NOTICE.notice_id == bindparam("name")))
_COUNTS = prepare(
    select(_NOTICE.state, func.count()).where(_NOTICE.state.in_(sorted(set(STEPS) - DELIVERED))).group_by(_NOTICE.state)
)
_OF_MEDECIN_TRAITANT = prepare(
    select(*_COLUMNS)
    .join(care_link, care_link.c.patient_key == _NOTICE.patient_key)
    .where(
        care_link.c.kind == "medecin_traitant",
        care_link.c.party == bindparam("professional"),
        care_link.c.until.is_(None),
        _NOTICE.recipient == "medecin_traitant",
        _NOTICE.due_at >= care_link.c.since,
    )
    .order_by(_NOTICE.due_at, _NOTICE.notice_id)
)
_LAST_OWED = prepare(
    select(func.max(_NOTICE.due_at)).where(
        _NOTICE.patient_key == bindparam("patient"), _NOTICE.kind == bindparam("about")
    )
)
_NAMESPACE = uuid.UUID("0b0f6f0e-7f0c-5d0a-9a54-6a1f0a0c6d11")


@dataclass(frozen=True, slots=True)
class Notice:
    """A row of the table; moments in microseconds UTC.

    `answer` is the mail server's reply code, nothing of its text; `secret` is 1 for a notice of a connexion secrète.
    """

    patient_key: int
    notice_id: str
    kind: str
    recipient: str
    due_at: int
    delivered_at: int | None
    state: str
    attempts: int
    message_id: str
    answer: str
    secret: int


def owe(
    connection: Connection,
    patient_key: int,
    *,
    kind: str,
    recipient: str,
    cause: str,
    now: int,
    secret: bool = False,
) -> str:
    """Writes down that `recipient` ('patient' or 'medecin_traitant') must be told; returns the notice's id.

    One notice an hour for the same kind, recipient and cause. A secret one (connexion secrète) stays in the space: no e-mail, and nothing
    for a legal representative.
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
            "secret": int(secret),
        },
    )
    return notice_id


def last_owed(connection: Connection, patient_key: int, kind: str) -> int | None:
    """When a notice of a kind was last owed about a patient, None for never (microseconds UTC)."""
    moment = connection.execute(_LAST_OWED, {"patient": patient_key, "about": kind})[0][0]
    return None if moment is None else int(moment)


def undelivered(connection: Connection, patient_key: int) -> list[tuple[str, str, str, int]]:
    """Notices not yet delivered, oldest first: id, kind, recipient, due moment (microseconds UTC)."""
    return [(str(a), str(b), str(c), int(d)) for a, b, c, d in connection.execute(_DUE, {"patient_key": patient_key})]


def notices_of_patient(connection: Connection, patient_key: int, *, recipient: str = "patient") -> list[Notice]:
    """The list of the space: every notice to the patient, whatever became of its e-mail, the oldest first."""
    return [Notice(*row) for row in connection.execute(_OF_PATIENT, {"patient": patient_key, "to_whom": recipient})]


def notices_of_medecin_traitant(connection: Connection, professional: str) -> list[Notice]:
    """What a professional (PS_IdNat) is told about the patients whose médecin traitant he or she is, since being it."""
    return [Notice(*row) for row in connection.execute(_OF_MEDECIN_TRAITANT, {"professional": professional})]


def notices_in(connection: Connection, state: str) -> list[Notice]:
    """The notices in one state, of everybody, for the operator."""
    return [Notice(*row) for row in connection.execute(_IN_STATE, {"in_state": state})]


def find_notice(connection: Connection, notice_id: str) -> Notice | None:
    """One notice."""
    rows = connection.execute(_ONE, {"name": notice_id})
    return Notice(*rows[0]) if rows else None


def notice_counts(connection: Connection) -> dict[str, int]:
    """How many notices are in each state that is not the end of it: what was delivered is much, and is not counted again and again."""
    return {str(state): int(count) for state, count in connection.execute(_COUNTS)}
