"""Records that professionals opened in the portal: rows found by an opaque handle that is of one session alone. Moments are microseconds UTC.

Who was opened, in which mode and for what reason is sealed under the patient's key; who opened is a keyed hash. A row that ended stays as
the opener's own memory (recent records, journal) for as long as `KEPT`. Rows are found before their patient is known, so they lie on no patient's
shard and are written apart: one whose act was not kept lets nobody in.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, tuple_, update

from carnet.clock import DAY
from carnet.crypto.envelope import PatientKey
from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import patient, record_opening

KEPT = 366 * DAY
HANDLE_BYTES = 16


@dataclass(frozen=True, slots=True)
class OpeningDetails:
    """What is sealed. `value` and `authority` are the INS as it was asked for; `mode` and `reason` travel with every act.

    `identity_checked`: the professional said that they checked the person's identity (RNIV), without which nothing is fed. `secret`: a
    minor's secret connection (rules §1.3).
    """

    value: str
    authority: str
    mode: str = "normal"
    reason: str = ""
    identity_checked: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True)
class OpeningRow:
    """A row of the table with its person's pseudonym, without its opener."""

    patient_key: int
    pseudonym: str
    handle: str
    session_id: str
    sealed_details: bytes = field(repr=False)
    opened_at: int
    ends_at: int
    left_at: int | None

    def lives(self, now: int) -> bool:
        """Whether it may be used at a moment; a clock that was put back does not wake it."""
        return self.left_at is None and self.opened_at <= now < self.ends_at

    def details(self, key: PatientKey) -> OpeningDetails:
        """Opens what is sealed. Raises IntegrityFailure."""
        return msgspec.json.decode(key.open(self.sealed_details, _context(self.handle)), type=OpeningDetails)


_ROW = record_opening.c
_COLUMNS = (
    _ROW.patient_key,
    patient.c.pseudonym,
    _ROW.handle,
    _ROW.session_id,
    _ROW.sealed_details,
    _ROW.opened_at,
    _ROW.ends_at,
    _ROW.left_at,
)
_NAMES = ("patient_key", "handle", "session_id", "opener", "sealed_details", "opened_at", "ends_at")
_JOINED = select(*_COLUMNS).join(patient, patient.c.patient_key == _ROW.patient_key)
_ADD = prepare(insert(record_opening).values({name: bindparam(name) for name in _NAMES}))
_BY_HANDLE = prepare(_JOINED.where(_ROW.handle == bindparam("of_handle"), _ROW.session_id == bindparam("of_session")))
_OF_OPENER = prepare(
    _JOINED.where(_ROW.handle == bindparam("of_handle"), _ROW.opener == bindparam("whose"), _ROW.recalled == 1)
)
_NEWEST = (
    select(_ROW.patient_key, func.max(_ROW.opened_at).label("newest"))
    .where(_ROW.opener == bindparam("whose"), _ROW.recalled == 1)
    .group_by(_ROW.patient_key)
    .order_by(func.max(_ROW.opened_at).desc(), _ROW.patient_key)
    .limit(bindparam("most"))
    .subquery()
)
_RECENT = prepare(
    _JOINED.join(_NEWEST, (_NEWEST.c.patient_key == _ROW.patient_key) & (_NEWEST.c.newest == _ROW.opened_at))
    .where(_ROW.opener == bindparam("whose"), _ROW.recalled == 1)
    .order_by(_ROW.opened_at.desc(), _ROW.handle)
)
_BETWEEN = prepare(
    select(_ROW.patient_key)
    .where(
        _ROW.opener == bindparam("whose"), _ROW.opened_at < bindparam("before"), _ROW.ends_at >= bindparam("not_before")
    )
    .distinct()
    .order_by(_ROW.patient_key)
)
_MINE = (_ROW.patient_key == bindparam("person"), _ROW.handle == bindparam("name"), _ROW.left_at.is_(None))
_CHANGE = prepare(
    update(record_opening)
    .where(*_MINE)
    .values(sealed_details=bindparam("sealed"), ends_at=bindparam("until"))
    .returning(_ROW.handle)
)
_LEAVE_SESSION = prepare(
    update(record_opening)
    .where(_ROW.opener == bindparam("whose"), _ROW.session_id == bindparam("of_session"), _ROW.left_at.is_(None))
    .values(left_at=bindparam("moment"))
)
_LEAVE = prepare(update(record_opening).where(*_MINE).values(left_at=bindparam("moment")).returning(_ROW.handle))
_FORGET = prepare(update(record_opening).where(_ROW.opener == bindparam("whose")).values(recalled=0))
_OLD = (
    select(_ROW.patient_key, _ROW.handle)
    .where(_ROW.opened_at < bindparam("before"))
    .order_by(_ROW.opened_at)
    .limit(bindparam("count"))
)
_DROP = prepare(delete(record_opening).where(tuple_(_ROW.patient_key, _ROW.handle).in_(_OLD)).returning(_ROW.handle))


