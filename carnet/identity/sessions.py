"""Sessions of people in the space: rows of ours, found by the hash of an opaque cookie, ended by time, by the person, by the provider.

A session never changes hands or purpose: what changes either ends it and begins another with a new cookie. Moments are microseconds UTC.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

import msgspec
from sqlalchemy import bindparam, insert, select, update

from carnet.clock import MINUTE
from carnet.crypto.envelope import PatientKey
from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import patient, space_session
from carnet.identity.browser_secrets import digest, new_token
from carnet.identity.session_rows import TOKEN, Limits, alive, ending, found_by, provider_index, read_row

NOTED_AFTER = MINUTE
"""Microseconds after which it is noted again that a session is in use: not at each page."""
LONGEST_DETAIL = 400


class Purpose(StrEnum):
    """What a session is for: the space, or to say yes or no before there is one."""

    SPACE = "space"
    ACTIVATION = "activation"


class Level(StrEnum):
    """How well the person was identified: by two factors, or by a code sent to an address."""

    STRONG = "strong"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Details:
    """What is sealed under the person's key: where from, and what the provider wants back at logout."""

    device: str = ""
    address: str = ""
    id_token: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a session begins. `method` is provider, passkey, one-time-code or provisional-code; `device` the device's own token, or ''."""

    purpose: Purpose
    method: str
    level: Level
    device: str
    details: Details
    issuer: str = ""
    provider_session: str = ""
    provider_subject: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """A row of the table, without the hash of its cookie."""

    patient_key: int
    pseudonym: str
    session_id: str
    purpose: Purpose
    method: str
    level: Level
    began_at: int
    seen_at: int
    ends_at: int
    ended_at: int | None
    sealed_details: bytes = field(repr=False)

    def lives(self, now: int, limits: Limits) -> bool:
        """See session_rows."""
        return alive(self, now, limits)

    def details(self, key: PatientKey) -> Details:
        """Opens what is sealed. Raises IntegrityFailure."""
        return msgspec.json.decode(key.open(self.sealed_details, _context(self.session_id)), type=Details)


_ROW = space_session.c
_COLUMNS = (
    _ROW.patient_key,
    patient.c.pseudonym,
    _ROW.session_id,
    _ROW.purpose,
    _ROW.method,
    _ROW.level,
    _ROW.began_at,
    _ROW.seen_at,
    _ROW.ends_at,
    _ROW.ended_at,
    _ROW.sealed_details,
)
_NAMES = [
    "patient_key",
    "session_id",
    "token",
    "purpose",
    "method",
    "level",
    "device",
    "sealed_details",
    "provider_session",
    "provider_subject",
    "began_at",
    "seen_at",
    "ends_at",
]
_WITH_PERSON = select(*_COLUMNS).join(patient, patient.c.patient_key == _ROW.patient_key)
_ADD = prepare(insert(space_session).values({name: bindparam(name) for name in _NAMES}))
_BY_TOKEN = prepare(_WITH_PERSON.where(_ROW.token == bindparam(TOKEN)))
_OF_PERSON = prepare(
    _WITH_PERSON.where(_ROW.patient_key == bindparam("person"), _ROW.ended_at.is_(None)).order_by(
        _ROW.seen_at.desc(), _ROW.session_id
    )
)
_DEVICE = prepare(
    select(_ROW.session_id)
    .where(_ROW.patient_key == bindparam("person"), _ROW.device == bindparam("of_device"), _ROW.purpose == "space")
    .limit(1)
)
_SEEN = prepare(
    update(space_session)
    .where(
        _ROW.patient_key == bindparam("person"),
        _ROW.session_id == bindparam("name"),
        _ROW.seen_at < bindparam("moment"),
    )
    .values(seen_at=bindparam("moment"))
)


_PROVIDERS = prepare(
    select(_ROW.provider_session, _ROW.provider_subject).where(
        _ROW.patient_key == bindparam("person"), _ROW.session_id == bindparam("name")
    )
)
_OF_PROVIDER = prepare(
    update(space_session)
    .where(_ROW.patient_key == bindparam("person"), _ROW.session_id == bindparam("name"))
    .values(provider_session=bindparam("of_session"), provider_subject=bindparam("of_subject"))
)


_MINE = _ROW.patient_key == bindparam("person")
_END_ONE = ending(space_session, (_MINE, _ROW.session_id == bindparam("name")), _ROW.patient_key)
_END_OTHERS = ending(space_session, (_MINE, _ROW.session_id != bindparam("name")), _ROW.patient_key)
_END_BY_SESSION = ending(space_session, (_ROW.provider_session == bindparam("of_provider"),), _ROW.patient_key)
_END_BY_SUBJECT = ending(space_session, (_ROW.provider_subject == bindparam("of_provider"),), _ROW.patient_key)


