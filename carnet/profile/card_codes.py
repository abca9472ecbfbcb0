"""The codes (QR) by which an emergency card is read: random, kept as a hash, for a while, ended at will. Moments are microseconds UTC."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select, update

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import card_code

SCREEN, PRINT = "screen", "print"
KINDS = (SCREEN, PRINT)
MOST = 10
"""Codes of one card that live at a time."""
BYTES = 24
_FORM = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CardCode:
    """A row of the table, without the hash of what the code holds."""

    patient_key: int
    code_id: str
    kind: str
    made_by: str
    made_at: int
    expires_at: int
    ended_at: int | None
    readings: int
    read_at: int | None


_ROW = card_code.c
_COLUMNS = (
    _ROW.patient_key,
    _ROW.code_id,
    _ROW.kind,
    _ROW.made_by,
    _ROW.made_at,
    _ROW.expires_at,
    _ROW.ended_at,
    _ROW.readings,
    _ROW.read_at,
)
_ADD = prepare(
    insert(card_code).values(
        {
            name: bindparam(name)
            for name in ("patient_key", "code_id", "token", "kind", "made_by", "made_at", "expires_at")
        }
    )
)
_BY_TOKEN = prepare(select(*_COLUMNS).where(_ROW.token == bindparam("of_token")))
_LIVING = prepare(
    select(*_COLUMNS)
    .where(_ROW.patient_key == bindparam("patient"), _ROW.ended_at.is_(None), _ROW.expires_at > bindparam("now"))
    .order_by(_ROW.made_at.desc(), _ROW.code_id)
)
_ONE = (_ROW.patient_key == bindparam("patient"), _ROW.code_id == bindparam("name"))
_END = prepare(
    update(card_code)
    .where(*_ONE, _ROW.ended_at.is_(None))
    .values(ended_at=bindparam("moment"), ended_by=bindparam("whom"))
    .returning(_ROW.code_id)
)
_READ = prepare(update(card_code).where(*_ONE).values(readings=_ROW.readings + 1, read_at=bindparam("moment")))


def make_code(connection: Connection, patient_key: int, kind: str, *, by: str, now: int, expires_at: int) -> str:
    """Makes a code and returns what it holds: 192 random bits, 32 characters, kept nowhere. Raises ValueError for an unknown kind."""
    if kind not in KINDS:
        raise ValueError("a code is for a screen or for paper")
    token = secrets.token_urlsafe(BYTES)
    row = {
        "patient_key": patient_key,
        "code_id": secrets.token_hex(8),
        "token": _digest(token),
        "kind": kind,
        "made_by": by,
        "made_at": now,
        "expires_at": expires_at,
    }
    connection.execute(_ADD, row)
    return token


def code_of(connection: Connection, token: str) -> CardCode | None:
    """The code that holds this, living or not; None for any other text."""
    if _FORM.fullmatch(token) is None:
        return None
    rows = connection.execute(_BY_TOKEN, {"of_token": _digest(token)})
    return CardCode(*rows[0]) if rows else None


def living_codes(connection: Connection, patient_key: int, *, now: int) -> tuple[CardCode, ...]:
    """The codes that open the card now, the newest first."""
    return tuple(CardCode(*row) for row in connection.execute(_LIVING, {"patient": patient_key, "now": now}))


def end_code(connection: Connection, patient_key: int, code_id: str, *, by: str, now: int) -> bool:
    """Ends a code; False when it is ended, or of another card."""
    return bool(connection.execute(_END, {"patient": patient_key, "name": code_id, "moment": now, "whom": by}))


def note_reading(connection: Connection, code: CardCode, *, now: int) -> None:
    """Counts one reading."""
    connection.execute(_READ, {"patient": code.patient_key, "name": code.code_id, "moment": now})


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