def open_row(
    connection: Connection,
    keyring: Keyring,
    key: PatientKey,
    patient_key: int,
    details: OpeningDetails,
    *,
    session_id: str,
    opener: str,
    now: int,
    until: int,
) -> str:
    """Writes an opening and returns its handle. `opener` is a PS_IdNat."""
    handle = secrets.token_hex(HANDLE_BYTES)
    row = {
        "patient_key": patient_key,
        "handle": handle,
        "session_id": session_id,
        "opener": _opener(keyring, opener),
        "sealed_details": _sealed(key, handle, details),
        "opened_at": now,
        "ends_at": until,
    }
    connection.apart(_ADD, row)
    return handle


def row_of(connection: Connection, handle: str, session_id: str) -> OpeningRow | None:
    """The opening behind a handle in a session, ended or not; None for what is not of that session."""
    rows = connection.execute(_BY_HANDLE, {"of_handle": handle, "of_session": session_id})
    return _read(rows[0]) if rows else None


def recalled_row(connection: Connection, keyring: Keyring, handle: str, opener: str) -> OpeningRow | None:
    """An opening of this professional, of whatever session, that they did not drop from their list of recent ones."""
    rows = connection.execute(_OF_OPENER, {"of_handle": handle, "whose": _opener(keyring, opener)})
    return _read(rows[0]) if rows else None


def recent_rows(connection: Connection, keyring: Keyring, opener: str, *, most: int) -> list[OpeningRow]:
    """The newest opening of each of the people whom a professional opened last, the newest first."""
    rows = connection.execute(_RECENT, {"whose": _opener(keyring, opener), "most": most})
    found: dict[int, OpeningRow] = {}
    for row in map(_read, rows):
        found.setdefault(row.patient_key, row)
    return list(found.values())[:most]


def people_opened(connection: Connection, keyring: Keyring, opener: str, *, begin: int, end: int) -> list[int]:
    """The internal keys of those whose record a professional had open at some moment of [begin, end)."""
    values = {"whose": _opener(keyring, opener), "not_before": begin, "before": end}
    return [int(row[0]) for row in connection.execute(_BETWEEN, values)]


def change_row(
    connection: Connection, key: PatientKey, row: OpeningRow, details: OpeningDetails, *, until: int
) -> bool:
    """Writes what became of an opening; False when it was left meanwhile."""
    values = {"person": row.patient_key, "name": row.handle, "sealed": _sealed(key, row.handle, details)}
    return bool(connection.apart(_CHANGE, {**values, "until": until}))


def leave_row(connection: Connection, row: OpeningRow, *, now: int) -> bool:
    """Ends an opening; False when it was ended."""
    return bool(connection.apart(_LEAVE, {"person": row.patient_key, "name": row.handle, "moment": now}))


def leave_rows(connection: Connection, keyring: Keyring, opener: str, session_id: str, *, now: int) -> None:
    """Ends every opening of one session of a professional."""
    connection.apart(_LEAVE_SESSION, {"whose": _opener(keyring, opener), "of_session": session_id, "moment": now})


def forget_rows(connection: Connection, now: int, *, count: int) -> int:
    """Deletes at most `count` openings of more than `KEPT` ago; returns how many."""
    return len(connection.apart(_DROP, {"before": now - KEPT, "count": count}))


def forget_recent(connection: Connection, keyring: Keyring, opener: str) -> None:
    """Empties a professional's list of recent records; what they opened stays in their journal."""
    connection.apart(_FORGET, {"whose": _opener(keyring, opener)})


def _opener(keyring: Keyring, opener: str) -> bytes:
    return keyring.blind_index(f"record opening|{opener}".encode())


def _sealed(key: PatientKey, handle: str, details: OpeningDetails) -> bytes:
    return key.seal(msgspec.json.encode(details), _context(handle))


def _read(row: tuple[object, ...]) -> OpeningRow:
    return msgspec.convert(
        dict(zip(OpeningRow.__dataclass_fields__, row, strict=True)), OpeningRow, builtin_types=(bytes,), strict=True
    )


def _context(handle: str) -> str:
    return f"record-opening|{handle}"