def open_session(
    connection: Connection,
    keyring: Keyring,
    key: PatientKey,
    patient_key: int,
    opening: Opening,
    *,
    now: int,
    limits: Limits,
) -> tuple[str, Session]:
    """Begins a session and returns the value of its cookie, which is kept nowhere, with it. `key` is the person's."""
    token, session_id = new_token(), secrets.token_hex(12)
    sealed = key.seal(msgspec.json.encode(_bounded(opening.details)), _context(session_id))
    of_provider = partial(provider_index, keyring, "session", opening.issuer)
    row = {
        "patient_key": patient_key,
        "session_id": session_id,
        "token": digest(token),
        "purpose": opening.purpose.value,
        "method": opening.method,
        "level": opening.level.value,
        "device": digest(opening.device) if opening.device else b"",
        "sealed_details": sealed,
        "provider_session": of_provider("sid", opening.provider_session),
        "provider_subject": of_provider("sub", opening.provider_subject),
        "began_at": now,
        "seen_at": now,
        "ends_at": now + limits.whole,
    }
    connection.execute(_ADD, row)
    return token, read_row(Session, connection.execute(_BY_TOKEN, {TOKEN: row["token"]})[0])


def session_of(connection: Connection, token: str, *, now: int, limits: Limits) -> Session | None:
    """The living session whose cookie this is, None for any other text."""
    row = found_by(connection, _BY_TOKEN, token)
    found = read_row(Session, row) if row is not None else None
    return found if found is not None and found.lives(now, limits) else None


def was_ended(connection: Connection, token: str) -> bool:
    """Whether this is the cookie of a session that somebody ended: the person, here or from another device, or the provider. Not one that ran out."""
    row = found_by(connection, _BY_TOKEN, token)
    return row is not None and read_row(Session, row).ended_at is not None


def living_sessions(connection: Connection, patient_key: int, *, now: int, limits: Limits) -> tuple[Session, ...]:
    """A person's sessions that may be used, the one used last first."""
    rows = connection.execute(_OF_PERSON, {"person": patient_key})
    return tuple(one for row in rows if (one := read_row(Session, row)).lives(now, limits))


def note_use(connection: Connection, session: Session, *, now: int) -> None:
    """Writes that a session is in use."""
    connection.execute(_SEEN, {"person": session.patient_key, "name": session.session_id, "moment": now})


def device_is_known(connection: Connection, patient_key: int, device: str) -> bool:
    """Whether the person signed in to the space on this device before."""
    return bool(device) and bool(connection.execute(_DEVICE, {"person": patient_key, "of_device": digest(device)}))


def keep_provider(connection: Connection, patient_key: int, *, former: str, name: str) -> None:
    """Notes that a session follows another of the person: what the provider ends of the former it ends of this one."""
    for of_session, of_subject in connection.execute(_PROVIDERS, {"person": patient_key, "name": former}):
        values = {"person": patient_key, "name": name, "of_session": of_session, "of_subject": of_subject}
        connection.execute(_OF_PROVIDER, values)


def end_session(connection: Connection, patient_key: int, session_id: str, *, by: str, now: int) -> bool:
    """Ends one session of a person; False when it is ended, or of somebody else."""
    values = {"person": patient_key, "name": session_id, "moment": now, "whom": by}
    return bool(connection.execute(_END_ONE, values))


def end_all_sessions(connection: Connection, patient_key: int, *, by: str, now: int, but: str = "") -> int:
    """Ends every session of a person, but one when it is named; returns how many."""
    values = {"person": patient_key, "name": but, "moment": now, "whom": by}
    return len(connection.execute(_END_OTHERS, values))


def end_by_provider(
    connection: Connection, keyring: Keyring, issuer: str, *, session: str, subject: str, now: int
) -> list[tuple[int, str]]:
    """Ends what a provider says is ended: its session when it names one, else all of its subject. Returns (patient_key, session_id)."""
    of_provider = partial(provider_index, keyring, "session", issuer)
    values = {"moment": now, "whom": "provider"}
    if session:
        rows = connection.execute(_END_BY_SESSION, {**values, "of_provider": of_provider("sid", session)})
    else:
        rows = connection.execute(_END_BY_SUBJECT, {**values, "of_provider": of_provider("sub", subject)})
    return sorted((int(row[0]), str(row[1])) for row in rows)


def _bounded(details: Details) -> Details:
    return Details(details.device[:LONGEST_DETAIL], details.address[:LONGEST_DETAIL], details.id_token)


def _context(session_id: str) -> str:
    return f"session|{session_id}"
